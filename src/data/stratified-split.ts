/** Divides labelled data into a part to learn from and a part that is held out. */

import { requireInteger, requireNumber, requireOptions } from "../errors.js";
import { Random } from "../random.js";

/** Configures `stratifiedSplit`. */
export interface StratifiedSplitOptions {
  /** The share of each label that is held out, above 0 and below 1; default 0.2. */
  heldOut?: number;
  /** Any safe integer; default 0. */
  seed?: number;
}

/** Holds the indices of both parts, ascending. */
export interface Split {
  training: number[];
  heldOut: number[];
}

/**
 * Divides indices by chance so that each label has about the same share in both parts: of n with a label, the share of n, rounded,
 * is held out, at least one where there are two and never all of them. Throws a TypeError or RangeError that names the option.
 */
export function stratifiedSplit(
  labels: Iterable<string | number>,
  options: StratifiedSplitOptions = {},
): Split {
  const given = requireOptions("options", options, ["heldOut", "seed"]);
  const share = requireNumber("heldOut", given.heldOut ?? 0.2, { above: 0, below: 1 });
  const seed = requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER);
  const groups = new Map<string | number, number[]>();
  let count = 0;
  for (const label of labels) {
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [count]);
    else group.push(count);
    count++;
  }
  const random = new Random(seed);
  const [training, heldOut]: [number[], number[]] = [[], []];
  for (const group of groups.values()) {
    const out = Math.min(group.length - 1, Math.max(1, Math.round(share * group.length)));
    for (let i = group.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [group[i], group[j]] = [group[j], group[i]];
    }
    group.forEach((index, i) => (i < out ? heldOut : training).push(index));
  }
  return { training: training.sort((a, b) => a - b), heldOut: heldOut.sort((a, b) => a - b) };
}
