/** The simple forecasts that every other is measured beside. */

import { DRIFT, LAST, rowsBefore, type Reference } from "./reference.js";

/**
 * last: the last value, for all rows ahead. seasonal: the value at the same place of the last season that was over. drift: the straight
 * line from the first value through the last. Where the network corrects one of them, that too: seasonalMean, the mean at the same place
 * of several seasons; seasonalChange, the last value and the mean change from there in several seasons.
 */
export type BaselineKind = "last" | "seasonal" | "seasonalMean" | "seasonalChange" | "drift";

/** Names a simple forecast. */
export interface ForecastBaseline {
  readonly kind: BaselineKind;
  /** Rows of the season; undefined for kinds without. */
  readonly season?: number;
  /** How many seasons are averaged; undefined for kinds that average none. */
  readonly seasons?: number;
}

export interface Baseline {
  readonly name: ForecastBaseline;
  readonly reference: Reference;
}

/** Returns what a network corrects, where that is no baseline of every forecast. */
function ownBaseline(reference: Reference): Baseline[] {
  const { kind, season, seasons } = reference;
  if (kind === "seasonalChange") return [{ name: { kind, season, seasons }, reference }];
  if (kind === "season" && seasons > 1)
    return [{ name: { kind: "seasonalMean", season, seasons }, reference }];
  return [];
}

/** Returns the baselines that can be made from the row `origin` on. */
export function baselinesAt(
  origin: number,
  { seasons, reference }: { readonly seasons: readonly number[]; readonly reference: Reference },
): Baseline[] {
  const repeated = seasons.map((season): Baseline => {
    return { name: { kind: "seasonal", season }, reference: { kind: "season", season, seasons: 1 } };
  });
  return [
    { name: { kind: "last" }, reference: LAST },
    ...[...repeated, ...ownBaseline(reference)].filter((one) => rowsBefore(one.reference) <= origin),
    { name: { kind: "drift" }, reference: DRIFT },
  ];
}
