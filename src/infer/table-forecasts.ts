/** Forecasts tables in their own units, beside simple forecasts. */

import type { ForecastBaseline } from "../data/table/baselines.js";
import { ForecastCodec } from "../data/table/forecast-codec.js";
import { ForecastPart, nextOrigin, type ForecastInputs } from "../data/table/forecast-part.js";
import type { ForecastTable } from "../data/table/series.js";
import { describe, InvalidStateError } from "../errors.js";
import { requireNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import { predict } from "./predict.js";

/** Holds how far forecasts are from what came, in the target's units; NaN where `count` is 0. */
export interface ForecastError {
  /** Values that were forecast and are known. */
  readonly count: number;
  readonly meanAbsoluteError: number;
  readonly rootMeanSquaredError: number;
}

/** Holds how far forecasts are from what came, over all rows ahead. */
export interface ForecastErrors extends ForecastError {
  /** [H]: of the forecasts 1 to H rows ahead alone. */
  readonly byLead: readonly ForecastError[];
}

/** Holds what `measureForecasts` found. */
export interface ForecastMeasurement extends ForecastErrors {
  /** Those of the simple forecasts, from the same rows for the same rows. */
  readonly baselines: readonly (ForecastBaseline & ForecastErrors)[];
  /** [N, H]: the forecasts from each of the part's origins, in the target's units. */
  readonly forecasts: Float64Array;
}

/** Holds what `forecastNext` found. */
export interface NextForecast {
  /** [H], in the target's units. */
  readonly values: Float64Array;
  /** [H], in milliseconds since 1970; undefined where the table has no dates, or none that are evenly apart. */
  readonly dates: Float64Array | undefined;
  /** The simple forecasts, [H] values each. */
  readonly baselines: readonly (ForecastBaseline & { readonly values: Float64Array })[];
}

/** Forecasts that are made at a time. */
const BATCH = 64;

/** Throws a RangeError for a network of another shape. */
function requireShape(network: Network, inputs: number, outputs: number): void {
  const { inputSize, outputSize, output, embeddingSize } = requireNetwork(network).options;
  if (inputSize === inputs && outputSize === outputs && output === "sequence" && embeddingSize === 0) return;
  throw new RangeError(
    `"network" expected inputSize ${inputs}, outputSize ${outputs}, output "sequence" and no embedding, as the codec says, ` +
      `got ${inputSize}, ${outputSize}, ${describe(output)}` +
      (embeddingSize === 0 ? "" : ` and an embedding of ${embeddingSize}`),
  );
}

/** Returns outputs, [H] each. Throws an InvalidStateError for those that are not finite. */
function outputsOf(network: Network, items: ForecastInputs[]): Float32Array[] {
  const outputs = predict(network, items, { batch: BATCH });
  if (outputs.some((one) => one.some((x) => !Number.isFinite(x))))
    throw new InvalidStateError("the network's outputs are not finite: its parameters diverged");
  return outputs;
}

/** Sums up errors by rows ahead. */
class ErrorSums {
  private readonly counts: Float64Array;
  private readonly absolute: Float64Array;
  private readonly squares: Float64Array;

  constructor(horizon: number) {
    this.counts = new Float64Array(horizon);
    this.absolute = new Float64Array(horizon);
    this.squares = new Float64Array(horizon);
  }

  add(forecast: Float64Array, actual: Float64Array): void {
    actual.forEach((value, h) => {
      if (Number.isNaN(value)) return;
      const error = forecast[h] - value;
      this.counts[h]++;
      this.absolute[h] += Math.abs(error);
      this.squares[h] += error * error;
    });
  }

  read(): ForecastErrors {
    const error = (count: number, absolute: number, squares: number): ForecastError => {
      return { count, meanAbsoluteError: absolute / count, rootMeanSquaredError: Math.sqrt(squares / count) };
    };
    const [count, absolute, squares] = [this.counts, this.absolute, this.squares].map((sums) =>
      sums.reduce((sum, x) => sum + x, 0),
    );
    return {
      ...error(count, absolute, squares),
      byLead: Array.from(this.counts, (n, h) => error(n, this.absolute[h], this.squares[h])),
    };
  }
}

/**
 * Measures a network's forecasts over a part of a table beside the simple ones: each is made from what was known at its origin, and
 * compared with what came, in the target's units. The network stays as it is. Throws a TypeError or RangeError for a network of another
 * shape than the part's codec says, a RangeError for a part without forecasts, an InvalidStateError for outputs that are not finite.
 */
export function measureForecasts(network: Network, part: ForecastPart): ForecastMeasurement {
  if (!(part instanceof ForecastPart)) {
    throw new TypeError(
      `"part" expected a part of forecastData, or what codec.read returned, got ${describe(part)}`,
    );
  }
  const [N, H] = [part.origins.length, part.horizon];
  requireShape(network, part.inputSize, H);
  if (N === 0) throw new RangeError(`"part" expected at least one row to be forecast, got none`);
  const baselines = part.baselines().map((baseline) => ({ baseline, sums: new ErrorSums(H) }));
  const own = new ErrorSums(H);
  const forecasts = new Float64Array(N * H);
  for (let from = 0; from < N; from += BATCH) {
    outputsOf(network, part.items(from, from + BATCH)).forEach((outputs, b) => {
      const actual = part.actual(from + b);
      const forecast = part.toUnits(from + b, outputs);
      own.add(forecast, actual);
      forecasts.set(forecast, (from + b) * H);
      for (const { baseline, sums } of baselines) sums.add(part.baseline(baseline, from + b), actual);
    });
  }
  return {
    ...own.read(),
    baselines: baselines.map(({ baseline, sums }) => ({ ...baseline.name, ...sums.read() })),
    forecasts,
  };
}

/**
 * Forecasts the H rows that follow a table, with the simple forecasts beside. The network stays as it is. Throws a TypeError or RangeError
 * for a wrong table, which names the column and the row, and for a network of another shape than the codec says; an InvalidStateError
 * for outputs that are not finite.
 */
export function forecastNext(network: Network, codec: ForecastCodec, table: ForecastTable): NextForecast {
  if (!(codec instanceof ForecastCodec))
    throw new TypeError(`"codec" expected a ForecastCodec, got ${describe(codec)}`);
  requireShape(network, codec.inputSize, codec.outputSize);
  const { inputs, toUnits, dates, baselines } = nextOrigin(codec.readAll(table));
  const [outputs] = outputsOf(network, [inputs]);
  return {
    values: toUnits(outputs),
    dates,
    baselines: baselines.map(({ name, values }) => ({ ...name, values })),
  };
}
