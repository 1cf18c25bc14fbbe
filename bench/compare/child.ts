/** One peer in a process of its own, which our library runs in too: `child.ts <peer> <work,…> <milliseconds a work>`. */
import type { TaskName } from "../work.js";
import { check } from "./check.js";
import { clock } from "./clock.js";
import { takeTurns } from "./interleave.js";
import { builds, createJob, defaultBuild, openOurs } from "./ours.js";
import { peers, type PeerName } from "./peers.js";
import type { Message, Result } from "./results.js";
import type { Open, Peer, Subject } from "./subject.js";

const [, , peerName, workNames, budgetText] = process.argv;
const name = peerName as PeerName;
const peer: Peer = peers[name];
const work = workNames.split(",") as TaskName[];
const budget = Number(budgetText);

/** The default build first: spread is that of the ratio to it. */
const ordered = [defaultBuild, ...builds.filter((build) => build !== defaultBuild)];

const send = (message: Message): void => void process.send?.(message);
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n").slice(0, 3).join(" ").slice(0, 300);

async function measure(open: Open, workName: TaskName): Promise<Result> {
  const job = createJob(workName);
  const subjects: Subject[] = [];
  try {
    const theirs = await open(job);
    subjects.push(theirs);
    const ours = ordered.map((build) => openOurs(job, build));
    subjects.push(...ours);
    const reference = openOurs(job, defaultBuild, peer.oneBias);
    subjects.push(reference);
    const { difference, how } = await check(job, reference, theirs, peer.differs?.[workName]);
    const turns = await takeTurns(ours, theirs, budget);
    return {
      milliseconds: turns.milliseconds,
      ours: Object.fromEntries(ordered.map((build, i) => [build, turns.ours[i]])),
      ratios: Object.fromEntries(ordered.map((build, i) => [build, turns.ratios[i]])),
      rounds: turns.rounds,
      spread: turns.spread,
      core: turns.core,
      checked: { difference, how },
      note: theirs.note,
      date: new Date().toISOString().slice(0, 10),
      clock,
    };
  } finally {
    for (const subject of subjects) subject.dispose?.();
  }
}

async function main(): Promise<void> {
  let open: Open;
  try {
    open = await peer.load();
  } catch (error) {
    for (const workName of work) send({ work: workName, failure: reasonOf(error) });
    return;
  }
  for (const workName of work) {
    send({ work: workName, begun: true });
    try {
      send({ work: workName, result: await measure(open, workName) });
    } catch (error) {
      if (process.env["COMPARE_DEBUG"] !== undefined) console.error(error);
      send({ work: workName, failure: reasonOf(error) });
    }
  }
}

await main();
process.disconnect?.();
// Some peers keep timers or workers.
setTimeout(() => process.exit(), 200).unref();
