/** Cuts one long text into training windows: several cursors read it, each in a part of its own. */

import { describe, requireBoolean, requireInteger, requireOptions } from "../errors.js";
import { oneARow, paddingOf, type Padding } from "./pack.js";
import { makeSeekable } from "./seekable.js";
import type { TrainingWindow } from "./training-data.js";

type Tokens = Uint8Array | Uint16Array | Int32Array;

/** Configures `tokenStream`. */
export interface TokenStreamOptions {
  /** B, cursors that read side by side. */
  batch: number;
  /** T, time steps a window. */
  window: number;
  /**
   * Whether the tokens are those of documents, one array each, which lie one after another in the stream; default false, one
   * array.
   */
  pack?: boolean;
}

/** Yields the windows of a stream, from its start each time it is iterated. */
export interface TokenStream extends Iterable<TrainingWindow> {
  /** Windows in an epoch. */
  readonly windows: number;
  /**
   * With `pack`, steps of an epoch that nothing is learned from: in the stream as it is, those without a target, at the
   * documents' last tokens; and the padding of the documents in batches as large, each padded to its longest.
   */
  readonly padding?: Padding;
}

/** Holds one array of tokens; of documents also where each begins, [N], 1 there. */
interface Stream {
  readonly tokens: Tokens;
  readonly starts?: Uint8Array;
}

function isTokens(value: unknown): value is Tokens {
  return (
    ArrayBuffer.isView(value) &&
    (value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Int32Array)
  );
}

/** Copies the tokens to a plain array of the same type; throws a TypeError for another type. */
function copyTokens(name: string, tokens: unknown): Tokens {
  if (!isTokens(tokens))
    throw new TypeError(
      `"${name}" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(tokens)}`,
    );
  const type = [Uint8Array, Uint16Array].find((one) => tokens instanceof one) ?? Int32Array;
  // A detached array is empty, but cannot be copied.
  return tokens.byteLength === 0 ? new type() : new type(tokens);
}

/** Returns a copy in the smallest type that holds the tokens; throws a RangeError for a negative one. */
function requireTokens(name: string, given: unknown): Tokens {
  const tokens = copyTokens(name, given);
  let most = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] < 0)
      throw new RangeError(`"${name}" expected tokens of at least 0, got ${tokens[i]} at ${i}`);
    if (tokens[i] > most) most = tokens[i];
  }
  if (most < 0x100) return tokens instanceof Uint8Array ? tokens : new Uint8Array(tokens);
  if (most < 0x1_0000) return tokens instanceof Uint16Array ? tokens : new Uint16Array(tokens);
  return tokens;
}

/** Returns the tokens of documents, each of one at least, one after another. */
function requireDocuments(given: unknown): Required<Stream> {
  if (!Array.isArray(given)) {
    throw new TypeError(
      `"tokens" expected an array of documents, an array of tokens each, got ${describe(given)}`,
    );
  }
  const documents = Array.from(given as unknown[], (document, i) => {
    const name = `tokens[${i}]`;
    const tokens = requireTokens(name, document);
    if (tokens.length === 0) throw new RangeError(`"${name}" expected at least one token, got none`);
    return tokens;
  });
  const types = [Uint8Array, Uint16Array, Int32Array];
  const type = types.findLast((one) => documents.some((tokens) => tokens instanceof one)) ?? Uint8Array;
  const tokens = new type(documents.reduce((sum, { length }) => sum + length, 0));
  const starts = new Uint8Array(tokens.length);
  let at = 0;
  for (const document of documents) {
    tokens.set(document, at);
    starts[at] = 1;
    at += document.length;
  }
  return { tokens, starts };
}

/** Returns the padding of documents with `starts` that are each a sequence of their own, of a step less than tokens. */
function documentPadding(starts: Uint8Array, batch: number): number {
  const steps: number[] = [];
  starts.forEach((start) => {
    if (start === 1) steps.push(0);
    else steps[steps.length - 1]++;
  });
  return paddingOf(oneARow([...steps.keys()], batch), (document) => steps[document]);
}

/**
 * Makes training windows of T steps from a stream of N tokens: B cursors read B contiguous parts of
 * floor(N/B) tokens, and the target of a step is the next token of the same part. The state carries from
 * window to window, and starts anew with the first of each epoch. A part gives floor((floor(N/B) − 1)/T)
 * windows; tokens that fill no part or no window are left out. Every window has arrays of its own:
 * `inputs.tokens` and `targets.classes`, [T, B].
 *
 * With `pack` the tokens are an array of documents, which lie one after another in the stream: at a document's first token
 * the sequence begins anew (`inputs.resets`), and its last one has no target.
 *
 * Throws a TypeError for tokens of another type, and a RangeError for a negative token or fewer than the B·(T
 * + 1) tokens of one window.
 */
export function tokenStream(tokens: Tokens | readonly Tokens[], options: TokenStreamOptions): TokenStream {
  const { batch, window, pack = false } = requireOptions("options", options, ["batch", "window", "pack"]);
  const { tokens: stream, starts }: Stream = requireBoolean("pack", pack)
    ? requireDocuments(tokens)
    : { tokens: requireTokens("tokens", tokens) };
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
    const resets = starts && new Uint8Array(T * B);
    for (let b = 0; b < B; b++) {
      let from = b * part + index * T;
      for (let to = b; to < T * B; to += B, from++) {
        inputs[to] = stream[from];
        classes[to] = starts?.[from + 1] === 1 ? -1 : stream[from + 1];
        if (resets && starts[from] === 1) resets[to] = 1;
      }
    }
    return {
      inputs: { steps: T, batch: B, tokens: inputs, ...(resets && { resets }) },
      targets: { classes },
      carry: index > 0,
    };
  }
  /** Counts the steps whose next token is another document's. */
  function endsWithin(documents: Uint8Array): number {
    let ends = 0;
    for (let b = 0; b < B; b++) {
      const first = b * part + 1;
      for (const start of documents.subarray(first, first + windows * T)) ends += start;
    }
    return ends;
  }
  function* from(first: number): Generator<TrainingWindow, void> {
    for (let index = first; index < windows; index++) yield cut(index);
  }
  const data: TokenStream = {
    windows,
    ...(starts && { padding: { packed: endsWithin(starts), unpacked: documentPadding(starts, B) } }),
    [Symbol.iterator]: () => from(0),
  };
  makeSeekable(data, { order: 0, windows: () => windows, from: (_, first) => from(first) });
  return data;
}
