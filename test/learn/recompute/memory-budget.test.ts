import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { TrainingWindow } from "../../../src/data/training-data.js";
import { InvalidStateError, OutOfMemoryError } from "../../../src/errors.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import { WindowChecks } from "../../../src/learn/windows/checked-window.js";
import type { GradientEvent, LearnerContext, LearnerRun, LossFunction } from "../../../src/learn/learner.js";
import type { RecurrentNetwork } from "../../../src/network/network.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { gradientBits } from "../../network/bits.js";
import { drawSequence, drawState, drawTarget, type TargetKind } from "../../network/drawn.js";
import { guardedEngine, networkIn } from "../../network/guarded.js";
import { kinds, streamingKinds, type Kind } from "../../network/kinds.js";
import { begin } from "../begin.js";

interface Drawn {
  options: NetworkOptions;
  input: "tokens" | "values";
  target: TargetKind;
  steps: number;
  batch: number;
  ragged: boolean;
}

/** Two windows, the second carried on where it can be. */
function drawWindows({ options, input, target, ragged, ...sizes }: Drawn): TrainingWindow[] {
  const random = new Random(sizes.steps);
  const all = { ...options, ...sizes };
  return [false, options.bidirectional !== true].map((carry) => {
    const inputs = drawSequence(random, input, all);
    if (ragged) {
      inputs.lengths = Int32Array.from({ length: sizes.batch }, () => 1 + random.integer(sizes.steps));
      inputs.lengths[0] = sizes.steps;
      const other = new Random(sizes.steps, 2);
      const resets = Uint8Array.from({ length: sizes.steps * sizes.batch }, () =>
        Number(other.integer(6) === 0),
      );
      if (options.output !== "sequence") inputs.resets = resets;
    }
    return { inputs, targets: drawTarget(random, target, all), carry };
  });
}

interface Taken extends GradientEvent {
  gradients: number[];
}

/** A gradient for each window, at fixed parameters. */
function takeAll(
  run: LearnerRun,
  network: RecurrentNetwork,
  windows: readonly TrainingWindow[],
  own = false,
) {
  const checks = new WindowChecks(
    network,
    own ? () => ({ loss: 0, gradient: new Float32Array() }) : undefined,
  );
  const taken: Taken[] = [];
  for (const window of windows) {
    for (const event of run.window(checks.check(window))) {
      const gradients = network.parameters.flatMap((parameter) => [...parameter.readGradient()]);
      taken.push({ ...event, gradients });
      network.zeroGradients();
    }
  }
  return taken;
}

/** ‖a − b‖ / ‖b‖; 0 where both are zeros. */
function distance(a: readonly number[], b: readonly number[]): number {
  const squares = (values: readonly number[]): number => values.reduce((sum, x) => sum + x * x, 0);
  const difference = squares(a.map((x, i) => x - b[i]));
  return difference === 0 ? 0 : Math.sqrt(difference / squares(b));
}

/**
 * The sums over steps are cut at other places: float32's rounding, spread over all elements. Of 13,000 windows drawn at random
 * one was past it, at 1.05e-6: its terms nearly cancelled. So those here are always the same.
 */
const TOLERANCE = 1e-6;

/** A gradient that goes back through N of five units grows by 1/σ, and a rounding in it too: seen 2.1e-6, in 3 layers of 31 steps. */
const NORMALIZED_TOLERANCE = 5e-6;

function expectSame(actual: readonly Taken[], expected: readonly Taken[], tolerance = TOLERANCE): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach(({ loss, count, steps, gradients }, i) => {
    expect([count, steps]).toEqual([expected[i].count, expected[i].steps]);
    expect(distance(gradients, expected[i].gradients)).toBeLessThan(tolerance);
    // Sums of the same float32 numbers, in float64.
    if (expected[i].loss === undefined) expect(loss).toBeUndefined();
    else expect(loss).toBeCloseTo(expected[i].loss, 9);
  });
}

const cases = streamingKinds.flatMap((kind) => kind.inputs.map((input) => ({ ...kind, input })));
const targetsOf = ({ options }: Pick<Kind, "options">): TargetKind[] =>
  options.outputSize > 0 ? ["classes", "values", "gradient"] : ["values", "gradient"];

describe.each(builds)("bptt within a memory budget, %s build", (build) => {
  const engine = guardedEngine(build);
  const { arena } = engine;

  /** What bptt gives for the windows, from the very same network and masks, and the bytes that it takes. */
  function learnWith(
    options: NetworkOptions,
    memoryBudget: number | undefined,
    windows: readonly TrainingWindow[],
    given: Partial<Omit<LearnerContext, "network">> = {},
  ): { taken: Taken[]; bytes: number } {
    using network = networkIn(engine, options);
    // Packed weights are the parameters', and there before.
    for (const kind of ["tokens", "values"] as const) network.model.reserveWeights(kind, true);
    const before = arena.reserved;
    arena.peak = before;
    const run = begin(bptt(memoryBudget === undefined ? {} : { memoryBudget }), network, given);
    const taken = takeAll(run, network, windows, given.loss !== undefined);
    const bytes = arena.peak - before;
    expect(arena.brokenGuards()).toEqual([]);
    run.dispose?.();
    if (memoryBudget !== undefined) expect(arena.reserved).toBe(before);
    return { taken, bytes };
  }

  function leastBudget(options: NetworkOptions, window: TrainingWindow, loss?: LossFunction): number {
    try {
      learnWith(options, 1, [window], { loss });
    } catch (error) {
      const message = error instanceof RangeError ? error.message : "";
      const found = /^"memoryBudget" expected at least (\d+) bytes for \d+ steps, got 1$/.exec(message);
      if (found !== null) return Number(found[1]);
      throw error;
    }
    throw new Error("a budget of one byte was enough");
  }

  it.each(cases)("is the whole tape's gradient, in no more bytes: $name, from $input", (kind) => {
    const { options, input } = kind;
    const anything = fc.record({
      target: fc.constantFrom(...targetsOf(kind)),
      steps: fc.integer({ min: 1, max: 40 }),
      batch: fc.integer({ min: 1, max: 3 }),
      ragged: fc.boolean(),
      reduction: fc.constantFrom("mean" as const, "sum" as const),
      share: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1.1, noNaN: true })),
    });
    fc.assert(
      fc.property(anything, ({ reduction, share, ...sizes }) => {
        const windows = drawWindows({ options, input, ...sizes });
        const state = drawState(new Random(3), { ...options, ...sizes });
        const full = learnWith(options, undefined, windows, { reduction, state });
        const least = leastBudget(options, windows[0]);
        const memoryBudget = least + Math.floor(share * Math.max(0, full.bytes - least));
        const budgeted = learnWith(options, memoryBudget, windows, { reduction, state });
        expectSame(budgeted.taken, full.taken, options.layerNorm === true ? NORMALIZED_TOLERANCE : TOLERANCE);
        expect(budgeted.bytes).toBeLessThanOrEqual(memoryBudget);
        expect(() => learnWith(options, least - 1, windows)).toThrow(
          `"memoryBudget" expected at least ${least} bytes for ${sizes.steps} steps, got ${least - 1}`,
        );
        expect(arena.reserved).toBe(0);
      }),
      { numRuns: 6, seed: 1 },
    );
  });

  const lstm = { cell: "lstm", inputSize: 6, hiddenSize: 5, outputSize: 3, seed: 7 } as const;
  const sizes = { options: lstm, input: "tokens", target: "values", batch: 2, ragged: false } as const;

  it("takes what it plans, and less than the whole tape for most of the way", () => {
    const windows = drawWindows({ ...sizes, steps: 200 });
    const full = learnWith(lstm, undefined, windows).bytes;
    const least = leastBudget(lstm, windows[0]);
    expect(least).toBeLessThan(full / 10);
    for (let memoryBudget = least; memoryBudget < full; memoryBudget = Math.ceil(1.4 * memoryBudget)) {
      const { bytes } = learnWith(lstm, memoryBudget, windows);
      expect(bytes).toBeLessThanOrEqual(memoryBudget);
      expect(bytes).toBeGreaterThan(0.8 * memoryBudget);
    }
  });

  it("takes no memory that grows with the sequence", () => {
    const options = { cell: "elman", inputSize: 4, hiddenSize: 2, outputSize: 4 } as const;
    const steps = 30_000;
    const windows = drawWindows({ ...sizes, options, target: "classes", batch: 1, steps }).slice(0, 1);
    const full = learnWith(options, undefined, windows);
    const { taken, bytes } = learnWith(options, full.bytes / 20, windows);
    expect(bytes).toBeLessThanOrEqual(full.bytes / 20);
    // Of 30,000 terms in float32, either way.
    expect(distance(taken[0].gradients, full.taken[0].gradients)).toBeLessThan(1e-5);
    expect(leastBudget(options, windows[0])).toBeLessThan(20_000);
  });

  it("needs the whole window for both directions, and says so", () => {
    for (const { options } of kinds.filter((kind) => kind.options.bidirectional === true)) {
      const windows = drawWindows({ ...sizes, options, steps: 9, ragged: true });
      const full = learnWith(options, undefined, windows);
      const least = leastBudget(options, windows[0]);
      const { taken, bytes } = learnWith(options, least, windows);
      expectSame(taken, full.taken);
      expect(bytes).toBe(least);
      expect(() => learnWith(options, least - 1, windows)).toThrow(RangeError);
    }
  });

  /** Σ over all outputs of sin-like terms, each weighed by its place: it needs them all, in order. */
  const ownLoss: LossFunction = (outputs) => {
    const mean = outputs.reduce((sum, y) => sum + y, 0) / outputs.length;
    const gradient = outputs.map((y, i) => (y - mean) * (1 + (i % 3)));
    return { loss: mean, gradient };
  };

  it("serves a loss of the caller's own with all outputs at once, which count", () => {
    for (const { options, input } of cases) {
      const windows = drawWindows({ ...sizes, options, input, steps: 11, ragged: true });
      const seen: [Float32Array, TrainingWindow][] = [];
      const loss: LossFunction = (outputs, window) => {
        seen.push([outputs.slice(), window]);
        return ownLoss(outputs, window);
      };
      const full = learnWith(options, undefined, windows, { loss });
      const least = leastBudget(options, windows[0], loss);
      const [{ length }] = seen[0];
      expect(least).toBe(leastBudget(options, windows[0]) + length * 4);
      const { taken, bytes } = learnWith(options, least, windows, { loss });
      expectSame(taken, full.taken);
      expect(bytes + length * 4).toBeLessThanOrEqual(least);
      expect(seen).toHaveLength(4);
      expect(seen[2]).toEqual(seen[0]);
      expect(seen[2][1]).toBe(windows[0]);
      expect(seen[3]).toEqual(seen[1]);
    }
  });

  const failures: [string, (network: RecurrentNetwork) => LossFunction, new () => Error][] = [
    [
      "throws",
      () => () => {
        throw new EvalError("mine");
      },
      EvalError,
    ],
    ["is no loss", () => () => ({ loss: 1, gradient: new Float32Array(1) }), RangeError],
    [
      "moves the parameters",
      (network) => (outputs) => {
        network.parameters[0].write(network.parameters[0].read());
        return { loss: 1, gradient: outputs };
      },
      InvalidStateError,
    ],
    [
      "disposes of the network",
      (network) => (outputs) => {
        network.dispose();
        return { loss: 1, gradient: outputs };
      },
      InvalidStateError,
    ],
  ];
  it.each(failures)("changes nothing where a loss of the caller's own %s", (_, make, type) => {
    const windows = drawWindows({ ...sizes, steps: 9 });
    const network = networkIn(engine, lstm);
    const run = begin(bptt({ memoryBudget: 1e5 }), network, { loss: make(network) });
    const before = gradientBits(network);
    expect(() => takeAll(run, network, windows, true)).toThrow(type);
    if (type !== InvalidStateError) expect(gradientBits(network)).toBe(before);
    run.dispose?.();
    network.dispose();
    expect(arena.reserved).toBe(0);
  });

  it("changes nothing where memory runs out, and goes on once it does not", () => {
    const windows = drawWindows({ ...sizes, steps: 30 });
    const memoryBudget = 1.5 * leastBudget(lstm, windows[0]);
    const { taken: expected } = learnWith(lstm, memoryBudget, windows);
    using network = networkIn(engine, lstm);
    const run = begin(bptt({ memoryBudget }), network);
    const [parameter] = network.parameters;
    parameter.writeGradient(parameter.read());
    const before = gradientBits(network);
    const reserve = arena.reserve.bind(arena);
    let passed = -1;
    let refused = true;
    while (refused) {
      passed++;
      const spy = vi.spyOn(arena, "reserve").mockImplementation((plan) => {
        if (spy.mock.calls.length > passed) throw new OutOfMemoryError("out of memory: as the test wants it");
        return reserve(plan);
      });
      try {
        takeAll(run, network, windows);
        refused = false;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
        expect(gradientBits(network)).toBe(before);
      } finally {
        spy.mockRestore();
      }
    }
    expect(passed).toBeGreaterThan(0);
    expectSame(takeAll(run, network, windows), expected);
    run.dispose?.();
  });
});
