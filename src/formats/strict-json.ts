/** Reads JSON strictly. */

import { FormatError } from "../errors.js";

/**
 * The most members of one object: more than a file of the largest network has, and few enough that a hostile
 * file of tiny members cannot fill the memory with them.
 */
export const MOST_MEMBERS = 100_000;

export type Scalar = string | number | boolean;

/** Any value; objects as maps, so that no name means something to JavaScript. */
export type JsonValue = null | Scalar | readonly JsonValue[] | ReadonlyMap<string, JsonValue>;

/** Characters of the longest number that is looked at; a double needs 25. */
const LONGEST_NUMBER = 64;

const SIZE = /^(?:0|[1-9][0-9]*)$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// A byte order mark is kept, as a character like any other; the decoder would drop it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Returns whether the byte is a digit or one of + - . e E. */
function isNumeric(byte: number): boolean {
  if (byte >= 0x30 && byte <= 0x39) return true;
  return byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 || byte === 0x65;
}

/**
 * Reads JSON (RFC 8259) in UTF-8, piece by piece: the caller asks for what must come next, so that nesting
 * goes no deeper than the caller does, and only what the caller keeps is kept. It is stricter than
 * JSON.parse: no name twice in an object (`"a"` and `"\u0061"` are the same), no half of a surrogate pair, no
 * more than MOST_MEMBERS members. Any other input is a FormatError that says what was expected at which byte.
 */
export class StrictJson {
  private readonly bytes: Uint8Array;
  /** Name of the bytes in error messages. */
  private readonly place: string;
  private at = 0;
  /** How many values `readAny` has read. */
  private values = 0;

  constructor(bytes: Uint8Array, place: string) {
    this.bytes = bytes;
    this.place = place;
  }

  /** Reads an object, with `readMember` for each value. */
  readObject<Value>(readMember: (name: string) => Value): Map<string, Value> {
    const members = new Map<string, Value>();
    this.readItems("{", "}", () => {
      if (members.size === MOST_MEMBERS) this.fail(`at most ${MOST_MEMBERS} members`, this.at);
      this.skipSpace();
      const start = this.at;
      const name = this.readString();
      if (members.has(name)) this.fail("every name once", start);
      this.take(":");
      members.set(name, readMember(name));
    });
    return members;
  }

  /**
   * Reads any value, lists and objects in it nested at most `depth` deep; a list has at most MOST_MEMBERS items. `most`: how many
   * values there may be in all, since two bytes become an object of two hundred.
   */
  readAny(depth: number, most = Infinity): JsonValue {
    this.skipSpace();
    if (++this.values > most) this.fail(`at most ${most} values`, this.at);
    const nests = this.comesNext("{") || this.comesNext("[");
    if (nests && depth === 0) this.fail("nothing nested deeper", this.at);
    if (this.comesNext("{")) return this.readObject(() => this.readAny(depth - 1, most));
    if (this.comesNext("null")) {
      this.at += 4;
      return null;
    }
    if (!nests) return this.readScalar();
    const items: JsonValue[] = [];
    this.readItems("[", "]", () => {
      if (items.length === MOST_MEMBERS) this.fail(`at most ${MOST_MEMBERS} items`, this.at);
      items.push(this.readAny(depth - 1, most));
    });
    return items;
  }

  /** Reads a list of at most `most` sizes. */
  readSizes(most: number): number[] {
    const sizes: number[] = [];
    this.readItems("[", "]", () => {
      if (sizes.length === most) this.fail(`at most ${most} sizes`, this.at);
      sizes.push(this.readSize());
    });
    return sizes.slice(); // without the room that growing took
  }

  /** Reads a list of strings. */
  readStrings(): string[] {
    const strings: string[] = [];
    this.readItems("[", "]", () => strings.push(this.readString()));
    return strings;
  }

  /** Reads a whole number of at most 2^53 − 1, of digits only: `2.0`, `2e0` and `-0` are not sizes. */
  readSize(): number {
    const what = `a whole number of at most ${Number.MAX_SAFE_INTEGER}`;
    const { text, start } = this.readNumberText(SIZE, what);
    const size = Number(text);
    if (!Number.isSafeInteger(size)) this.fail(what, start);
    return size;
  }

  readNumber(): number {
    return Number(this.readNumberText(NUMBER, "a number").text);
  }

  /** Reads a string, a number, true or false. */
  readScalar(): Scalar {
    this.skipSpace();
    if (this.bytes[this.at] === QUOTE) return this.readString();
    for (const word of ["true", "false"]) {
      if (!this.comesNext(word)) continue;
      this.at += word.length;
      return word === "true";
    }
    return Number(this.readNumberText(NUMBER, "a string, a number, true or false").text);
  }

  readString(): string {
    this.skipSpace();
    const start = this.at;
    if (this.bytes[start] !== QUOTE) this.fail("a string", start);
    let escaped = false;
    let end = start + 1;
    for (; this.bytes[end] !== QUOTE; end++) {
      if (end >= this.bytes.length) this.fail('"', end);
      if (this.bytes[end] < 0x20) this.fail("an escape instead of a control character", end);
      if (this.bytes[end] !== BACKSLASH) continue;
      escaped = true;
      end++;
    }
    this.at = end + 1;
    return escaped ? this.unescape(start, end + 1) : this.decode(start + 1, end);
  }

  /** Throws a FormatError unless only white space is left. */
  finish(): void {
    this.skipSpace();
    if (this.at < this.bytes.length) this.fail("nothing more", this.at);
  }

  private readItems(open: string, close: string, readItem: () => unknown): void {
    this.take(open);
    this.skipSpace();
    if (this.comesNext(close)) {
      this.at++;
      return;
    }
    for (;;) {
      readItem();
      this.skipSpace();
      if (this.comesNext(close)) break;
      if (!this.comesNext(",")) this.fail(`, or ${close}`, this.at);
      this.at++;
    }
    this.at++;
  }

  private readNumberText(pattern: RegExp, what: string): { text: string; start: number } {
    this.skipSpace();
    const start = this.at;
    while (this.at - start <= LONGEST_NUMBER && isNumeric(this.bytes[this.at])) this.at++;
    const text = this.ascii(start, this.at);
    if (text.length > LONGEST_NUMBER || !pattern.test(text)) this.fail(what, start);
    return { text, start };
  }

  /** Decodes a string with escapes; the bytes [start, end) include both quotation marks. */
  private unescape(start: number, end: number): string {
    const quoted = this.decode(start, end);
    let text = "";
    try {
      text = String(JSON.parse(quoted));
    } catch {
      this.fail("a string of valid escapes", start);
    }
    if (LONE_SURROGATE.test(text)) this.fail("both halves of every surrogate pair", start);
    return text;
  }

  private decode(start: number, end: number): string {
    try {
      return decoder.decode(this.bytes.subarray(start, end));
    } catch {
      this.fail("UTF-8", start);
    }
  }

  private take(character: string): void {
    this.skipSpace();
    if (!this.comesNext(character)) this.fail(character, this.at);
    this.at++;
  }

  private comesNext(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.at + i] !== word.charCodeAt(i)) return false;
    }
    return true;
  }

  private skipSpace(): void {
    while (isSpace(this.bytes[this.at])) this.at++;
  }

  /** Returns bytes as characters, fewer where the bytes end. */
  private ascii(start: number, end: number): string {
    return String.fromCharCode(...this.bytes.subarray(start, end));
  }

  private fail(expected: string, at: number): never {
    const came = JSON.stringify(this.ascii(at, at + 16));
    const got = at < this.bytes.length ? came : "the end";
    throw new FormatError(`${this.place}: expected ${expected} at byte ${at}, got ${got}`);
  }
}
