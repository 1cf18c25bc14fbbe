/** A thread that works on a pool whose other threads may die at any moment, in the midst of a kernel too. */

import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import "../../../src/wasm/inlined.js";
import { WorkerError } from "../../../src/threads/worker-error.js";
import { startFarPool } from "../far-pool.js";
import type { FromTrainer, KillOutcome, KillStart } from "../kill-messages.js";
import { beginWork, type Killed } from "../killed-works.js";

const port = parentPort;
if (port === null) throw new Error("killed-pool.ts runs in a worker");
const tell = (message: FromTrainer): void => {
  port.postMessage(message);
};
const { seed, work, threads, clock } = workerData as KillStart;
const killed = new Float64Array(clock);
const now = (): number => performance.timeOrigin + performance.now();

async function outcomeOf({ once: run, changed }: Killed, since: () => number): Promise<KillOutcome> {
  for (;;) {
    try {
      await run();
    } catch (error) {
      const milliseconds = now() - since();
      const kind = error instanceof WorkerError ? "WorkerError" : "another error";
      return { error: `${kind}: ${String(error)}`, milliseconds, changed: await changed() };
    }
  }
}

const pool = await startFarPool(port, threads);
const begun = beginWork(work, seed, pool);
await begun.once();
tell({ go: true });
if (work === "idle") await once(port, "message");
const called = now();
tell({ outcome: await outcomeOf(begun, () => (work === "idle" ? called : killed[0])) });
