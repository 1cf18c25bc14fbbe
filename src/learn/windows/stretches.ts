/** Stretches of steps out of windows, and across them. Arrays are time-major, so that a stretch is contiguous. */

import type { TrainingWindow } from "../../data/training-data.js";
import type { Goal, Inputs } from "../../network/arguments.js";
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

/** The lengths of stretches that are joined: a sequence that ended does not go on in a later one. */
function joinLengths(stretches: readonly TrainingWindow[]): Int32Array | undefined {
  const inputs = stretches.map((stretch) => stretch.inputs);
  if (inputs.every(({ lengths }) => lengths === undefined)) return undefined;
  const joined = new Int32Array(inputs[0].batch);
  let before = 0;
  for (const { lengths, steps } of inputs) {
    for (let b = 0; b < joined.length; b++) {
      const length = lengths?.[b] ?? steps;
      if (length > 0 && joined[b] < before) {
        throw new RangeError(
          `"inputs.lengths" expected whole windows where tbptt joins them, got a length of ${joined[b]} in ${before} steps ` +
            `that another window carries on: use bptt(), or k1 = k2 that divides T`,
        );
      }
      joined[b] += length;
    }
    before += steps;
  }
  return joined;
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

/** Without its first steps; the arrays are parts of its own. */
export function dropSteps(stretch: TrainingWindow, count: number): TrainingWindow {
  if (count === 0) return stretch;
  const { steps, batch, tokens, values, lengths } = stretch.inputs;
  const { classes, values: goals, gradient } = stretch.targets;
  const at = (part: ArrayLike<number>): number => (count * part.length) / steps;
  return {
    inputs: {
      steps: steps - count,
      batch,
      lengths: lengths?.map((length) => Math.max(0, length - count)),
      tokens: tokens?.subarray(at(tokens)),
      values: values?.subarray(at(values)),
    },
    targets: {
      classes: classes?.subarray(at(classes)),
      values: goals?.subarray(at(goals)),
      gradient: gradient?.subarray(at(gradient)),
    },
    carry: true,
  };
}

/** Takes the targets from its first steps, in its own arrays. */
export function maskTargets({ inputs, targets }: TrainingWindow, count: number): void {
  const end = (part: ArrayLike<number>): number => (count * part.length) / inputs.steps;
  const { classes, values, gradient } = targets;
  classes?.fill(-1, 0, end(classes));
  values?.fill(NaN, 0, end(values));
  gradient?.fill(0, 0, end(gradient));
}
