/** One long text as windows to train on: several cursors, each over a part of its own. */

import { describe, requireInteger, requireObject } from "../errors.js";
import type { TrainingWindow } from "./training-data.js";

type Tokens = Uint8Array | Uint16Array | Int32Array;

export interface TokenStreamOptions {
  /** B: cursors that read side by side. */
  batch: number;
  /** T: steps a window. */
  window: number;
}

/** The windows of a stream, from the start each time they are iterated. */
export interface TokenStream extends Iterable<TrainingWindow> {
  /** Windows an epoch. */
  readonly windows: number;
}

/** A copy, in the type that was given. */
function copyTokens(tokens: Tokens): Tokens {
  const type = [Uint8Array, Uint16Array, Int32Array].find((one) => tokens instanceof one);
  if (type === undefined || !ArrayBuffer.isView(tokens)) {
    throw new TypeError(`"tokens" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(tokens)}`);
  }
  // A detached array is empty, but cannot be copied.
  return tokens.byteLength === 0 ? new type() : new type(tokens);
}

/** A copy of the tokens, none of them negative, in the smallest type that holds them. */
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
 * B cursors over B contiguous parts of floor(N/B) of the stream's N tokens, T steps a window; the target of a step is the next
 * token of the same part. The state carries from window to window, and starts anew with the first of each epoch. A part gives
 * floor((floor(N/B) − 1)/T) windows; tokens that fill no part or no window are left out. Every window has arrays of its own:
 * `inputs.tokens` and `targets.classes`, [T, B].
 *
 * RangeError when there is not one window: that needs B·(T + 1) tokens.
 */
export function tokenStream(tokens: Tokens, options: TokenStreamOptions): TokenStream {
  const stream = requireStream(tokens);
  const { batch, window } = requireObject("options", options);
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
