/** Reads text that comes in parts: from a file, the network, a generator. */

import { describe } from "../errors.js";
import { isSurrogate } from "./code-points.js";
import { Utf8Reader } from "./utf8.js";

/** A part of a text: characters, or bytes of UTF-8, which may end within a character. */
export type TextChunk = string | Uint8Array;

/** What a stream of the web has, also where it cannot be iterated. */
export interface ReadableText {
  getReader(): {
    read(): Promise<{ done: boolean; value?: TextChunk | undefined }>;
    cancel(): Promise<void>;
  };
}

/**
 * Opens a text at its beginning, anew each time it is called: `() => createReadStream(path)`, `() => file.stream()`,
 * `async () => (await fetch(url)).body ?? []`, `() => [text]`, a generator function.
 */
export type TextSource = () => TextChunks | Promise<TextChunks>;

export type TextChunks = Iterable<TextChunk> | AsyncIterable<TextChunk> | ReadableText;

/** Characters or bytes that are read at a time: a longer part is taken piece by piece. */
const PART = 0x1_0000;

const BYTE_ORDER_MARK = "\ufeff";

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Gives the chunks of a stream that cannot be iterated, and cancels it where they are not all wanted. */
async function* readChunks(stream: ReadableText): AsyncGenerator<TextChunk | undefined, void> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel();
  }
}

/** Returns what `source` opened as something to iterate. Throws a TypeError where it is nothing of the kind. */
function requireChunks(opened: unknown): Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof opened === "string") return [opened];
  if (isObject(opened)) {
    if (Symbol.asyncIterator in opened) return opened as AsyncIterable<unknown>;
    if ("getReader" in opened) return readChunks(opened as ReadableText);
    if (Symbol.iterator in opened && !ArrayBuffer.isView(opened)) return opened as Iterable<unknown>;
  }
  throw new TypeError(
    `"source" expected to return chunks of text (a stream, or an iterable of strings or Uint8Arrays), got ${describe(opened)}`,
  );
}

/** Throws a TypeError for what is no function. */
export function requireSource(source: unknown): void {
  if (typeof source !== "function") {
    throw new TypeError(
      `"source" expected a function that opens the text anew each time, got ${describe(source)}`,
    );
  }
}

/** Returns the bytes as a plain view, copied where another thread may write to them: decoders refuse such memory. */
function plainBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  const view = new Uint8Array(buffer, byteOffset, byteLength);
  return buffer instanceof ArrayBuffer ? view : view.slice();
}

/** Makes text of chunks, in parts of bounded length that do not end within a character. */
class ChunkReader {
  private readonly utf8 = new Utf8Reader();
  /** Half of a surrogate pair whose other half comes next. */
  private half = "";

  *read(chunk: unknown): Generator<string, void> {
    if (typeof chunk === "string") {
      this.utf8.finish();
      for (let from = 0; from < chunk.length; from += PART) yield this.whole(chunk.slice(from, from + PART));
    } else if (chunk instanceof Uint8Array && ArrayBuffer.isView(chunk)) {
      const bytes = plainBytes(chunk);
      for (let from = 0; from < bytes.length; from += PART)
        yield this.takeHalf() + this.utf8.read(bytes.subarray(from, from + PART));
    } else {
      throw new TypeError(`"source" expected chunks that are strings or Uint8Arrays, got ${describe(chunk)}`);
    }
  }

  /** Returns what is left. */
  finish(): string {
    this.utf8.finish();
    return this.takeHalf();
  }

  private takeHalf(): string {
    const { half } = this;
    this.half = "";
    return half;
  }

  private whole(part: string): string {
    const text = this.takeHalf() + part;
    const last = text.charCodeAt(text.length - 1);
    const cut = isSurrogate(last) && last < 0xdc00;
    this.half = cut ? text.slice(-1) : "";
    return cut ? text.slice(0, -1) : text;
  }
}

/**
 * Opens a text and yields it in parts, none of them empty, without a byte order mark at its start. It reads a chunk when the
 * text of the one before is used up, and closes what was opened where it is left early. Throws a TypeError for a wrong source or
 * chunk, and a FormatError for malformed UTF-8.
 */
export async function* readText(source: TextSource): AsyncGenerator<string, void> {
  requireSource(source);
  const reader = new ChunkReader();
  let first = true;
  for await (const chunk of requireChunks(await source())) {
    for (const part of reader.read(chunk)) {
      if (part === "") continue;
      const text = first && part.startsWith(BYTE_ORDER_MARK) ? part.slice(1) : part;
      first = false;
      if (text !== "") yield text;
    }
  }
  const rest = reader.finish();
  if (rest !== "") yield rest;
}
