/** Whether a peer computes what we compute, before it is timed. */
import { sizesOf, type Job, type Subject } from "./subject.js";

/** Losses of the first updates tell a wrong forward (the first), gradient or optimizer (the others). */
const UPDATES = 4;
/** Of work that takes longer than this, in milliseconds, two updates have to do. */
const LONG = 4000;
/** float32 products in other orders, then Adam, which turns a gradient's last bits into whole steps where it is near 0. */
const LOSS_TOLERANCE = 1e-3;
const OUTPUT_TOLERANCE = 1e-4;
const STREAMED = 10;

export interface Check {
  /** Of losses relative, of outputs absolute; undefined where they cannot be compared. */
  readonly difference: number | undefined;
  /** For a reader: what was compared. */
  readonly how: string;
}

export class Mismatch extends Error {}

async function lossesOf(subject: Subject, most: number): Promise<number[]> {
  const losses: number[] = [];
  const start = performance.now();
  while (losses.length < most) {
    const loss = await subject.step();
    if (loss === undefined) throw new Mismatch("gave no loss");
    losses.push(loss);
    if (losses.length >= 2 && performance.now() - start > LONG) break;
  }
  return losses;
}

async function compareLosses(ours: Subject, peer: Subject): Promise<Check> {
  const theirs = await lossesOf(peer, UPDATES);
  const own = await lossesOf(ours, theirs.length);
  const difference = Math.max(...own.map((loss, i) => Math.abs(theirs[i] / loss - 1)));
  if (!(difference <= LOSS_TOLERANCE))
    throw new Mismatch(
      `computes something else: losses ${theirs.join(", ")} where ours are ${own.join(", ")}`,
    );
  return { difference, how: `${own.length} losses` };
}

async function compareOutputs(ours: Subject, peer: Subject, steps: number): Promise<Check> {
  for (let i = 0; i < steps; i++) {
    await peer.step();
    await ours.step();
  }
  const own = ours.outputs?.();
  const theirs = peer.outputs?.();
  if (own === undefined || theirs === undefined) throw new Mismatch("gave no outputs");
  if (own.length !== theirs.length)
    throw new Mismatch(`gave ${theirs.length} outputs where ours are ${own.length}`);
  const difference = own.reduce((most, x, i) => Math.max(most, Math.abs(x - theirs[i])), 0);
  if (!(difference <= OUTPUT_TOLERANCE))
    throw new Mismatch(`computes something else: outputs differ by ${difference}`);
  return { difference, how: `${own.length} outputs` };
}

/** Both from the same weights on the same window; throws a Mismatch. `differs`: why the numbers cannot be the same. */
export async function check(
  job: Job,
  ours: Subject,
  peer: Subject,
  differs: string | undefined,
): Promise<Check> {
  const { kind } = job.task;
  if (differs !== undefined) {
    await peer.step();
    return { difference: undefined, how: differs };
  }
  if (kind === "training step") return compareLosses(ours, peer);
  return compareOutputs(ours, peer, sizesOf(job).T === 1 ? STREAMED : 1);
}
