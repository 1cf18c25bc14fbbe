/** What turns a table into a network's inputs and its outputs into a forecast, as plain data that goes into the model's file. */

import {
  describe,
  requireBoolean,
  requireChoice,
  requireInteger,
  requireNumber,
  requireObject,
  requireOptions,
} from "../../errors.js";
import { cycles, type Cycle } from "./calendar.js";
import type { Interval } from "./dates.js";
import { fills, type Fill } from "./missing.js";
import { referenceKinds, type Reference } from "./reference.js";
import { requireScaling, type Scaling } from "./scaling.js";

/**
 * What an input says of a row. level: the target. surprise: how far the target was from the reference forecast of the row before.
 * feature: another column. sine, cosine: of a cycle.
 */
export type ChannelSource = "level" | "surprise" | "feature" | "sine" | "cosine";

const sources: readonly ChannelSource[] = ["level", "surprise", "feature", "sine", "cosine"];

/** One of a network's inputs. */
export interface Channel {
  readonly source: ChannelSource;
  /** The feature's or the cycle's name; "" otherwise. */
  readonly name: string;
  readonly scaling: Scaling;
}

/** All that a forecast needs besides the network. */
export interface ForecastRecipe {
  /** H, the rows ahead that are forecast, an output each. */
  readonly horizon: number;
  /** T, the rows that are read for a forecast. */
  readonly lookback: number;
  readonly features: readonly string[];
  /** Whether rows have dates that are read. */
  readonly dated: boolean;
  /** Undefined for rows without dates, or with dates that are not evenly apart. */
  readonly interval?: Interval | undefined;
  readonly fill: Fill;
  /** Whether the logarithm of the target is forecast. */
  readonly logarithm: boolean;
  /** The simple forecast that the outputs are added to. */
  readonly reference: Reference;
  /** [I]. */
  readonly channels: readonly Channel[];
  /** [H]: of what is left of the target beside the reference. */
  readonly outputs: readonly Scaling[];
  /** Rows of the seasons that baselines are made of. */
  readonly seasons: readonly number[];
}

const names = [
  "horizon",
  "lookback",
  "features",
  "dated",
  "interval",
  "fill",
  "logarithm",
  "reference",
  "channels",
  "outputs",
  "seasons",
] as const;

/** The most rows that anything may span. */
export const MOST_ROWS = 1e6;

function requireArray(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`"${name}" expected an array, got ${describe(value)}`);
  return Array.from<unknown>(value);
}

function requireText(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`"${name}" expected a string, got ${describe(value)}`);
  return value;
}

function requireReference(given: Reference): Reference {
  const { kind, season, seasons } = requireOptions("reference", given, ["kind", "season", "seasons"]);
  const least = kind === "season" || kind === "seasonalChange" ? 1 : 0;
  return {
    kind: requireChoice("reference.kind", kind, referenceKinds),
    season: requireInteger("reference.season", season, least, MOST_ROWS),
    seasons: requireInteger("reference.seasons", seasons, least, 1000),
  };
}

function requireChannel(name: string, value: unknown, features: readonly string[], dated: boolean): Channel {
  const given = requireObject(name, value as Channel);
  const { source, name: of, scaling } = requireOptions(name, given, ["source", "name", "scaling"]);
  const checked = requireChoice(`${name}.source`, source, sources);
  const cyclic = checked === "sine" || checked === "cosine";
  if (cyclic && !dated)
    throw new RangeError(`"${name}" expected no cycle, without dates, got ${describe(of)}`);
  if (checked === "feature") requireChoice(`${name}.name`, of, features);
  if (cyclic) requireChoice<Cycle>(`${name}.name`, of, cycles);
  return {
    source: checked,
    name: requireText(`${name}.name`, of),
    scaling: requireScaling(`${name}.scaling`, scaling),
  };
}

function requireInterval(given: Interval | undefined): Interval | undefined {
  if (given === undefined) return undefined;
  const { unit, count } = requireOptions("interval", given, ["unit", "count"]);
  requireChoice("interval.unit", unit, ["month", "millisecond"]);
  return {
    unit,
    count:
      unit === "month"
        ? requireInteger("interval.count", count, 1, MOST_ROWS)
        : requireNumber("interval.count", count, { above: 0 }),
  };
}

/** Returns a checked copy. Throws a TypeError or RangeError that names the field. */
export function requireRecipe(given: ForecastRecipe): ForecastRecipe {
  const recipe = requireOptions("recipe", given, names);
  const horizon = requireInteger("horizon", recipe.horizon, 1, MOST_ROWS);
  const dated = requireBoolean("dated", recipe.dated);
  const interval = requireInterval(recipe.interval);
  if (interval !== undefined && !dated)
    throw new RangeError(`"interval" expected undefined without dates, got ${describe(interval)}`);
  const features = requireArray("features", recipe.features).map((one, i) =>
    requireText(`features[${i}]`, one),
  );
  const channels = requireArray("channels", recipe.channels).map((one, i) =>
    requireChannel(`channels[${i}]`, one, features, dated),
  );
  if (channels.length === 0) throw new RangeError(`"channels" expected at least one input, got none`);
  const outputs = requireArray("outputs", recipe.outputs).map((one, h) =>
    requireScaling(`outputs[${h}]`, requireObject(`outputs[${h}]`, one as Scaling)),
  );
  if (outputs.length !== horizon)
    throw new RangeError(`"outputs" expected ${horizon} scalings, one a row ahead, got ${outputs.length}`);
  return {
    horizon,
    lookback: requireInteger("lookback", recipe.lookback, 1, MOST_ROWS),
    features,
    dated,
    ...(interval !== undefined && { interval }),
    fill: requireChoice("fill", recipe.fill, fills),
    logarithm: requireBoolean("logarithm", recipe.logarithm),
    reference: requireReference(recipe.reference),
    channels,
    outputs,
    seasons: requireArray("seasons", recipe.seasons).map((one, i) =>
      requireInteger(`seasons[${i}]`, one, 1, MOST_ROWS),
    ),
  };
}
