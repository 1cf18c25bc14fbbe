/** Weighs classes against how often they occur. */

import { requireInteger, requireOptions } from "../errors.js";
import { createResult } from "../network/model/transfer.js";
import { copyItems, LARGEST, type SequenceItem } from "./items.js";

/** Configures `classWeights`. */
export interface ClassWeightsOptions {
  /** How many classes there are, a network's `outputSize`; default: the largest class that occurs, plus 1. */
  classes?: number;
}

/** Returns how often each class that occurs is a target; -1 is none. Throws a TypeError or RangeError. */
function countClasses(given: Iterable<SequenceItem>): Map<number, number> {
  const counts = new Map<number, number>();
  copyItems(given).items.forEach(({ targets }, i) => {
    const name = `items[${i}].targets`;
    if (!(targets instanceof Int32Array)) {
      throw new RangeError(`"${name}" expected classes, got values: they have no classes to weigh`);
    }
    for (const target of targets) {
      if (target < -1) throw new RangeError(`"${name}" expected classes of at least -1, got ${target}`);
      if (target >= 0) counts.set(target, (counts.get(target) ?? 0) + 1);
    }
  });
  if (counts.size === 0) throw new RangeError(`"items" expected a target among them, got none`);
  return counts;
}

/**
 * Returns weights that make up for classes that occur more often than others, [classes]: n / (C·n_c), where n
 * targets are counted, n_c of them of class c, and C classes occur (after King & Zeng 2001, "Logistic regression
 * in rare events data"; scikit-learn's "balanced"). All targets of a class together then weigh as much as those
 * of any other, and a target's mean weight is 1. A class that does not occur weighs 1, as a target does on
 * average, since other data may have it. Steps of class -1 and the items' own weights do not count.
 *
 * They go to `sequenceSet(items, { classWeights: classWeights(items), … })`. Those of the training data are for the
 * validation data too; `classes` says how many there are where the training data may lack the last ones.
 *
 * Throws a TypeError or RangeError for items that `sequenceSet` refuses, items with values for targets, items
 * without any target, and a number of `classes` that does not exceed every class.
 */
export function classWeights(items: Iterable<SequenceItem>, options: ClassWeightsOptions = {}): Float32Array {
  const { classes } = requireOptions("options", options, ["classes"]);
  const size = classes === undefined ? undefined : requireInteger("classes", classes, 1, LARGEST);
  const counts = countClasses(items);
  let [largest, targets] = [0, 0];
  for (const [target, count] of counts) {
    largest = Math.max(largest, target);
    targets += count;
  }
  if (size !== undefined && size <= largest)
    throw new RangeError(`"classes" expected more than the largest class, ${largest}, got ${size}`);
  const weights = createResult("classWeights", size ?? largest + 1).fill(1);
  for (const [target, count] of counts) weights[target] = targets / (counts.size * count);
  return weights;
}
