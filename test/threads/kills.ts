/** Kills threads of pools at random moments, and says what came of it. */

import { build } from "esbuild";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Random } from "../../src/random.js";
import { script } from "../../src/threads/generated/script.js";
import type { KillOutcome, KillStart } from "./killed-pool.js";

/** Milliseconds in which a thread that was killed must have been missed, and what is done about a hang. */
const HANG = 30_000;

/** The trainer's code as one file: threads of Node 20 have no loader of TypeScript. */
const trainer = build({
  entryPoints: [join(import.meta.dirname, "killed-pool.ts")],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  // What package.json says of side effects holds for dist/.
  ignoreAnnotations: true,
}).then(({ outputFiles: [{ text }] }) => {
  const file = join(mkdtempSync(join(tmpdir(), "bptt-kills-")), "trainer.mjs");
  writeFileSync(file, text);
  return file;
});

/** Starts a training on a pool of two, kills the other thread at a moment that is drawn, and returns what came of it. */
export async function killOnce(random: Random): Promise<KillOutcome | "hang"> {
  const clock = new SharedArrayBuffer(8);
  const start: KillStart = { seed: random.integer(1e9), clock };
  const delay = random.uniform() * 40;
  const worker = new Worker(await trainer, { workerData: start, execArgv: [] });
  let thread: Worker | undefined;
  const ended = new Promise<KillOutcome>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: { start?: unknown; outcome?: KillOutcome } | "go" | "terminate") => {
      if (message === "go") {
        void wait(delay).then(async () => {
          new Float64Array(clock)[0] = performance.timeOrigin + performance.now();
          await thread?.terminate();
        });
      } else if (message === "terminate") void thread?.terminate();
      else if (message.outcome !== undefined) resolve(message.outcome);
      else {
        thread = new Worker(script, { eval: true, execArgv: [] });
        void once(thread, "message").then(([ready]) => {
          worker.postMessage(ready);
        });
        thread.postMessage(message.start);
      }
    });
  });
  try {
    return await Promise.race([ended, wait(HANG, "hang" as const)]);
  } finally {
    await worker.terminate();
    await thread?.terminate();
  }
}
