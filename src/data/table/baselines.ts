/** The simple forecasts that every other is measured beside. */

import { DRIFT, LAST, rowsBefore, type Reference } from "./reference.js";

/**
 * last: the last value, for all rows ahead. seasonal: the value at the same place of the last season that was over. drift: the straight
 * line from the first value through the last.
 */
export type BaselineKind = "last" | "seasonal" | "drift";

/** Names a simple forecast. */
export interface ForecastBaseline {
  readonly kind: BaselineKind;
  /** Rows of the season; undefined for the other kinds. */
  readonly season?: number;
}

export interface Baseline extends ForecastBaseline {
  readonly reference: Reference;
}

/** Returns the baselines that can be made from the row `origin` on. */
export function baselinesAt(origin: number, seasons: readonly number[]): Baseline[] {
  const repeated = seasons
    .map((season): Baseline => {
      return { kind: "seasonal", season, reference: { kind: "season", season, seasons: 1 } };
    })
    .filter(({ reference }) => rowsBefore(reference) <= origin);
  return [{ kind: "last", reference: LAST }, ...repeated, { kind: "drift", reference: DRIFT }];
}
