/** A training of which a thread dies on the way: what stands, and what is said. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { fit } from "../../../src/cli/fit/fit.js";
import { readFitPlan } from "../../../src/cli/fit/fit-options.js";
import type { FitJob } from "../../../src/cli/fit/job.js";
import { withDefaults } from "../../../src/cli/fit/limit.js";
import { voiceOf } from "../../../src/cli/fit/teller.js";
import { Failure } from "../../../src/cli/failure.js";
import { makeConfig } from "../../../src/cli/run/run-config.js";
import { requireNewRun, RunFolder, runFiles } from "../../../src/cli/run/run-folder.js";
import { textDefaults } from "../../../src/cli/text-defaults.js";
import { onThreads, readThreads } from "../../../src/cli/threads.js";
import {
  createNetwork,
  loadNetwork,
  saveNetwork,
  tokenStream,
  WorkerError,
  type Network,
} from "../../../src/index.js";
import { script } from "../../../src/threads/generated/script.js";
import { makeWorker } from "../../../src/threads/make-worker.js";
import { startPool } from "../../../src/threads/thread-pool.js";
import type { WorkerLike } from "../../../src/threads/worker-like.js";

// The page's script is compiled with the rest of dist/ alone.
vi.mock("../../../src/cli/run/report.js", () => ({ reportPage: () => Promise.resolve("") }));

const folder = mkdtempSync(join(tmpdir(), "bptt-lost-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const tokens = Int32Array.from({ length: 2000 }, (_, i) => (i * i + (i >> 3)) % 11);
const stream = (): ReturnType<typeof tokenStream> => tokenStream(tokens, { batch: 8, window: 16 });
const options = { inputSize: 11, hiddenSize: 24, outputSize: 11 };
const config = makeConfig({
  ...{ bptt: "0", command: "train", operands: ["-"], hashes: [], options: {} },
  build: "simd",
});
const told = { write: () => undefined };

interface Lost {
  readonly failure: unknown;
  /** The network's bytes at each look, the last one being that at which the thread is killed. */
  readonly looks: readonly Buffer[];
}

const bytesOf = (network: Network): Buffer => Buffer.from(saveNetwork(network));

/** Trains on two threads, of which one ends at the look `killed`, 0: before all; what is held out is what is learned, so that each look is the best. */
async function trainAndLose(
  given: Readonly<Record<string, string>>,
  killed: number,
  heldOut = true,
): Promise<Lost> {
  const workers: WorkerLike[] = [];
  using pool = await startPool(2, 1, () => {
    const made = makeWorker(script, "bptt-thread", "");
    workers.push(made.worker);
    return made;
  });
  using network = createNetwork(options, { build: "simd", threads: pool });
  const looks: Buffer[] = [];
  const kill = async (): Promise<void> => {
    for (const worker of workers) await worker.terminate();
  };
  if (killed === 0) await kill();
  const job: FitJob = {
    network,
    data: stream(),
    heldOut: heldOut ? stream() : undefined,
    epochUpdates: 15,
    lookEvery: 3,
    units: { steps: "tokens", loss: String, lossName: "nats" },
    head: ["title"],
    show: async (shown) => {
      looks.push(bytesOf(shown));
      if (looks.length === killed) await kill();
      return {};
    },
    measure: () => ({ lines: [] }),
    save: bytesOf,
  };
  const settings = withDefaults(textDefaults, {
    schedule: "constant",
    "learning-rate": "0.006",
    steps: "30",
    threads: "2",
    ...given,
  });
  const plan = { ...readFitPlan("train", settings), pool };
  const speaker = { stdout: told, stderr: told, env: {}, platform: process.platform };
  if (plan.run !== undefined) await requireNewRun(plan.run);
  const run =
    plan.run === undefined ? undefined : await RunFolder.create(plan.run, config, plan.checkpointSeconds);
  const failure: unknown = await fit(job, plan, voiceOf(speaker, plan), run).catch((error: unknown) => error);
  return { failure, looks };
}

describe("a thread that dies in a training", () => {
  it.each([
    ["the best look's", true],
    ["the last update's, where nothing is held out", false],
  ])("ends it with code 1, and a model that is saved: %s", async (_, heldOut) => {
    const out = join(folder, `model-${heldOut}.safetensors`);
    const { failure, looks } = await trainAndLose({ out }, 2, heldOut);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      exitCode: 1,
      message:
        "a thread of --threads died, or had no core for more than a second: the best model till then, of step 6, is saved as " +
        `${out}; with --run a training can go on after it`,
    });
    expect(looks).toHaveLength(2);
    const saved = readFileSync(out);
    expect(saved.equals(looks[1])).toBe(true);
    using network = loadNetwork(saved);
    expect(network.options.hiddenSize).toBe(24);
  });

  it("leaves a run its last checkpoint, and lets it go", async () => {
    const run = join(folder, "run");
    const { failure } = await trainAndLose({ run, checkpoint: "0" }, 2);
    expect(failure).toMatchObject({ exitCode: 1 });
    expect(String(failure)).toMatch(/second: .* resume .*run goes on from the last checkpoint$/);
    const last = await RunFolder.open(run, config, 30);
    // After the look, before the update that failed.
    expect(last.checkpoint?.state.step).toBe(6);
    await last.close();
  });

  it("leaves no run where not one update was made", async () => {
    const run = join(folder, "none");
    const { failure, looks } = await trainAndLose({ run, checkpoint: "0" }, 0);
    expect(failure).toBeInstanceOf(WorkerError);
    expect(looks).toEqual([]);
    expect(existsSync(join(run, runFiles.config))).toBe(false);
  });
});

describe("a call on threads", () => {
  it("returns what it makes, on a pool that then ends", async () => {
    const pool = await onThreads(3, (given) => Promise.resolve(given));
    expect(pool.size).toBe(3);
  });

  it("says what to do where one dies, and hands on other errors", async () => {
    const error = new RangeError("another");
    await expect(onThreads(1, () => Promise.reject(error))).rejects.toBe(error);
    const died = onThreads(1, () => Promise.reject(new WorkerError("a thread gave no sign of life")));
    await expect(died).rejects.toThrow(Failure);
    await expect(died).rejects.toMatchObject({
      exitCode: 1,
      message:
        "a thread of --threads died, or had no core for more than a second: try again, or with fewer threads",
    });
  });
});

describe("a number of threads", () => {
  it.each([
    [undefined, 1],
    ["1", 1],
    ["256", 256],
  ])("is read of %j", (text, threads) => {
    expect(readThreads(text)).toBe(threads);
  });

  it.each(["0", "-1", "1.5", "all", "", "257"])("is not read of %j", (text) => {
    expect(() => readThreads(text)).toThrow(Failure);
    expect(() => readThreads(text)).toThrow(
      /^--threads expects a whole number of at (least 1|most 256), not "/,
    );
  });
});
