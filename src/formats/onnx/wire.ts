/**
 * Reads protobuf's encoding (protobuf.dev/programming-guides/encoding) strictly: fields, each a tag (its number and how it is
 * stored) and a value. What a file says that is not so is a FormatError with the place.
 */

import { FormatError } from "../../errors.js";

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH = 2;
const FOUR_BYTES = 5;

/** A message of two bytes becomes an object of a hundred or two: these many, with the texts, are some 20 MB. */
const MOST_ITEMS = 80_000;
/** Numbers in lists may have one byte in the file; as many of them take as much as a message. */
const NUMBERS_AN_ITEM = 10;
/** Graphs inside nodes of graphs, with the messages between them. */
const MOST_DEPTH = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class WireReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  /** The place of the next byte, and of the one behind the message that is being read. */
  private at = 0;
  private end: number;
  private depth = 0;
  private items = 0;
  /** How the value of the current field is stored, and the place of its tag. */
  private wire = VARINT;
  private tagAt = 0;
  /** Halves of the last varint, 32 bits each. */
  private low = 0;
  private high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.length;
  }

  /** Throws a FormatError about the current field. */
  fail(expected: string, came: string): never {
    throw new FormatError(`ONNX file: expected ${expected} at byte ${this.tagAt}, got ${came}`);
  }

  /**
   * Reads all fields of the message that the reader is in. `take` reads the value of a field that it knows; what it leaves is
   * skipped.
   */
  readFields(take: (field: number) => void): void {
    while (this.at < this.end) {
      this.tagAt = this.at;
      this.readVarint();
      const field = this.low >>> 3;
      this.wire = this.low & 7;
      if (this.high !== 0 || field === 0) this.fail("the tag of a field", "another number");
      const before = this.at;
      take(field);
      // A value has at least one byte.
      if (this.at === before) this.skip();
    }
  }

  /** Reads a message inside this one; `finish` may read it once more, from its start, by `readAgain`. */
  readMessage(take: (field: number) => void, finish?: (start: number) => void): void {
    this.count(1);
    if (++this.depth > MOST_DEPTH)
      this.fail(`messages inside one another to a depth of ${MOST_DEPTH}`, "more");
    this.readInside(() => {
      const start = this.at;
      this.readFields(take);
      finish?.(start);
    });
    this.depth--;
  }

  readAgain(start: number, take: (field: number) => void): void {
    this.at = start;
    this.readFields(take);
  }

  readText(): string {
    this.count(1);
    const bytes = this.readBytes();
    try {
      return utf8.decode(bytes);
    } catch {
      return this.fail("UTF-8 in the text", "other bytes");
    }
  }

  /** Returns a view of the file that is kept; each takes 200 bytes. */
  readView(): Uint8Array {
    this.count(2);
    return this.readBytes();
  }

  private readBytes(): Uint8Array {
    this.requireWire(LENGTH, "bytes");
    const length = this.readLength();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** Returns a signed integer of 64 bits, or the nearest number where it is beyond 2^53. */
  readInteger(): number {
    this.requireWire(VARINT, "an integer");
    this.readVarint();
    return this.integer;
  }

  readFloat(): number {
    this.requireWire(FOUR_BYTES, "a number of four bytes");
    return this.takeFloat();
  }

  /** Appends one integer, or all of a packed field. */
  readIntegers(to: number[]): void {
    this.readRepeated(VARINT, "integers", () => {
      this.readVarint();
      this.countNumbers(1);
      to.push(this.integer);
    });
  }

  readFloats(to: number[]): void {
    this.readRepeated(FOUR_BYTES, "numbers of four bytes", () => {
      this.countNumbers(1);
      to.push(this.takeFloat());
    });
  }

  /** Calls `take` with the halves, 32 bits each, of one integer or of all of a packed field. */
  readHalves(take: (low: number, high: number) => void): void {
    this.readRepeated(VARINT, "integers", () => {
      this.readVarint();
      take(this.low, this.high);
    });
  }

  /** Returns a view of the bytes of one number of `width` bytes, or of all of a packed field. */
  readPacked(width: 4 | 8): Uint8Array {
    if (this.wire === LENGTH) {
      const bytes = this.readView();
      if (bytes.length % width !== 0) this.fail(`numbers of ${width} bytes`, `${bytes.length} bytes of them`);
      return bytes;
    }
    this.requireWire(width === 4 ? FOUR_BYTES : EIGHT_BYTES, `numbers of ${width} bytes`);
    this.advance(width);
    return this.bytes.subarray(this.at - width, this.at);
  }

  /** Counts numbers that take more bytes than in the file. */
  countNumbers(count: number): void {
    this.count(count / NUMBERS_AN_ITEM);
  }

  private count(items: number): void {
    this.items += items;
    if (this.items > MOST_ITEMS) {
      this.fail(
        `at most ${MOST_ITEMS} messages and texts, or ${NUMBERS_AN_ITEM} times as many numbers`,
        "more",
      );
    }
  }

  private readInside(read: () => void): void {
    this.requireWire(LENGTH, "a message or a list");
    const length = this.readLength();
    const { end, tagAt } = this;
    this.end = this.at + length;
    read();
    this.end = end;
    this.tagAt = tagAt;
  }

  private readRepeated(wire: number, what: string, read: () => void): void {
    if (this.wire !== LENGTH) {
      this.requireWire(wire, what);
      read();
      return;
    }
    this.readInside(() => {
      while (this.at < this.end) read();
    });
  }

  private requireWire(wire: number, what: string): void {
    if (this.wire !== wire) this.fail(what, `a field of wire type ${this.wire}`);
  }

  private skip(): void {
    if (this.wire === VARINT) this.readVarint();
    else if (this.wire === EIGHT_BYTES) this.advance(8);
    else if (this.wire === LENGTH) this.readBytes();
    else if (this.wire === FOUR_BYTES) this.advance(4);
    else this.fail("a field of wire type 0, 1, 2 or 5", `wire type ${this.wire}`);
  }

  private advance(bytes: number): void {
    const left = this.end - this.at;
    if (left < bytes) this.fail(`${bytes} bytes more`, `${left} before the end`);
    this.at += bytes;
  }

  private readLength(): number {
    this.readVarint();
    const length = (this.high >>> 0) * 0x1_0000_0000 + (this.low >>> 0);
    const left = this.end - this.at;
    if (length > left) this.fail(`at most the ${left} bytes that are left`, `a length of ${length}`);
    return length;
  }

  private takeFloat(): number {
    this.advance(4);
    return this.view.getFloat32(this.at - 4, true);
  }

  private get integer(): number {
    return this.high * 0x1_0000_0000 + (this.low >>> 0);
  }

  /** Seven bits a byte, the lowest first; the tenth byte has one. */
  private readVarint(): void {
    this.low = 0;
    this.high = 0;
    for (let shift = 0; ; shift += 7) {
      if (this.at >= this.end) this.fail("an integer", "the end in the midst of it");
      const byte = this.bytes[this.at++];
      if (shift === 63 && byte > 1) this.fail("an integer of 64 bits", "more");
      const part = byte & 0x7f;
      if (shift < 32) this.low |= part << shift;
      if (shift > 28) this.high |= part << (shift - 32);
      else if (shift === 28) this.high |= part >>> 4;
      if (byte < 0x80) return;
    }
  }
}
