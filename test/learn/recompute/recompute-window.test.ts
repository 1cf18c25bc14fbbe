import { describe, expect, it, vi } from "vitest";
import { forwardRuns } from "../../../src/learn/recompute/costs.js";
import { recomputeWindow } from "../../../src/learn/recompute/recompute-window.js";
import { requireSequence } from "../../../src/network/arguments.js";
import { requireTarget } from "../../../src/network/target-arguments.js";
import type { BlockSlots } from "../../../src/learn/recompute/block-sizes.js";
import { BlockTapes } from "../../../src/learn/recompute/block-tapes.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { requireNetwork } from "../../../src/network/network.js";
import { Random } from "../../../src/random.js";
import { relativeError } from "../../oracle/compare.js";
import { accumulateGradient } from "../../network/passes.js";

const options = { cell: "gru", inputSize: 3, hiddenSize: 2, outputSize: 3 } as const;

/** Runs so many steps in blocks on those slots; says how many blocks ran forward and backward, and how far the gradient is off. */
function run(steps: number, block: number, slots: BlockSlots) {
  using network = createNetwork(options);
  const random = new Random(steps);
  const draw = (): Int32Array => Int32Array.from({ length: steps }, () => random.integer(3));
  const sequence = { steps, batch: 1, tokens: draw() };
  const targets = { classes: draw() };
  accumulateGradient(network, sequence, targets, undefined, "sum");
  const read = (): number[] => network.parameters.flatMap((parameter) => [...parameter.readGradient()]);
  const expected = read();
  network.zeroGradients();
  const inputs = requireSequence(sequence, network.options);
  const goal = requireTarget(targets, inputs, network.options);
  const tapes = new BlockTapes(
    requireNetwork(network).model,
    { steps: block, batch: 1, inputs: "tokens", resets: false },
    slots,
  );
  const forward = vi.spyOn(tapes, "forward");
  const backward = vi.spyOn(tapes, "backward");
  const swept: number[] = [];
  recomputeWindow(
    tapes,
    { units: Math.ceil(steps / block), slots },
    { inputs, state: undefined, swept: (_, unit) => swept.push(unit), targets: () => goal, scale: 1 },
  );
  const blocks = { forward: forward.mock.calls.length, backward: backward.mock.calls.length };
  return { ...blocks, swept, error: relativeError(read(), expected) };
}

describe("recomputeWindow", () => {
  // The table of Gruslys et al.'s two kinds of storage; its first row, 500500 twice, would take seconds.
  it.each([
    [2, 29820, 28864],
    [3, 13155, 12172],
    [5, 7284, 6292],
    [10, 4636, 3640],
    [20, 3747, 2750],
    [31, 3439, 2442],
    [50, 2948, 1950],
    [100, 2898, 1900],
    [200, 2798, 1800],
  ])("runs 1000 steps on %d slots in %d forward steps, or %d", (count, hidden, internal) => {
    const states = run(1000, 1, { internal: 1, hidden: count });
    const tapes = run(1000, 1, { internal: count, hidden: 1 });
    expect([states.forward, tapes.forward]).toEqual([hidden, internal]);
    for (const { backward, swept, error } of [states, tapes]) {
      expect(backward).toBe(1000);
      expect(swept).toEqual(Array.from({ length: 1000 }, (_, unit) => unit));
      // Sums of 1000 terms in float32.
      expect(error).toBeLessThan(1e-5);
    }
  });

  it.each([
    [100, 1, 1, 1],
    [50, 7, 2, 2],
    [64, 8, 3, 1],
    [65, 8, 1, 3],
    [9, 4, 3, 0],
    [5, 9, 1, 0],
  ])("runs %d steps in blocks of %d on %d tapes and %d states", (steps, block, internal, hidden) => {
    const { forward, backward, error } = run(steps, block, { internal, hidden });
    const units = Math.ceil(steps / block);
    expect(forward).toBe(forwardRuns(units, { internal, hidden }));
    expect(backward).toBe(units);
    expect(error).toBeLessThan(1e-5);
  });
});
