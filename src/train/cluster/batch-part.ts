/** Takes some sequences out of a window: the part of the batch that one rank learns from. */

import type { TrainingWindow } from "../../data/training-data.js";
import type { CheckedWindow } from "../../learn/windows/checked-window.js";
import { needed, windowOf, type Stretch } from "../../learn/windows/stretches.js";
import type { WholeTargets } from "../../network/losses/definition.js";
import { countSteps, givenResets } from "../../network/model/batch.js";
import { counted, removeTargets, type Targets } from "../../network/model/targets.js";
import type { Target } from "../../network/types.js";

/** Says which sequences of a batch of B are a rank's: `count` from `first` on. */
export interface Share {
  readonly first: number;
  readonly count: number;
  /**
   * Whether they are another rank's, taken so that the rule has something to run on where there are fewer sequences than ranks;
   * they then count nothing.
   */
  readonly borrowed: boolean;
}

/** Returns the share of a rank: the first ranks have one sequence more where they do not divide B. */
export function shareOf(batch: number, rank: number, size: number): Share {
  if (rank >= batch) return { first: batch - 1, count: 1, borrowed: true };
  const each = Math.floor(batch / size);
  const more = batch % size;
  const count = each + (rank < more ? 1 : 0);
  return { first: each * rank + Math.min(rank, more), count, borrowed: false };
}

interface Sliceable<Part> {
  readonly length: number;
  slice(from: number, to: number): Part;
  set(values: Part, at: number): void;
}

/** Returns the part of an array [outer, B, …] that is of sequences [first, first + count). */
export function sequencesOf<Whole extends Sliceable<Whole>>(
  array: Whole,
  outer: number,
  batch: number,
  { first, count }: Pick<Share, "first" | "count">,
): Whole {
  const width = array.length / (outer * batch);
  const part = array.slice(0, outer * count * width);
  for (let i = 0; i < outer; i++) {
    const from = (i * batch + first) * width;
    part.set(array.slice(from, from + count * width), i * count * width);
  }
  return part;
}

function labelsOf({ array, labelLengths, lengths, weights }: WholeTargets, share: Share): WholeTargets {
  const { first, count, borrowed } = share;
  const [from, to] = [first, first + count].map((end) =>
    labelLengths.subarray(0, end).reduce((sum, length) => sum + length, 0),
  );
  const own = weights.slice(first, first + count);
  return {
    array: array.slice(from, to),
    labelLengths: labelLengths.slice(first, first + count),
    lengths: lengths?.slice(first, first + count),
    weights: borrowed ? own.fill(0) : own,
    count: borrowed ? 0 : count,
    weight: borrowed ? 0 : count,
  };
}

function targetsOf(targets: Targets, lengths: Int32Array | undefined, share: Share): Targets {
  const { steps, batch, ends, whole, weights } = targets;
  if (whole !== undefined) {
    const own = labelsOf(whole, share);
    const { array, count, weight } = own;
    return { ...targets, batch: share.count, array, whole: own, count, weight };
  }
  const outer = ends === undefined ? steps : 1;
  const part = counted(
    {
      ...targets,
      batch: share.count,
      array: sequencesOf<Int32Array | Float32Array>(targets.array, outer, batch, share),
      weights: weights && sequencesOf(weights, outer, batch, share),
      ends: ends && sequencesOf(ends, 1, batch, share),
    },
    lengths,
  );
  return share.borrowed ? removeTargets(part) : part;
}

/** Returns the part of a stretch that is of these sequences, with arrays of its own. */
export function partOf(stretch: Stretch, share: Share): Stretch {
  const { inputs, carry } = stretch;
  const { steps, batch } = inputs;
  const lengths = stretch.lengths && sequencesOf(stretch.lengths, 1, batch, share);
  const own = {
    ...inputs,
    batch: share.count,
    array: sequencesOf<typeof inputs.array>(inputs.array, steps, batch, share),
    lengths: needed(lengths, steps),
    resets: givenResets(inputs.resets && sequencesOf(inputs.resets, steps, batch, share)),
  };
  const targets = stretch.targets && targetsOf(stretch.targets, own.lengths, share);
  // Where no target was left before, none is now, whatever the array says.
  const counts = targets === undefined || stretch.count > 0 ? targets : { ...targets, count: 0, weight: 0 };
  return { inputs: own, targets: counts, count: counts?.count ?? countSteps(own), lengths, carry };
}

/** The fields of a target that are split; a loss function of the caller's may read others. */
const SPLIT = ["classes", "values", "gradient", "weights"] as const;

/** Returns the part of a target of `rows` rows for each sequence. Throws a RangeError for what cannot be split. */
function targetPart(name: string, target: Target, rows: number, batch: number, share: Share): Target {
  const part: Record<string, Float32Array | Int32Array> = {};
  for (const [field, array] of Object.entries(target) as [string, unknown][]) {
    if (array === undefined) continue;
    const known = SPLIT.some((one) => one === field);
    const splits = array instanceof Float32Array || array instanceof Int32Array;
    if (!known || !splits || array.length % (rows * batch) !== 0) {
      throw new RangeError(
        `"${name}" expected arrays of classes, values, gradient or weights alone in a cluster, which gives each rank its part ` +
          `of the batch, got ${field}, which it cannot split`,
      );
    }
    part[field] = sequencesOf<Float32Array | Int32Array>(array, rows, batch, share);
  }
  return part;
}

/** Returns the part of the window as a caller would have given it, for functions of the caller's. */
function givenPart({ window, inputs }: CheckedWindow, part: Stretch, share: Share): TrainingWindow {
  const given = windowOf(part);
  const { targets, sequenceTargets } = window;
  const whole = part.targets?.whole;
  if (whole !== undefined)
    return { ...given, targets: { labels: whole.array, labelLengths: whole.labelLengths } };
  if (share.borrowed) return given;
  const { steps, batch } = inputs;
  const perSequence = part.targets?.ends !== undefined && sequenceTargets === undefined;
  return {
    ...given,
    targets: targetPart("targets", targets, perSequence ? 1 : steps, batch, share),
    ...(sequenceTargets && {
      sequenceTargets: targetPart("sequenceTargets", sequenceTargets, 1, batch, share),
    }),
  };
}

/** Returns the part of a checked window that is a rank's. Throws a RangeError for what cannot be split. */
export function windowPart(checked: CheckedWindow, share: Share): CheckedWindow {
  const { inputs, targets } = checked;
  if (share.borrowed && targets === undefined) {
    throw new RangeError(
      `"inputs.batch" expected at least one sequence for each rank where a loss function has no targets, got ${inputs.batch}`,
    );
  }
  if (share.count === inputs.batch && !share.borrowed) return checked;
  const part = partOf(checked, share);
  return { ...part, window: givenPart(checked, part, share) };
}
