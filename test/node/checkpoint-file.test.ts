import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as fc from "fast-check";
import { checkpointFile, type CheckpointFile, type CheckpointFileOptions } from "../../src/entries/node.js";
import { createNetwork, loadNetwork, saveNetwork } from "../../src/index.js";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bptt-checkpoint-")));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** A file that says which step it is of. */
function saved(step: number): Uint8Array {
  using network = createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1, seed: step });
  return saveNetwork(network);
}

const stepOf = (bytes: Uint8Array | undefined): number | undefined => {
  if (bytes === undefined) return undefined;
  using network = loadNetwork(bytes);
  return network.options.seed;
};

const open = (options?: CheckpointFileOptions): CheckpointFile =>
  checkpointFile(join(folder, "run.safetensors"), options);

/** Sends the events of some steps; returns the steps that were saved. */
async function send(
  checkpoints: CheckpointFile,
  events: readonly { step: number; validationLoss?: number }[],
): Promise<number[]> {
  const steps: number[] = [];
  for (const event of events) {
    if (await checkpoints.update({ save: () => saved(event.step) }, event)) steps.push(event.step);
  }
  return steps;
}

const steps = (from: number, to: number): { step: number }[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ step: from + i }));

describe("checkpointFile", () => {
  it("saves every so many updates, counted from where it began, and once at an epoch's end", async () => {
    const events = [...steps(1, 6), { step: 6 }, ...steps(7, 10)];
    expect(await send(open({ every: 3 }), events)).toEqual([3, 6, 9]);
    expect(await send(open({ every: 3 }), steps(10, 16))).toEqual([12, 15]);
    expect(await send(open({ every: 1 }), [{ step: 17 }])).toEqual([17]);
    expect(readdirSync(folder)).toEqual(["run.safetensors"]);
  });

  it("saves every so many seconds", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const checkpoints = open({ every: { seconds: 10 } });
    const due: number[] = [];
    for (const event of steps(1, 40)) {
      vi.advanceTimersByTime(1000);
      due.push(...(await send(checkpoints, [event])));
    }
    expect(due).toEqual([10, 20, 30, 40]);
    vi.advanceTimersByTime(59_000);
    const usual = open();
    expect(await send(usual, [{ step: 1 }])).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(await send(usual, [{ step: 2 }])).toEqual([2]);
  });

  it("keeps the last n", async () => {
    const checkpoints = open({ every: 1, keep: 3 });
    expect(await checkpoints.latest()).toBeUndefined();
    for (const step of [1, 2, 3, 4, 5]) {
      await send(checkpoints, [{ step }]);
      expect(stepOf(await checkpoints.latest())).toBe(step);
    }
    const files = ["run.safetensors", "run.1.safetensors", "run.2.safetensors"];
    expect(files.map((name) => stepOf(readFileSync(join(folder, name))))).toEqual([5, 4, 3]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it("finds the newest that is whole", async () => {
    const checkpoints = open({ every: 1, keep: 3 });
    await send(checkpoints, steps(1, 3));
    const whole = readFileSync(checkpoints.path);
    for (const torn of [whole.subarray(0, -1), whole.subarray(0, 4), new Uint8Array()]) {
      writeFileSync(checkpoints.path, torn);
      expect(stepOf(await checkpoints.latest())).toBe(2);
    }
    rmSync(checkpoints.path);
    expect(stepOf(await checkpoints.latest())).toBe(2);
    expect(await send(open({ every: 1, keep: 3 }), [{ step: 4 }])).toEqual([4]);
    expect(stepOf(await checkpoints.latest())).toBe(4);
  });

  it("keeps the best, over processes too, and gives it back as it was saved", async () => {
    const losses = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(undefined)), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(losses, fc.nat(), async (drawn, restart) => {
        rmSync(join(folder, "run.best.safetensors"), { force: true });
        let checkpoints = open();
        let best: { step: number; loss: number } | undefined;
        for (const [i, validationLoss] of drawn.entries()) {
          if (i === restart % drawn.length) checkpoints = open();
          await send(checkpoints, [{ step: i + 2, ...(validationLoss !== undefined && { validationLoss }) }]);
          if (validationLoss !== undefined && validationLoss < (best?.loss ?? Infinity))
            best = { step: i + 2, loss: validationLoss };
        }
        const bytes = await checkpoints.best();
        expect(stepOf(bytes)).toBe(best?.step);
        if (bytes !== undefined && best !== undefined) {
          expect(JSON.parse(headerOf(bytes))).toEqual(JSON.parse(headerOf(saved(best.step))));
          expect(readdirSync(folder)).toEqual(["run.best.safetensors"]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    [256, {}],
    [251, {}], // the best, ".best" longer, has no room
    [254, { best: false, keep: 2 }],
  ])("refuses a name of %d bytes with %j before training begins", (length, options) => {
    const name = join(folder, "x".repeat(length));
    expect(() => checkpointFile(name, options)).toThrow(expect.objectContaining({ code: "ENAMETOOLONG" }));
    checkpointFile(join(folder, "x".repeat(253)), { best: false, keep: 2 });
  });

  it("does not compare the best of a new training with that of another", async () => {
    await send(open(), [{ step: 7, validationLoss: 1 }]);
    await send(open(), [{ step: 1 }, { step: 2, validationLoss: 5 }]);
    expect(stepOf(await open().best())).toBe(2);
    await send(open(), [{ step: 3, validationLoss: 6 }]);
    expect(stepOf(await open().best())).toBe(2);
  });

  it.skipIf(process.platform === "win32")("keeps the last n where a link leads", async () => {
    mkdirSync(join(folder, "there"));
    symlinkSync("there/target", join(folder, "run.safetensors"));
    await send(open({ every: 1, keep: 2 }), steps(1, 3));
    const of = (name: string): number | undefined => stepOf(readFileSync(join(folder, name)));
    expect([of("there/target"), of("run.1.safetensors")]).toEqual([3, 2]);
    expect(lstatSync(join(folder, "run.safetensors")).isSymbolicLink()).toBe(true);
  });

  it("leaves the best out where it is told to", async () => {
    await send(open({ best: false }), [{ step: 1, validationLoss: 2 }]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("saves when it is told to, of a worker too", async () => {
    const checkpoints = open();
    await checkpoints.save({ save: () => Promise.resolve(saved(7)) });
    expect(stepOf(await checkpoints.latest())).toBe(7);
  });

  it("finds out at the first event what would go wrong later", async () => {
    const nowhere = checkpointFile(join(folder, "nowhere/run.safetensors"));
    await expect(send(nowhere, [{ step: 1 }])).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each<[string, unknown, unknown]>([
    [`"path" expected the path of a file, got ""`, "", {}],
    [`"path" expected the path of a file, got 5`, 5, {}],
    [`"options" expected every or keep or best, got "kep": did you mean "keep"?`, "run", { kep: 3 }],
    [`"keep" expected an integer of at least 1, got 0`, "run", { keep: 0 }],
    [`"best" expected true or false, got 1`, "run", { best: 1 }],
    [`"every" expected an integer of at least 1, got 0.5`, "run", { every: 0.5 }],
    [`"every" expected a number of updates or { seconds }, got "5"`, "run", { every: "5" }],
    [`"every" expected seconds, got "minutes": did you mean "seconds"?`, "run", { every: { minutes: 1 } }],
    [`"every.seconds" expected a finite number at least 0, got -1`, "run", { every: { seconds: -1 } }],
  ])("says %s", (message, path, options) => {
    expect(() => checkpointFile(path as string, options as CheckpointFileOptions)).toThrow(message);
  });

  it.each<[string, unknown, unknown]>([
    [`"training" expected a training, as train() returns it, got an object`, {}, { step: 1 }],
    [`"event" expected an object, got undefined`, { save: () => saved(1) }, undefined],
    [`"event.step" expected an integer, got undefined`, { save: () => saved(1) }, {}],
  ])("says %s at an update", async (message, training, event) => {
    await expect(open().update(training as never, event as never)).rejects.toThrow(message);
  });
});

function headerOf(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
}
