/** Which values a sweep's trials have: all combinations, or some that are drawn. */

import { exponential } from "../../elementary.js";
import { naturalLogarithm, Random } from "../../random.js";
import type { Dimension, ListDimension, RangeDimension } from "./dimensions.js";

export interface Trial {
  /** From 1. */
  readonly number: number;
  /** Values of the options that are varied, as they are typed. */
  readonly options: Readonly<Record<string, string>>;
}

/** Digits of drawn decimals, so that they are short to type; a range too narrow for that has all of them. */
const DIGITS = 3;
const MOST_DIGITS = 15;

/** Draws one after another that are all known before, after which there are taken to be no others. */
const PATIENCE = 1000;

/** Returns the number of all combinations of lists. */
export function gridSize(lists: readonly ListDimension[]): number {
  return lists.reduce((size, { values }) => size * values.length, 1);
}

/** Returns all combinations of lists, of which the last changes from each to the next. */
export function gridTrials(lists: readonly ListDimension[]): Trial[] {
  let grid: Record<string, string>[] = [{}];
  for (const { name, values } of lists)
    grid = grid.flatMap((options) => values.map((value) => ({ ...options, [name]: value })));
  return grid.map((options, i) => ({ number: i + 1, options }));
}

function drawNumber({ low, high, whole, even }: RangeDimension, random: Random): number {
  // Each whole number has what rounds to it.
  const half = whole ? 0.5 : 0;
  const [from, to] = [low - half, high + half];
  const share = random.uniform();
  const [first, last] = even ? [from, to] : [naturalLogarithm(from), naturalLogarithm(to)];
  const at = first + share * (last - first);
  const drawn = even ? at : exponential(at);
  const digits = high - low < 0.1 * Math.max(Math.abs(low), Math.abs(high)) ? MOST_DIGITS : DIGITS;
  const rounded = whole ? Math.round(drawn) : Number(drawn.toPrecision(digits));
  // Never -0.
  return Math.min(high, Math.max(low, rounded)) + 0;
}

function draw(dimension: Dimension, random: Random): string {
  if (dimension.kind === "list") return dimension.values[random.integer(dimension.values.length)];
  return String(drawNumber(dimension, random));
}

/**
 * Draws `count` different combinations, fewer where there are no more. The same seed gives the same ones, and a greater count the same
 * ones first. A dimension's values do not depend on those behind it.
 */
export function drawnTrials(dimensions: readonly Dimension[], count: number, seed: number): Trial[] {
  const randoms = dimensions.map((_, i) => new Random(seed, i + 1));
  const known = new Set<string>();
  const trials: Trial[] = [];
  for (let missed = 0; trials.length < count && missed < PATIENCE;) {
    const values = dimensions.map((dimension, i) => draw(dimension, randoms[i]));
    const key = values.join(",");
    if (known.has(key)) {
      missed++;
      continue;
    }
    missed = 0;
    known.add(key);
    const options = Object.fromEntries(dimensions.map(({ name }, i) => [name, values[i]]));
    trials.push({ number: trials.length + 1, options });
  }
  return trials;
}
