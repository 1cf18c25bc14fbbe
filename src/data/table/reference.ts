/** Makes the simple forecasts that a network starts from, and has to be better than. */

/**
 * last: the last value. season: the mean of the values so many seasons before. seasonalChange: the last value and the mean of what
 * changed from the same place in the seasons before. drift: the last value and the mean change so far. none: 0.
 */
export type ReferenceKind = "last" | "season" | "seasonalChange" | "drift" | "none";

export const referenceKinds: readonly ReferenceKind[] = ["last", "season", "seasonalChange", "drift", "none"];

/** Says how a simple forecast is made, as plain data. */
export interface Reference {
  readonly kind: ReferenceKind;
  /** Rows of a season; 0 where the kind has none. */
  readonly season: number;
  /** Seasons that are averaged; 0 where the kind has none. */
  readonly seasons: number;
}

/** The most seasons that are averaged: fewer are noisy, more are old. */
const MOST_SEASONS = 3;

/** How much smaller than the last value's error another's must be, to be started from. */
const CLEARLY = 0.75;

/** Rows of a series on which references are compared. */
const COMPARED = 4000;

export const LAST: Reference = { kind: "last", season: 0, seasons: 0 };
export const DRIFT: Reference = { kind: "drift", season: 0, seasons: 0 };
export const NONE: Reference = { kind: "none", season: 0, seasons: 0 };

/** Returns the rows that must lie before an origin. */
export function rowsBefore({ kind, season, seasons }: Reference): number {
  if (kind === "seasonalChange") return season * seasons;
  // The row ahead counts as the first of the season that it repeats.
  return kind === "season" ? season * seasons - 1 : 0;
}

/** Forecasts the row `ahead` behind the row `origin` from what is known there. */
export function refer(values: Float64Array, origin: number, ahead: number, reference: Reference): number {
  const { kind, season, seasons } = reference;
  const last = values[origin];
  switch (kind) {
    case "none":
      return 0;
    case "last":
      return last;
    case "drift":
      return origin === 0 ? last : last + (ahead * (last - values[0])) / origin;
    default: {
      // The same place in the seasons before; behind the first season ahead, the change of whole seasons comes on top.
      const whole = Math.ceil(ahead / season) - 1;
      const place = ahead - season * (whole + 1);
      let sum = 0;
      for (let k = 0; k < seasons; k++) sum += values[origin - k * season + place];
      if (kind === "season") return sum / seasons;
      for (let k = 1; k <= seasons; k++) sum -= values[origin - k * season];
      return last + (sum + whole * (last - values[origin - seasons * season])) / seasons;
    }
  }
}

/** Holds the rows of a series that a choice may look at. */
export interface KnownRows {
  readonly values: Float64Array;
  /** [rows]: 1 where a value was filled in, and no forecast begins or ends. */
  readonly missing: Uint8Array;
  /** The row behind the last one. */
  readonly end: number;
}

/** Returns the mean absolute error up to `horizon` rows ahead, over origins from `first` on. */
export function errorOf(
  { values, missing, end }: KnownRows,
  reference: Reference,
  horizon: number,
  first: number,
): number {
  const every = Math.max(1, Math.floor((end - first) / COMPARED));
  let sum = 0;
  let count = 0;
  for (let origin = first; origin < end; origin += every) {
    if (missing[origin] === 1) continue;
    for (let ahead = 1; ahead <= horizon && origin + ahead < end; ahead++) {
      if (missing[origin + ahead] === 1) continue;
      sum += Math.abs(refer(values, origin, ahead, reference) - values[origin + ahead]);
      count++;
    }
  }
  return count === 0 ? Infinity : sum / count;
}

/** Returns a seasonal reference over as many seasons as leave two whole ones to learn from; undefined for less than one. */
export function seasonal(
  kind: "season" | "seasonalChange",
  season: number,
  rows: number,
): Reference | undefined {
  const seasons = Math.min(MOST_SEASONS, Math.floor(rows / season) - 2);
  return seasons < 1 ? undefined : { kind, season, seasons };
}

/**
 * Returns the simple forecast that does best on known rows, the last value unless another's error is clearly smaller: what is nearly
 * as good leaves the network with more noise to learn.
 */
export function chooseReference(known: KnownRows, horizon: number, seasons: readonly number[]): Reference {
  const candidates = seasons
    .flatMap((season) => [
      seasonal("seasonalChange", season, known.end),
      seasonal("season", season, known.end),
    ])
    .filter((reference) => reference !== undefined);
  const first = Math.max(0, ...candidates.map(rowsBefore));
  const limit = CLEARLY * errorOf(known, LAST, horizon, first);
  let best = { reference: LAST, error: limit };
  for (const reference of candidates) {
    const error = errorOf(known, reference, horizon, first);
    if (error < best.error) best = { reference, error };
  }
  return best.reference;
}
