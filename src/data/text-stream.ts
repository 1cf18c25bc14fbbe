/** Makes training windows of a text that is read while it is learned from, and never whole in memory. */

import { describe, requireInteger, requireMethods, requireOptions } from "../errors.js";
import { readText, requireSource, type TextSource } from "./text-source.js";
import { tokenStream } from "./token-stream.js";
import type { TrainingWindow } from "./training-data.js";
import { requireUnknown, type EncodeOptions, type PartEncoder, type Vocabulary } from "./vocabulary.js";

/** Configures `textStream`. */
export interface TextStreamOptions extends EncodeOptions {
  /** B, cursors that read side by side. */
  batch: number;
  /** T, time steps a window. */
  window: number;
  /**
   * Tokens of a stretch, rounded down to B cursors' whole windows and the last target; at least B·(T + 1), those of one window.
   * Default 2^20, or more where one window has more.
   */
  stretch?: number;
}

type Tokens = Uint8Array | Uint16Array | Int32Array;

const LARGEST = 0x7fff_ffff;
const STRETCH = 0x10_0000;

/** Characters that a tokenizer from elsewhere gets at a time, and the most where they have no white space. */
const USUAL_LENGTH = 0x1_0000;
const LONGEST = 0x10_0000;

const SPACE = /\s/u;

/**
 * Returns where the last white space begins that something stands before; 0 where there is none. None of it ends at or before
 * index `from`.
 */
function lastSpace(text: string, from: number): number {
  let at = text.length;
  while (at > from && !SPACE.test(text[at - 1])) at--;
  if (at === from) return 0;
  while (at > 0 && SPACE.test(text[at - 1])) at--;
  return at;
}

/** Encodes with a tokenizer that knows nothing of parts: it gets long ones, which begin with white space. */
class SpacedEncoder implements PartEncoder {
  private readonly vocabulary: Vocabulary;
  private readonly options: EncodeOptions | undefined;
  private held = "";

  constructor(vocabulary: Vocabulary, options: EncodeOptions | undefined) {
    this.vocabulary = vocabulary;
    this.options = options;
  }

  encode(part: string): Int32Array {
    // What was long enough before was searched, and had no white space to end at.
    const searched = this.held.length < USUAL_LENGTH ? 0 : this.held.length;
    this.held += part;
    if (this.held.length < USUAL_LENGTH) return new Int32Array();
    const space = lastSpace(this.held, searched);
    if (space > 0) return this.encodeTo(space);
    return this.held.length < LONGEST ? new Int32Array() : this.encodeTo(this.held.length);
  }

  finish(): Int32Array {
    return this.held === "" ? new Int32Array() : this.encodeTo(this.held.length);
  }

  private encodeTo(end: number): Int32Array {
    const text = this.held.slice(0, end);
    this.held = this.held.slice(end);
    const { vocabulary, options } = this;
    return options === undefined ? vocabulary.encode(text) : vocabulary.encode(text, options);
  }
}

function requireVocabulary(given: Vocabulary): Vocabulary {
  requireMethods("vocabulary", "a vocabulary", given, ["encode", "decode"]);
  requireInteger("vocabulary.size", given.size, 1, LARGEST);
  return given;
}

/** Returns the tokens that a vocabulary, maybe from elsewhere, gave. Throws a TypeError or RangeError. */
function requireTokens(given: unknown, size: number): Int32Array {
  if (!(given instanceof Int32Array && ArrayBuffer.isView(given)))
    throw new TypeError(`"vocabulary" expected to encode to an Int32Array, got ${describe(given)}`);
  for (const token of given) {
    if (token < 0 || token >= size)
      throw new RangeError(`"vocabulary" expected to encode to tokens from 0 to ${size - 1}, got ${token}`);
  }
  return given;
}

/** Yields the tokens of a text, part by part. */
async function* readTokens(
  source: TextSource,
  vocabulary: Vocabulary,
  options: EncodeOptions | undefined,
): AsyncGenerator<Int32Array, void> {
  const encoder = vocabulary.encoder?.(options) ?? new SpacedEncoder(vocabulary, options);
  const { size } = vocabulary;
  for await (const part of readText(source)) yield requireTokens(encoder.encode(part), size);
  yield requireTokens(encoder.finish(), size);
}

/** Returns room for tokens, in the smallest type that holds them. */
function createRoom(size: number, length: number): Tokens {
  if (size <= 0x100) return new Uint8Array(length);
  return size <= 0x1_0000 ? new Uint16Array(length) : new Int32Array(length);
}

/** Joins parts of tokens to stretches of `length`, of which the last may be shorter. A stretch is lent until the next one. */
async function* joinParts(
  parts: AsyncIterable<Int32Array>,
  size: number,
  length: number,
): AsyncGenerator<Tokens, void> {
  const room = createRoom(size, length);
  let count = 0;
  for await (const tokens of parts) {
    for (let from = 0; from < tokens.length;) {
      const taken = tokens.subarray(from, from + length - count);
      room.set(taken, count);
      from += taken.length;
      count += taken.length;
      if (count < length) continue;
      yield room;
      count = 0;
    }
  }
  if (count > 0) yield room.subarray(0, count);
}

/**
 * Makes training windows of a text that is read anew each epoch from what `source` opens, and never whole in memory: a file, a
 * download, a text that is made as it is read. Chunks are strings or UTF-8, which may be cut within a character or a word; a
 * byte order mark is left out. No chunk is read before it is needed, and a source that is left early is closed.
 *
 * The text is taken in stretches of up to `stretch` tokens, each cut as `tokenStream` cuts a stream: B cursors read B contiguous
 * parts, side by side. The state carries from window to window within a stretch and starts anew with the next, whose parts lie
 * elsewhere in the text: a longer stretch carries further, and takes memory of one byte to four a token, twice. A text
 * of one stretch or less gives the windows of `tokenStream`. Of the rest behind the last whole stretch, what fills no window is left out.
 *
 * A vocabulary with an `encoder` gives the tokens of the whole text. A tokenizer without one gets some 65,536 characters at a
 * time, which end before white space where there is any.
 *
 * Throws a TypeError or RangeError for wrong arguments. The iterator rejects with what the source or the vocabulary throws, a
 * TypeError for a chunk or tokens of another type, a FormatError that says at which byte UTF-8 is malformed, and a RangeError for
 * an empty text or one of fewer than B·(T + 1) tokens.
 */
export function textStream(
  source: TextSource,
  vocabulary: Vocabulary,
  options: TextStreamOptions,
): AsyncIterable<TrainingWindow> {
  requireSource(source);
  const { size } = requireVocabulary(vocabulary);
  const given = requireOptions("options", options, ["batch", "window", "stretch", "unknown"]);
  const batch = requireInteger("batch", given.batch, 1, LARGEST);
  const window = requireInteger("window", given.window, 1, LARGEST);
  const least = requireInteger("batch · (window + 1)", batch * (window + 1), 2, LARGEST);
  const stretch = requireInteger("stretch", given.stretch ?? Math.max(STRETCH, least), least, LARGEST);
  const { unknown } = given;
  const encoding = unknown === undefined ? undefined : { unknown: requireUnknown({ unknown }, "throw") };
  // Parts of a whole number of windows and the last target, so that nothing between two stretches is left out.
  const windows = Math.floor((Math.floor(stretch / batch) - 1) / window);
  const length = batch * (windows * window + 1);
  return {
    async *[Symbol.asyncIterator]() {
      let read = 0;
      const parts = readTokens(source, vocabulary, encoding);
      for await (const tokens of joinParts(parts, size, length)) {
        read += tokens.length;
        if (tokens.length >= least) yield* tokenStream(tokens, { batch, window });
      }
      if (read >= least) return;
      throw new RangeError(
        read === 0
          ? `"source" expected a text each time it is called, got an empty one`
          : `"source" expected a text of at least ${least} tokens (batch ${batch} · (window ${window} + 1)), got ${read}`,
      );
    },
  };
}
