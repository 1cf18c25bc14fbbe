/** Stretches of steps out of windows, and across them. Arrays are time-major, so that a stretch is contiguous. */

import type { TrainingWindow } from "../data/training-data.js";
import type { Goal, Inputs } from "../network/arguments.js";
import type { CheckedWindow } from "./checked-window.js";

/** Steps [from, to) of a window, copied; a sequence that ended before has length 0. */
export function copySteps({ inputs, goal, carry }: CheckedWindow, from: number, to: number): TrainingWindow {
  const { steps: T, batch, kind, array } = inputs;
  const copy = (part: Inputs["array"] | Goal["array"]) =>
    part.slice((from * part.length) / T, (to * part.length) / T);
  const lengths = inputs.lengths?.map((length) => Math.min(to, Math.max(from, length)) - from);
  return {
    inputs: { steps: to - from, batch, [kind]: copy(array), ...(lengths && { lengths }) },
    targets: goal === undefined ? {} : { [goal.kind]: copy(goal.array) },
    carry: carry || from > 0,
  };
}

/** The lengths of stretches that are joined: only those of the last may be less than its steps. */
function joinLengths(stretches: readonly TrainingWindow[]): Int32Array | undefined {
  const last = stretches.at(-1)?.inputs;
  const earlier = stretches.slice(0, -1).map(({ inputs }) => inputs);
  for (const { lengths, steps } of earlier) {
    const short = lengths?.find((length) => length < steps);
    if (short === undefined) continue;
    throw new RangeError(
      `"inputs.lengths" expected whole windows where tbptt joins them, got a length of ${short} in a window that another ` +
        `carries on: use bptt(), or a k1 that divides T`,
    );
  }
  const before = earlier.reduce((sum, { steps }) => sum + steps, 0);
  return last?.lengths?.map((length) => before + length);
}

function concatenate<Whole extends Int32Array | Float32Array>(
  parts: readonly (ArrayLike<number> | undefined)[],
  create: (length: number) => Whole,
): Whole | undefined {
  const present = parts.filter((part) => part !== undefined);
  if (present.length === 0) return undefined;
  const whole = create(present.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of present) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Stretches one after the other, at least one, as one; batch and kinds are the same. */
export function joinStretches(stretches: readonly TrainingWindow[]): TrainingWindow {
  const [first] = stretches;
  if (stretches.length === 1) return first;
  const integers = (length: number): Int32Array => new Int32Array(length);
  const floats = (length: number): Float32Array => new Float32Array(length);
  const inputs = stretches.map((stretch) => stretch.inputs);
  const targets = stretches.map((stretch) => stretch.targets);
  return {
    inputs: {
      steps: inputs.reduce((sum, { steps }) => sum + steps, 0),
      batch: first.inputs.batch,
      lengths: joinLengths(stretches),
      tokens: concatenate(
        inputs.map(({ tokens }) => tokens),
        integers,
      ),
      values: concatenate(
        inputs.map(({ values }) => values),
        floats,
      ),
    },
    targets: {
      classes: concatenate(
        targets.map(({ classes }) => classes),
        integers,
      ),
      values: concatenate(
        targets.map(({ values }) => values),
        floats,
      ),
      gradient: concatenate(
        targets.map(({ gradient }) => gradient),
        floats,
      ),
    },
    carry: first.carry,
  };
}
