/** The forecasts that can be made over a part of a series, as windows to train on and as inputs to predict from. */

import { requireBoolean, requireInteger, requireOptions } from "../../errors.js";
import { exponential } from "../../elementary.js";
import { Random } from "../../random.js";
import { LARGEST } from "../items.js";
import type { TrainingWindow } from "../training-data.js";
import { baselinesAt, type Baseline } from "./baselines.js";
import { firstOrigin } from "./channels.js";
import { later } from "./dates.js";
import type { ForecastRecipe } from "./recipe.js";
import { refer } from "./reference.js";
import type { Series } from "./series.js";

/** Configures `ForecastPart.windows`. */
export interface ForecastWindowsOptions {
  /** Forecasts in a batch; the last one of an epoch may have fewer. */
  batch: number;
  /** Whether each epoch has a new order; default false. */
  shuffle?: boolean;
  /** Seed of the orders, any safe integer; default 0. */
  seed?: number;
}

/** Holds a series with all that a network reads of it. */
export interface ReadSeries {
  readonly recipe: ForecastRecipe;
  readonly series: Series;
  /** [N, I]. */
  readonly inputs: Float32Array;
}

/** Holds the forecasts of a part of a table, one for each row, its origin, that has enough rows before it. */
export class ForecastPart {
  /** H, the rows ahead of each origin that are forecast. */
  readonly horizon: number;
  /** The rows that forecasts are made from, in the order of time, as they are counted with those that were filled in. */
  readonly origins: Int32Array;
  /** The row behind the last target. */
  readonly end: number;
  private readonly read: ReadSeries;
  private readonly first: number;

  /** @internal Takes the forecasts with a target from row `first` to before row `end`. */
  constructor(read: ReadSeries, first: number, end: number) {
    this.read = read;
    this.horizon = read.recipe.horizon;
    this.first = first;
    this.end = end;
    const origins = [];
    for (let origin = Math.max(firstOrigin(read.recipe), first - this.horizon); origin < end - 1; origin++) {
      if (read.series.ahead[origin] === 0 && this.hasTarget(origin)) origins.push(origin);
    }
    this.origins = Int32Array.from(origins);
  }

  /** Returns the rows' dates, [N], in milliseconds since 1970, with those that were filled in; undefined without dates. */
  get dates(): Float64Array | undefined {
    return this.read.series.times?.slice();
  }

  /** Returns the values that came after the origin in place `i`, [H]; NaN for those that are missing or in another part. */
  actual(i: number): Float64Array {
    const origin = this.origins[requireInteger("i", i, 0, this.origins.length - 1)];
    return Float64Array.from({ length: this.horizon }, (_, h) =>
      this.isTarget(origin + 1 + h) ? this.read.series.values[origin + 1 + h] : NaN,
    );
  }

  /**
   * Returns the forecasts as windows for `train` and `evaluate`, for a network with `output: "sequence"`: inputs [T, B, I], targets
   * [B, H], scaled. They are made as they are asked for, each epoch anew. Throws a TypeError or RangeError that names the option.
   */
  windows(options: ForecastWindowsOptions): Iterable<TrainingWindow> {
    const given = requireOptions("options", options, ["batch", "shuffle", "seed"]);
    const batch = requireInteger("batch", given.batch, 1, LARGEST);
    const shuffle = requireBoolean("shuffle", given.shuffle ?? false);
    const seed = requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER);
    let epochs = 0;
    return {
      [Symbol.iterator]: () => this.batches(batch, shuffle ? new Random(seed, epochs++) : undefined),
    };
  }

  /** @internal I, the values that a network reads of a row. */
  get inputSize(): number {
    return this.read.recipe.channels.length;
  }

  /** @internal Returns what a network reads for the forecasts in the places from `from` to before `to`. */
  items(from = 0, to = this.origins.length): ForecastInputs[] {
    return Array.from(this.origins.subarray(from, to), (origin) => inputsAt(this.read, origin));
  }

  /** @internal Returns a network's outputs, [H], for the forecast in place `i`, in the table's units. */
  toUnits(i: number, outputs: Float32Array): Float64Array {
    return toUnits(this.read, this.origins[i], outputs);
  }

  /** @internal Returns the baselines that can be made of all forecasts. */
  baselines(): Baseline[] {
    return this.origins.length === 0 ? [] : baselinesAt(this.origins[0], this.read.recipe);
  }

  /** @internal Returns a baseline's forecast in place `i`, [H]. */
  baseline({ reference }: Baseline, i: number): Float64Array {
    return baselineAt(this.read, this.origins[i], reference);
  }

  private *batches(batch: number, random: Random | undefined): Generator<TrainingWindow, void> {
    const order = this.origins.slice();
    if (random !== undefined) {
      for (let i = order.length - 1; i > 0; i--) {
        const j = random.integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
    }
    for (let at = 0; at < order.length; at += batch) yield this.join(order.subarray(at, at + batch));
  }

  /** Puts forecasts side by side. */
  private join(origins: Int32Array): TrainingWindow {
    const { recipe, series, inputs } = this.read;
    const { horizon: H, lookback: T, outputs, reference } = recipe;
    const I = recipe.channels.length;
    const B = origins.length;
    const values = new Float32Array(T * B * I);
    const targets = new Float32Array(B * H);
    origins.forEach((origin, b) => {
      for (let t = 0; t < T; t++) {
        const from = (origin - T + 1 + t) * I;
        values.set(inputs.subarray(from, from + I), (t * B + b) * I);
      }
      outputs.forEach(({ offset, factor }, h) => {
        const row = origin + 1 + h;
        targets[b * H + h] = this.isTarget(row)
          ? (series.plain[row] - refer(series.plain, origin, 1 + h, reference) - offset) / factor
          : NaN;
      });
    });
    return { inputs: { steps: T, batch: B, values }, targets: { values: targets } };
  }

  private isTarget(row: number): boolean {
    return row >= this.first && row < this.end && this.read.series.absent[row] === 0;
  }

  private hasTarget(origin: number): boolean {
    for (let row = origin + 1; row <= origin + this.horizon; row++) if (this.isTarget(row)) return true;
    return false;
  }
}

/** What `predict` takes: [T, I] values. */
export interface ForecastInputs {
  readonly steps: number;
  readonly values: Float32Array;
}

function inputsAt({ recipe: { lookback, channels }, inputs }: ReadSeries, origin: number): ForecastInputs {
  const width = channels.length;
  return { steps: lookback, values: inputs.slice((origin - lookback + 1) * width, (origin + 1) * width) };
}

function toUnits({ recipe, series }: ReadSeries, origin: number, given: Float32Array): Float64Array {
  const { outputs, reference, logarithm } = recipe;
  const plain = Float64Array.from(outputs, ({ offset, factor }, h) => {
    return given[h] * factor + offset + refer(series.plain, origin, 1 + h, reference);
  });
  return logarithm ? plain.map(exponential) : plain;
}

function baselineAt(
  { recipe, series }: ReadSeries,
  origin: number,
  reference: Baseline["reference"],
): Float64Array {
  return Float64Array.from({ length: recipe.horizon }, (_, h) =>
    refer(series.values, origin, 1 + h, reference),
  );
}

/** The forecast of what comes behind a series' last row. */
export interface NextOrigin {
  readonly inputs: ForecastInputs;
  readonly toUnits: (outputs: Float32Array) => Float64Array;
  /** [H] dates; undefined where rows have none, or are not evenly apart. */
  readonly dates: Float64Array | undefined;
  readonly baselines: readonly (Baseline & { readonly values: Float64Array })[];
}

/** Returns the forecast from the last row on. Throws a RangeError for a series that is too short. */
export function nextOrigin(read: ReadSeries): NextOrigin {
  const { recipe, series } = read;
  const origin = series.values.length - 1;
  const first = firstOrigin(recipe);
  if (origin < first)
    throw new RangeError(`"target" expected at least ${first + 1} rows to forecast from, got ${origin + 1}`);
  const { times, interval } = series;
  return {
    inputs: inputsAt(read, origin),
    toUnits: (outputs) => toUnits(read, origin, outputs),
    dates:
      times === undefined || interval === undefined
        ? undefined
        : Float64Array.from(
            recipe.outputs,
            // From the first row on: the last one may be the 29th of February, where the others are the 31st.
            (_, h) => later(times[0], origin + 1 + h, interval),
          ),
    baselines: baselinesAt(origin, recipe).map((baseline) => {
      return { ...baseline, values: baselineAt(read, origin, baseline.reference) };
    }),
  };
}
