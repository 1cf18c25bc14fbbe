/** Kills threads of pools at random moments, and says what came of it. */

import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Random } from "../../src/random.js";
import { script } from "../../src/threads/generated/script.js";
import { bundleProgram } from "./bundled.js";
import {
  works,
  type FromTrainer,
  type KillOutcome,
  type KillStart,
  type ToTrainer,
} from "./kill-messages.js";

/** Milliseconds after which nothing more is expected of a trainer. */
const HANG = 60_000;

const trainer = bundleProgram("programs/killed-pool");

export interface Kill extends KillOutcome {
  /** What was done by how many threads. */
  readonly title: string;
}

/** Starts work on a pool, kills one of its threads at a moment that is drawn, and returns what came of it. */
export async function killOnce(random: Random): Promise<Kill> {
  const clock = new SharedArrayBuffer(8);
  const drawn = random.integer(2 * works.length);
  const work = works[Math.max(0, drawn - works.length)];
  const threads = 2 + random.integer(3);
  const start: KillStart = { seed: random.integer(1e9), work, threads, clock };
  const victim = random.integer(threads - 1);
  const delay = random.uniform() * 40;
  // A trainer that computes hears of nothing, one that waits hears that a thread ended, but not always before its next call.
  const isTold = random.integer(2) === 0;

  const worker = new Worker(await trainer, { workerData: start, execArgv: [] });
  const tell = (message: ToTrainer): void => {
    worker.postMessage(message);
  };
  const pool: Worker[] = [];
  const make = async (id: number, message: unknown): Promise<void> => {
    const thread = new Worker(script, { eval: true, execArgv: [] });
    pool[id] = thread;
    thread.postMessage(message);
    await once(thread, "message");
    tell({ ready: id });
  };
  const kill = async (): Promise<void> => {
    await wait(delay);
    new Float64Array(clock)[0] = performance.timeOrigin + performance.now();
    await pool[victim].terminate();
    if (isTold) tell({ ended: victim });
    tell({ killed: true });
  };
  const ended = new Promise<KillOutcome>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: FromTrainer) => {
      if ("outcome" in message) resolve(message.outcome);
      else if ("end" in message) void pool[message.end]?.terminate();
      else void ("make" in message ? make(message.make, message.start) : kill()).catch(reject);
    });
  });
  const hang: KillOutcome = { error: "a hang", milliseconds: Infinity, changed: [] };
  try {
    const outcome = await Promise.race([ended, wait(HANG, hang, { ref: false })]);
    return { title: `${work}, ${threads} threads, seed ${start.seed}`, ...outcome };
  } finally {
    await Promise.all([worker, ...pool].map((thread) => thread.terminate()));
  }
}
