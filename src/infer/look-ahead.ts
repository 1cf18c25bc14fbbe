/** Runs a network step by step behind a series. */

import { describe, requireInteger, requireObject } from "../errors.js";
import { requireNetwork, RecurrentNetwork } from "../network/network.js";
import { outputWidth } from "../network/sizes.js";
import type { CompleteOptions, ForwardResult, Network, Session, State } from "../network/types.js";

/** Gives the outputs after a series, and after each further step. */
export interface Runner {
  /** Returns the [O] outputs at the end of the series. */
  begin(): Float32Array;
  /** Returns the [O] outputs after one more step of [I] inputs. */
  step(inputs: Float32Array): Float32Array;
}

/** Holds what a network takes and gives a step, and runs it. */
export interface Ahead {
  /** I. */
  readonly inputSize: number;
  /** O. */
  readonly outputs: number;
  /** Lends a runner, whose memory goes back afterwards. */
  look<Result>(use: (runner: Runner) => Result): Result;
}

function requireValuesNetwork(options: CompleteOptions): void {
  if (options.embeddingSize > 0) {
    throw new RangeError(
      `"source" expected a network that reads values, got one with an embedding: use \`sample\` for tokens`,
    );
  }
}

/** Returns T. Throws a RangeError unless the series is [T, I] with at least one step. */
function requireSeries(series: Float32Array, I: number): number {
  if (series.length === 0 || series.length % I !== 0) {
    throw new RangeError(
      `"history" expected at least one step of ${I} values ([T, I=${I}]), got ${series.length} values`,
    );
  }
  return series.length / I;
}

/**
 * Returns the outputs of the last step, or of the whole sequence, [O], and the final state. Throws a DisposedError: what makes the
 * inputs is the caller's.
 */
function runWindow(network: RecurrentNetwork, array: Float32Array, initial?: State): ForwardResult {
  network.requireAlive();
  const { options } = network;
  const { outputs, state } = network.forwardInputs(
    {
      steps: array.length / options.inputSize,
      batch: 1,
      kind: "values",
      array,
      lengths: undefined,
      resets: undefined,
    },
    initial,
    { training: false, keepTape: false, hidden: false },
  );
  return { outputs: outputs.slice(outputs.length - outputWidth(options)), state };
}

/** Carries the state on. */
function carry(network: RecurrentNetwork, series: Float32Array, initial?: State): Ahead["look"] {
  return (use) => {
    const { outputs, state } = runWindow(network, series, initial);
    const session = network.session({ state });
    try {
      return use({ begin: () => outputs, step: (inputs) => session.step(inputs) });
    } finally {
      session.dispose();
    }
  };
}

/** Runs a network anew on the last steps before each output. */
function slide(network: RecurrentNetwork, series: Float32Array, window: number): Ahead["look"] {
  const I = network.options.inputSize;
  const inputs = series.slice(series.length - window * I);
  return (use) =>
    use({
      begin: () => runWindow(network, inputs).outputs,
      step(latest) {
        inputs.copyWithin(0, I);
        inputs.set(latest, inputs.length - I);
        return runWindow(network, inputs).outputs;
      },
    });
}

/**
 * Runs ahead of a session in memory of its own, since a session that learns would forget when its state is set; then steps the
 * session itself through the series.
 */
function fork(session: Session, network: RecurrentNetwork, series: Float32Array): Ahead["look"] {
  const I = network.options.inputSize;
  return (use) => {
    const result = carry(network, series, session.state)(use);
    for (let at = 0; at < series.length; at += I) session.step(series.subarray(at, at + I));
    return result;
  };
}

function aheadOfNetwork(network: RecurrentNetwork, series: Float32Array, window: unknown): Ahead {
  network.requireAlive();
  const { options } = network;
  requireValuesNetwork(options);
  const steps = requireSeries(series, options.inputSize);
  const given = window === undefined ? undefined : requireInteger("window", window, 1, steps);
  const pooled = options.output === "sequence";
  if (options.bidirectional && !pooled) {
    throw new RangeError(
      `"source" expected a network of one direction, or of one output a sequence, got a bidirectional one with ` +
        `an output at each step: that has seen the next step`,
    );
  }
  const W = given ?? (pooled ? steps : undefined);
  const look = W === undefined ? carry(network, series) : slide(network, series, W);
  return { inputSize: options.inputSize, outputs: outputWidth(options), look };
}

function aheadOfSession(session: Session, series: Float32Array, window: unknown): Ahead {
  const network = requireNetwork(session.network);
  const { options } = network;
  requireValuesNetwork(options);
  if (session.batch !== 1) throw new RangeError(`"source" expected a batch of 1, got ${session.batch}`);
  if (window !== undefined) {
    throw new RangeError(
      `"window" expected none for a session, which carries its state on, got ${describe(window)}`,
    );
  }
  requireSeries(series, options.inputSize);
  return {
    inputSize: options.inputSize,
    outputs: outputWidth(options),
    look: fork(session, network, series),
  };
}

/** Returns what runs behind a series, [T, I]. Throws a TypeError or RangeError. */
export function lookAhead(source: Network | Session, series: Float32Array, window: unknown): Ahead {
  requireObject("source", source);
  if (source instanceof RecurrentNetwork) return aheadOfNetwork(source, series, window);
  const given: Partial<Session> = source;
  if (typeof given.step !== "function" || given.network === undefined) {
    throw new TypeError(
      `"source" expected a network made by createNetwork or a session of one, got ${describe(source)}`,
    );
  }
  return aheadOfSession(source as Session, series, window);
}
