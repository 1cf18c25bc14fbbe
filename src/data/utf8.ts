/** Decodes UTF-8 that comes in parts, and says where it is malformed. */

import { FormatError } from "../errors.js";

/** The most bytes of a character. */
const LONGEST = 4;

/** Returns how many bytes the character has that a byte begins, by the table of the Unicode Standard (D92); 0 where it begins none. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2 || byte > 0xf4) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** Returns whether a character's second byte may follow its first; the first four rows are those of overlong forms, surrogates and U+110000. */
function mayFollow(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0 && second < 0xc0;
  if (first === 0xed) return second >= 0x80 && second < 0xa0;
  if (first === 0xf0) return second >= 0x90 && second < 0xc0;
  if (first === 0xf4) return second >= 0x80 && second < 0x90;
  return second >= 0x80 && second < 0xc0;
}

/** Returns how many bytes from `at` are of a character: all of it, less where the bytes end, or 0 where they are malformed. */
function takeCharacter(bytes: Uint8Array, at: number): number {
  const length = lengthOf(bytes[at]);
  for (let i = 1; i < length && at + i < bytes.length; i++) {
    const fits =
      i === 1 ? mayFollow(bytes[at], bytes[at + 1]) : bytes[at + i] >= 0x80 && bytes[at + i] < 0xc0;
    if (!fits) return 0;
  }
  return Math.min(length, bytes.length - at);
}

/** Returns how many bytes at the end begin a character that goes on behind them. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back < LONGEST && back <= bytes.length; back++) {
    const at = bytes.length - back;
    if (lengthOf(bytes[at]) > 0) return lengthOf(bytes[at]) > back && takeCharacter(bytes, at) > 0 ? back : 0;
  }
  return 0;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.length === 0) return tail;
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/** Decodes one text of UTF-8, strictly. A byte order mark is a character like any other. */
export class Utf8Reader {
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Bytes of a character that is cut. */
  private held: Uint8Array = new Uint8Array();
  /** Where they stand in the text. */
  private place = 0;

  /** Returns the text of the next bytes, but a cut character at their end. Throws a FormatError that says which byte is malformed. */
  read(part: Uint8Array): string {
    const bytes = joined(this.held, part);
    const end = bytes.length - unfinished(bytes);
    let text: string;
    try {
      text = this.decoder.decode(bytes.subarray(0, end));
    } catch {
      throw this.failure(bytes);
    }
    this.place += end;
    this.held = bytes.slice(end);
    return text;
  }

  /** Throws a FormatError where a character is cut. */
  finish(): void {
    if (this.held.length === 0) return;
    throw new FormatError(
      `the text: expected UTF-8, got a character that is cut off at byte ${this.place} (${hex(this.held[0])})`,
    );
  }

  private failure(bytes: Uint8Array): FormatError {
    let at = 0;
    for (let length = 1; length > 0 && at < bytes.length; at += length) {
      length = takeCharacter(bytes, at);
    }
    return new FormatError(`the text: expected UTF-8, got ${hex(bytes[at])} at byte ${this.place + at}`);
  }
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
