/** Cuts one long text into training windows: several cursors read it, each in a part of its own. */

import { describe, requireInteger, requireOptions } from "../errors.js";
import type { TrainingWindow } from "./training-data.js";

type Tokens = Uint8Array | Uint16Array | Int32Array;

/** Configures `tokenStream`. */
export interface TokenStreamOptions {
  /** B, cursors that read side by side. */
  batch: number;
  /** T, time steps a window. */
  window: number;
}

/** Yields the windows of a stream, from its start each time it is iterated. */
export interface TokenStream extends Iterable<TrainingWindow> {
  /** Windows in an epoch. */
  readonly windows: number;
}

/** Copies the tokens to a plain array of the same type; throws a TypeError for another type. */
function copyTokens(tokens: Tokens): Tokens {
  const type = [Uint8Array, Uint16Array, Int32Array].find((one) => tokens instanceof one);
  if (type === undefined || !ArrayBuffer.isView(tokens)) {
    throw new TypeError(`"tokens" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(tokens)}`);
  }
  // A detached array is empty, but cannot be copied.
  return tokens.byteLength === 0 ? new type() : new type(tokens);
}

/** Returns a copy in the smallest type that holds the tokens; throws a RangeError for a negative one. */
function requireStream(given: Tokens): Tokens {
  const tokens = copyTokens(given);
  let most = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] < 0)
      throw new RangeError(`"tokens" expected tokens of at least 0, got ${tokens[i]} at ${i}`);
    if (tokens[i] > most) most = tokens[i];
  }
  if (most < 0x100) return tokens instanceof Uint8Array ? tokens : new Uint8Array(tokens);
  if (most < 0x1_0000) return tokens instanceof Uint16Array ? tokens : new Uint16Array(tokens);
  return tokens;
}

/**
 * Makes training windows of T steps from a stream of N tokens: B cursors read B contiguous parts of
 * floor(N/B) tokens, and the target of a step is the next token of the same part. The state carries from
 * window to window, and starts anew with the first of each epoch. A part gives floor((floor(N/B) − 1)/T)
 * windows; tokens that fill no part or no window are left out. Every window has arrays of its own:
 * `inputs.tokens` and `targets.classes`, [T, B].
 *
 * Throws a TypeError for tokens of another type, and a RangeError for a negative token or fewer than the B·(T
 * + 1) tokens of one window.
 */
export function tokenStream(tokens: Tokens, options: TokenStreamOptions): TokenStream {
  const stream = requireStream(tokens);
  const { batch, window } = requireOptions("options", options, ["batch", "window"]);
  const B = requireInteger("batch", batch, 1);
  const T = requireInteger("window", window, 1);
  const N = stream.length;
  const part = Math.floor(N / B);
  const windows = Math.floor((part - 1) / T);
  if (windows < 1) {
    throw new RangeError(
      `"tokens" expected at least ${B * (T + 1)} tokens (batch ${B} · (window ${T} + 1)), got ${N}`,
    );
  }
  function cut(index: number): TrainingWindow {
    const inputs = stream.slice(0, T * B);
    const classes = new Int32Array(T * B);
    for (let b = 0; b < B; b++) {
      let from = b * part + index * T;
      for (let to = b; to < T * B; to += B, from++) {
        inputs[to] = stream[from];
        classes[to] = stream[from + 1];
      }
    }
    return { inputs: { steps: T, batch: B, tokens: inputs }, targets: { classes }, carry: index > 0 };
  }
  return {
    windows,
    *[Symbol.iterator]() {
      for (let index = 0; index < windows; index++) yield cut(index);
    },
  };
}
