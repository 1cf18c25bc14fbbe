/**
 * Cuts windows into stretches of steps, and joins stretches; arrays are time-major, so these are contiguous.
 */

import type { TrainingWindow } from "../../data/training-data.js";
import type { Target } from "../../network/types.js";
import { countSteps, givenResets, type Inputs } from "../../network/model/batch.js";
import {
  copyTargets,
  joinTargets,
  removeTargets,
  targetsIn,
  type Targets,
} from "../../network/model/targets.js";

/**
 * A stretch is a checked run of steps to learn from: a window, a part of one, or several joined. Its arrays belong to the library:
 * nothing may change between their check and their use, and what a caller's function gets are copies (`windowOf`).
 */
export interface Stretch {
  /** Inputs of its steps; a length is 0 where the sequence ended before. */
  readonly inputs: Inputs;
  /** Targets of its steps; undefined where a loss of the caller's own has none. */
  readonly targets: Targets | undefined;
  /** Number of targets, or of steps that are no padding where there are no targets. */
  readonly count: number;
  /** The lengths in its steps, where the window that they are of has padding, even if none of it is in them. */
  readonly lengths: Int32Array | undefined;
  /** Whether it carries on the steps before it, whose shape it then fits; false at the start of an epoch. */
  readonly carry: boolean;
}

/** Returns the lengths, or undefined where none is shorter than the stretch. */
export function needed(lengths: Int32Array | undefined, steps: number): Int32Array | undefined {
  return lengths?.some((length) => length < steps) === true ? lengths : undefined;
}

/** Returns the stretch with arrays of its own. */
export function copyOf<Checked extends Stretch>(stretch: Checked): Checked {
  const { inputs, targets } = stretch;
  const lengths = stretch.lengths?.slice();
  return {
    ...stretch,
    inputs: {
      ...inputs,
      array: inputs.array.slice(),
      lengths: needed(lengths, inputs.steps),
      resets: inputs.resets?.slice(),
    },
    targets: targets && copyTargets(targets),
    lengths,
  };
}

/** Returns steps [from, to) of the stretch, parts of its arrays; a sequence that ended before has length 0. */
export function stepsOf(stretch: Stretch, from: number, to: number): Stretch {
  const { inputs, carry } = stretch;
  if (from === 0 && to === inputs.steps) return stretch;
  const steps = to - from;
  const cut = <Whole extends Inputs["array"] | Uint8Array>(whole: Whole): Whole =>
    whole.subarray((from * whole.length) / inputs.steps, (to * whole.length) / inputs.steps) as Whole;
  const lengths = stretch.lengths?.map((length) => Math.min(to, Math.max(from, length)) - from);
  const needs = needed(lengths, steps);
  const targets = stretch.targets && targetsIn(stretch.targets, from, to, needs);
  return {
    inputs: {
      ...inputs,
      steps,
      array: cut(inputs.array),
      lengths: needs,
      resets: givenResets(inputs.resets && cut(inputs.resets)),
    },
    targets,
    count: targets?.count ?? countSteps(inputs, from, to),
    lengths,
    carry: carry || from > 0,
  };
}

/** Removes all targets, in the stretch's own array. */
export function dropTargets(stretch: Stretch): Stretch {
  const { targets } = stretch;
  return { ...stretch, targets: targets && removeTargets(targets), count: 0 };
}

/** Returns what the mean of a stretch's losses weighs beside those of others. */
export function weightOf({ targets, count }: Pick<Stretch, "targets" | "count">): number {
  return targets?.weight ?? count;
}

/** Returns the lengths of joined stretches. Throws a RangeError where a sequence goes on after its end. */
function joinLengths(stretches: readonly Stretch[]): Int32Array | undefined {
  if (stretches.every(({ lengths }) => lengths === undefined)) return undefined;
  const joined = new Int32Array(stretches[0].inputs.batch);
  let before = 0;
  for (const { lengths, inputs } of stretches) {
    const { steps } = inputs;
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

/** Returns the resets of joined stretches. */
function joinResets(parts: readonly Inputs[]): Uint8Array | undefined {
  if (parts.every(({ resets }) => resets === undefined)) return undefined;
  return concatenate(
    Uint8Array,
    parts.map(({ resets, steps, batch }) => resets ?? new Uint8Array(steps * batch)),
  );
}

function concatenate<Whole extends Int32Array | Float32Array | Uint8Array>(
  type: new (length: number) => Whole,
  parts: readonly ArrayLike<number>[],
): Whole {
  const whole = new type(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Joins one or more stretches, of the same batch and kinds, one after the other. */
export function joinStretches(stretches: readonly Stretch[]): Stretch {
  const [first] = stretches;
  if (stretches.length === 1) return first;
  const { kind, batch } = first.inputs;
  const inputs = stretches.map((stretch) => stretch.inputs);
  const targets = stretches.flatMap((stretch) => stretch.targets ?? []);
  const arrayType = kind === "tokens" ? Int32Array : Float32Array;
  const array = concatenate<Int32Array | Float32Array>(
    arrayType,
    inputs.map((part) => part.array),
  );
  const steps = inputs.reduce((sum, part) => sum + part.steps, 0);
  const count = stretches.reduce((sum, stretch) => sum + stretch.count, 0);
  const lengths = joinLengths(stretches);
  return {
    inputs: { steps, batch, kind, array, lengths: needed(lengths, steps), resets: joinResets(inputs) },
    targets: first.targets && joinTargets(targets),
    count,
    lengths,
    carry: first.carry,
  };
}

/** Returns a copy of the stretch, as a window for a loss of the caller's own; a whole window is returned as it came. */
export function windowOf(stretch: Stretch & { readonly window?: TrainingWindow }): TrainingWindow {
  const { inputs, targets, lengths, carry, window } = stretch;
  if (window !== undefined) return window;
  const { steps, batch, kind, array, resets } = inputs;
  return {
    inputs: {
      steps,
      batch,
      [kind]: array.slice(),
      ...(lengths && { lengths: lengths.slice() }),
      ...(resets && { resets: resets.slice() }),
    },
    targets: targets === undefined ? {} : targetOf(targets),
    carry,
  };
}

/** Returns copies of targets, as a caller would have given them. */
function targetOf({ kind, array, weights }: Targets): Target {
  return { [kind]: array.slice(), ...(weights && { weights: weights.slice() }) };
}
