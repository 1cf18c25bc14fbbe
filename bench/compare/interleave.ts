/** Times several subjects in turns, so that each ratio comes from one moment of the machine. */
import { median } from "../median.js";
import { now } from "./clock.js";
import type { Subject } from "./subject.js";

/** Shorter work is repeated until a sample takes as long, milliseconds. */
const SAMPLE = 20;
const FEWEST = 3;
/** Of a peer whose sample takes longer, two rounds have to do. */
const LONG = 4000;
const MOST = 25;

/** So that nobody's garbage is collected in somebody else's time. */
function collect(): void {
  globalThis.gc?.();
}

/** Milliseconds of so many steps. */
async function time({ step, time }: Subject, repeats: number): Promise<number> {
  if (time !== undefined) return time(repeats);
  const start = now();
  for (let i = 0; i < repeats; i++) {
    const result = step();
    if (result instanceof Promise) await result;
  }
  return now() - start;
}

/** Steps that make a sample, and the milliseconds it takes. */
async function sampleOf(subject: Subject): Promise<{ repeats: number; milliseconds: number }> {
  let repeats = 1;
  let milliseconds = await time(subject, repeats);
  while (milliseconds < SAMPLE) {
    repeats = Math.ceil(repeats * Math.min(8, Math.max(2, (1.2 * SAMPLE) / Math.max(milliseconds, 0.01))));
    milliseconds = await time(subject, repeats);
  }
  return { repeats, milliseconds };
}

export interface Turns {
  /** Medians of one step, of the peer and of ours. */
  readonly milliseconds: number;
  readonly ours: readonly number[];
  /** The peer's time over ours: medians over the rounds, ours being the mean of before and after. */
  readonly ratios: readonly number[];
  readonly rounds: number;
  /** Median absolute deviation of the ratio to the first of ours, relative. */
  readonly spread: number;
  /** Of the time that our samples took, how much this process ran. */
  readonly core: number;
}

/** Ours, the peer, ours, the peer, …, ours, for about so many milliseconds, but for three rounds at least. */
export async function takeTurns(ours: readonly Subject[], peer: Subject, budget: number): Promise<Turns> {
  const samples: { repeats: number; milliseconds: number }[] = [];
  for (const subject of ours) samples.push(await sampleOf(subject));
  const theirs = await sampleOf(peer);
  const cost = samples.reduce((total, { milliseconds }) => total + milliseconds, theirs.milliseconds);
  const rounds = Math.max(theirs.milliseconds > LONG ? 2 : FEWEST, Math.min(MOST, Math.floor(budget / cost)));
  let [elapsed, busy] = [0, 0];
  const oursOnce = async (): Promise<number[]> => {
    const times: number[] = [];
    const start = performance.now();
    const used = process.cpuUsage();
    for (const [i, subject] of ours.entries())
      times.push((await time(subject, samples[i].repeats)) / samples[i].repeats);
    elapsed += performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    busy += (user + system) / 1000;
    return times;
  };
  collect();
  const own = [await oursOnce()];
  const peers: number[] = [];
  for (let round = 0; round < rounds; round++) {
    collect();
    peers.push((await time(peer, theirs.repeats)) / theirs.repeats);
    collect();
    own.push(await oursOnce());
  }
  const ratiosTo = (i: number): number[] =>
    peers.map((milliseconds, round) => milliseconds / ((own[round][i] + own[round + 1][i]) / 2));
  const first = ratiosTo(0);
  const middle = median(first);
  return {
    milliseconds: median(peers),
    ours: ours.map((_, i) => median(own.map((times) => times[i]))),
    ratios: ours.map((_, i) => median(ratiosTo(i))),
    rounds,
    spread: median(first.map((ratio) => Math.abs(ratio - middle))) / middle,
    core: Math.min(1, busy / elapsed),
  };
}
