/** Windows that carry, cut and put together otherwise. */

import { expect } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import type { Target } from "../../src/network/types.js";
import { BATCH, stretchesOf } from "./recompute/plans.js";

/** Each a window that carries nothing, and those that carry it on. */
export function runsOf(windows: readonly TrainingWindow[]): TrainingWindow[][] {
  const runs: TrainingWindow[][] = [];
  for (const window of windows) {
    if (window.carry === true) runs.at(-1)?.push(window);
    else runs.push([window]);
  }
  return runs;
}

/** Windows that carry, as one. */
export function whole(windows: readonly TrainingWindow[]): TrainingWindow {
  const [one, ...rest] = stretchesOf(windows, Infinity);
  expect(rest).toHaveLength(0);
  return one;
}

/** A window in windows of these lengths. */
export function cutWhole({ inputs, targets }: TrainingWindow, lengths: readonly number[]): TrainingWindow[] {
  let from = 0;
  return lengths.map((steps) => {
    const cut = <Part extends { length: number; slice: (from: number, to: number) => Part }>(
      part: Part,
    ): Part => {
      const width = part.length / inputs.steps;
      return part.slice(from * width, (from + steps) * width);
    };
    const { tokens, values } = inputs;
    const window: TrainingWindow = { inputs: { steps, batch: BATCH }, targets: {}, carry: from > 0 };
    if (tokens) window.inputs.tokens = cut(Int32Array.from(tokens));
    if (values) window.inputs.values = cut(values);
    if (targets.classes) window.targets.classes = cut(targets.classes);
    if (targets.values) window.targets.values = cut(targets.values);
    if (targets.gradient) window.targets.gradient = cut(targets.gradient);
    from += steps;
    return window;
  });
}

/** Targets of the steps from `from` on alone. */
export function masked(targets: Target, steps: number, from: number): Target {
  const copy = structuredClone(targets);
  const end = (part: ArrayLike<number>): number => (part.length * from) / steps;
  if (copy.classes) copy.classes.fill(-1, 0, end(copy.classes));
  if (copy.values) copy.values.fill(NaN, 0, end(copy.values));
  if (copy.gradient) copy.gradient.fill(0, 0, end(copy.gradient));
  return copy;
}
