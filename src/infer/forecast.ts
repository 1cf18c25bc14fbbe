/** Runs a network on from a series into its future: each output is, or makes, the next input. */

import { isArrayLike } from "../data/token-list.js";
import {
  describe,
  InvalidStateError,
  requireInteger,
  requireLength,
  requireNumber,
  requireOptions,
} from "../errors.js";
import { createResult } from "../network/model/transfer.js";
import type { Network, Session } from "../network/types.js";
import { lookAhead, type Runner } from "./look-ahead.js";

/** Configures `forecast`. */
export interface ForecastOptions {
  /** h, how many steps to look ahead. */
  steps: number;
  /**
   * Makes the next step's [I] inputs of a step's [K] values, where they are not the same: adds what is known of the
   * future, like the calendar. `step` counts from 0, the first that was forecast.
   */
  next?: (values: Float32Array, step: number) => ArrayLike<number>;
  /**
   * The Q levels of the quantiles that the network learned, each in (0, 1), as `quantile({ levels })` was given them: its
   * outputs are then K·Q, target k's level q at k·Q + q.
   */
  levels?: readonly number[];
  /**
   * W: each step reads the last W inputs anew, from a state of zeros, as a network does that learned from windows of that
   * length. Default: the state carries on, and the series is read once; where the network has one output a sequence, all
   * of `history`. Not for a session.
   */
  window?: number;
}

/** Holds what `forecast` found. */
export interface Forecast {
  /** [h, K], K being O or, with `levels`, O/Q: the outputs, or their quantiles at the level nearest 0.5. */
  values: Float32Array;
}

/** Holds what `forecast` found with `levels`. */
export interface QuantileForecast extends Forecast {
  /**
   * [h, K, Q]. A step's quantiles take for granted that the steps before it went as `values` says: from the second step on,
   * what can happen spreads more widely than they do.
   */
  quantiles: Float32Array;
}

/** Says how a row of outputs, [K, Q], becomes values, [K]. */
interface Reading {
  readonly K: number;
  /** 1 without levels. */
  readonly Q: number;
  /** The level that is fed back. */
  readonly middle: number;
}

/** The largest number of single precision. */
const LARGEST_FLOAT = 3.4028234663852886e38;

/** Copies a list of finite numbers. Throws a TypeError or RangeError. */
function copyNumbers(name: string, given: unknown): Float32Array {
  const tokens = given instanceof Uint8Array || given instanceof Uint16Array || given instanceof Int32Array;
  if (!isArrayLike(given) || tokens) {
    const hint = tokens ? ": use `sample` for tokens" : "";
    throw new TypeError(
      `"${name}" expected a Float32Array or a list of numbers, got ${describe(given)}${hint}`,
    );
  }
  const numbers = createResult(name, requireInteger(`${name}.length`, given.length, 0));
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = requireNumber(`${name}[${i}]`, given[i], { least: -LARGEST_FLOAT, most: LARGEST_FLOAT });
  }
  return numbers;
}

function requireReading(levels: unknown, O: number): Reading {
  if (levels === undefined) return { K: O, Q: 1, middle: 0 };
  if (!Array.isArray(levels)) throw new TypeError(`"levels" expected an array, got ${describe(levels)}`);
  const given = Array.from(levels, (level: unknown, q) =>
    requireNumber(`levels[${q}]`, level, { above: 0, below: 1 }),
  );
  const Q = given.length;
  if (Q === 0 || O % Q !== 0) {
    throw new RangeError(`"levels" expected as many levels as divide the network's ${O} outputs, got ${Q}`);
  }
  const distances = given.map((level) => Math.abs(level - 0.5));
  return { K: O / Q, Q, middle: distances.indexOf(Math.min(...distances)) };
}

/** Copies the values out of a row of outputs. Throws an InvalidStateError for one that is not finite. */
function readValues(outputs: Float32Array, { K, Q, middle }: Reading, values: Float32Array): void {
  const unfit = outputs.find((x) => !Number.isFinite(x));
  if (unfit !== undefined) {
    throw new InvalidStateError(
      `the network's outputs are not finite (${unfit}): its parameters or its state diverged`,
    );
  }
  for (let k = 0; k < K; k++) values[k] = outputs[k * Q + middle];
}

/** Returns the function that makes an input of a step's values. Throws a TypeError or RangeError. */
function requireNext(
  next: unknown,
  K: number,
  I: number,
): (values: Float32Array, step: number) => Float32Array {
  if (next === undefined) {
    if (K === I) return (values) => values;
    throw new RangeError(
      `"next" expected a function, got undefined: the network reads ${I} inputs a step and forecasts ${K}, so the others must be made`,
    );
  }
  if (typeof next !== "function") throw new TypeError(`"next" expected a function, got ${describe(next)}`);
  return (values, step) => {
    const made = copyNumbers("next(values, step)", Reflect.apply(next, undefined, [values.slice(), step]));
    requireLength("next(values, step)", made.length, I, `[I=${I}]`);
    return made;
  };
}

/** Runs h steps ahead and fills the results. */
function run(
  runner: Runner,
  steps: number,
  reading: Reading,
  next: (values: Float32Array, step: number) => Float32Array,
): QuantileForecast {
  const { K, Q } = reading;
  const values = createResult("values", steps * K);
  const quantiles = createResult("quantiles", steps * K * Q);
  let outputs = runner.begin();
  for (let step = 0; step < steps; step++) {
    const own = values.subarray(step * K, (step + 1) * K);
    readValues(outputs, reading, own);
    quantiles.set(outputs, step * K * Q);
    if (step + 1 < steps) outputs = runner.step(next(own, step));
  }
  return { values, quantiles };
}

/**
 * Forecasts the `steps` steps that follow a series, for a network whose output at a step is its guess at the next: reads
 * `history`, [T, I] values in time order, and takes each step's values for the next step's inputs. With `next` the caller
 * makes these inputs, where the network reads more than it forecasts, or something else. With `levels`, of a network that
 * learned quantiles, the forecast is the level nearest to the median, and all levels are given too.
 *
 * A network starts from a state of zeros, and stays as it is. A session, of batch 1, goes on from its state, and stands
 * behind `history` afterwards, as if nothing had been forecast: the next call's history is what was observed since. A network
 * with one output a sequence reads the last `window` inputs anew for each step.
 *
 * Throws a TypeError or RangeError for a wrong argument, a network with an embedding (`sample` draws tokens), or a
 * bidirectional one with an output at each step, which has seen the step that it should forecast; an InvalidStateError for
 * outputs that are not finite; what `next` throws. A session's state is then as it was.
 */
export function forecast(
  source: Network | Session,
  history: ArrayLike<number>,
  options: ForecastOptions & { levels: readonly number[] },
): QuantileForecast;
export function forecast(
  source: Network | Session,
  history: ArrayLike<number>,
  options: ForecastOptions,
): Forecast;
export function forecast(
  source: Network | Session,
  history: ArrayLike<number>,
  options: ForecastOptions,
): Forecast | QuantileForecast {
  const given = requireOptions("options", options, ["steps", "next", "levels", "window"]);
  const steps = requireInteger("steps", given.steps, 1);
  const series = copyNumbers("history", history);
  const ahead = lookAhead(source, series, given.window);
  const reading = requireReading(given.levels, ahead.outputs);
  const next = requireNext(given.next, reading.K, ahead.inputSize);
  const { values, quantiles } = ahead.look((runner) => run(runner, steps, reading, next));
  return given.levels === undefined ? { values } : { values, quantiles };
}
