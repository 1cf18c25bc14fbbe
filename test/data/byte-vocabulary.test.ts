import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteVocabulary } from "../../src/data/byte-vocabulary.js";
import { invoke } from "../network/untyped.js";
import { anyString, cutAt, places, wholeText } from "./texts.js";

const vocabulary = new ByteVocabulary();
const HALF = /\p{Surrogate}/u;

/** The bytes of UTF-8 by its table of bits. */
function bytesByHand(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0).flatMap((code) => {
    const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | (code >> 6), tail(0)];
    if (code < 0x1_0000) return [0xe0 | (code >> 12), tail(6), tail(0)];
    return [0xf0 | (code >> 18), tail(12), tail(6), tail(0)];
  });
}

describe("ByteVocabulary", () => {
  it("gives every text back, and refuses or leaves out half of a pair", () => {
    let halves = 0;
    fc.assert(
      fc.property(anyString, (text) => {
        const whole = text.replace(/\p{Surrogate}/gu, "");
        expect([...vocabulary.encode(text, { unknown: "skip" })]).toEqual(bytesByHand(whole));
        expect(vocabulary.decode(vocabulary.encode(whole))).toBe(whole);
        if (whole === text) return;
        halves++;
        const at = text.search(HALF);
        const name = text.charCodeAt(at).toString(16).toUpperCase();
        expect(() => vocabulary.encode(text)).toThrow(
          new RangeError(
            `"text" expected Unicode text, got half of a surrogate pair, U+${name}, at index ${at}`,
          ),
        );
      }),
      { seed: 1, numRuns: 500 },
    );
    expect(halves).toBeGreaterThan(100);
  });

  it("has the tokens of the whole for parts, and indices that count from its start", () => {
    fc.assert(
      fc.property(wholeText, places, (text, at) => {
        const parts = cutAt(text, at).filter((part) => !HALF.test(part));
        const encoder = vocabulary.encoder();
        const tokens = parts.flatMap((part) => [...encoder.encode(part)]);
        expect([...tokens, ...encoder.finish()]).toEqual([...vocabulary.encode(parts.join(""))]);
        const wrong = `x\udc00`;
        expect(() => encoder.encode(wrong)).toThrow(`at index ${parts.join("").length + 1}`);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it.each([
    [[0xe2, 0x82, 0xac], "€"],
    [[0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
    [[0x82, 0xac, 0x61], "\ufffd\ufffda"],
    [[0x61, 0xe2, 0x82], "a\ufffd"],
    [[0xff, 0x61], "\ufffda"],
    [[], ""],
  ])("decodes %j", (tokens, text) => {
    expect(vocabulary.decode(tokens)).toBe(text);
    expect(vocabulary.size).toBe(256);
  });

  it.each<[string, () => unknown, new () => Error, RegExp]>([
    ["a token too high", () => vocabulary.decode([256]), RangeError, /"tokens" .* 0 to 255, got 256 at 0/],
    ["no text", () => invoke(vocabulary, "encode", 5), TypeError, /"text" .* got 5/],
    [
      "no text for a part",
      () => invoke(vocabulary.encoder(), "encode", null),
      TypeError,
      /"text" .* got null/,
    ],
    [
      "another word",
      () => invoke(vocabulary, "encoder", { unknown: "keep" }),
      RangeError,
      /"options.unknown" .* "keep"/,
    ],
  ])("refuses %s", (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
