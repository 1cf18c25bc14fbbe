import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CharVocabulary } from "../../src/data/vocabulary.js";

function charactersOf(source: string): string[] {
  return Array.from(source);
}

/** Any code points but surrogates. */
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });

describe("CharVocabulary", () => {
  it.each([
    ["a", "a"],
    ["banana", "abn"],
    ["Zeta, alpha!\n", "\n !,Zaehlpt"],
    ["zß水𝄞a", "azß水𝄞"],
    ["\u{1f600}\uffff\ue000", "\ue000\uffff\u{1f600}"], // by code point, where UTF-16 order differs
    ["e\u0301é", "e\u00e9\u0301"], // not normalised
    ["\0\u{10ffff}\ufeff", "\0\ufeff\u{10ffff}"],
    ["__proto__", "_oprt"],
  ])("of %j has the characters %j", (source, characters) => {
    const vocabulary = CharVocabulary.from(source);
    expect(vocabulary.characters).toBe(characters);
    expect(vocabulary.size).toBe(charactersOf(characters).length);
    expect([...vocabulary.encode(characters)]).toEqual([...Array(vocabulary.size).keys()]);
  });

  it("gives every text back, and is the same from its own characters", () => {
    fc.assert(
      fc.property(text, text, (source, other) => {
        const vocabulary = CharVocabulary.from(source + other);
        const again = CharVocabulary.from(vocabulary.characters);
        expect(again.characters).toBe(vocabulary.characters);
        const points = charactersOf(vocabulary.characters).map((character) => character.codePointAt(0) ?? -1);
        expect(points).toEqual([...new Set(points)].sort((a, b) => a - b));
        expect(new Set(vocabulary.characters)).toEqual(new Set(source + other));
        const tokens = again.encode(other);
        expect(tokens).toEqual(
          Int32Array.from(other, (character) => charactersOf(vocabulary.characters).indexOf(character)),
        );
        expect(vocabulary.decode(tokens)).toBe(other);
        expect(vocabulary.decode([...tokens])).toBe(other);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("leaves unknown characters out where it is asked to", () => {
    fc.assert(
      fc.property(text, text, (source, other) => {
        const vocabulary = CharVocabulary.from(source);
        const known = charactersOf(other)
          .filter((character) => source.includes(character))
          .join("");
        expect(vocabulary.decode(vocabulary.encode(other, { unknown: "skip" }))).toBe(known);
        if (known === other) return;
        const first = charactersOf(other).find((character) => !source.includes(character)) ?? "";
        expect(() => vocabulary.encode(other)).toThrow(
          `got ${JSON.stringify(first)} (U+${(first.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}) ` +
            `at index ${other.indexOf(first)}`,
        );
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  // Long enough for several of the pieces that decoding works in.
  it("works on long texts", () => {
    const source = "The quick brown fox — 狐 🦊\n".repeat(20_000);
    const vocabulary = CharVocabulary.from(source);
    const tokens = vocabulary.encode(source);
    expect(tokens).toHaveLength(charactersOf(source).length);
    expect(vocabulary.decode(tokens)).toBe(source);
  });

  it("encodes and decodes nothing", () => {
    const vocabulary = CharVocabulary.from("ab");
    expect(vocabulary.encode("")).toEqual(new Int32Array());
    expect(vocabulary.encode("😀é", { unknown: "skip" })).toEqual(new Int32Array());
    expect(vocabulary.decode([])).toBe("");
  });

  it("decodes any array of numbers, -0 too", () => {
    const vocabulary = CharVocabulary.from("abc");
    for (const tokens of [[2, 0, 1], Uint8Array.of(2, 0, 1), { length: 3, 0: 2, 1: -0, 2: 1 }]) {
      expect(vocabulary.decode(tokens)).toBe("cab");
    }
  });

  const vocabulary = CharVocabulary.from("abc");
  const call = (method: "encode" | "decode", ...args: unknown[]): unknown => {
    const act: unknown = Reflect.get(vocabulary, method);
    if (typeof act !== "function") throw new Error(`no ${method}`);
    const result: unknown = Reflect.apply(act, vocabulary, args);
    return result;
  };
  const from: unknown = Reflect.get(CharVocabulary, "from");
  const fromNothing = (): unknown =>
    typeof from === "function" ? Reflect.apply(from, CharVocabulary, []) : from;

  it.each<[string, () => unknown, new () => Error, RegExp]>([
    ["an empty text", () => CharVocabulary.from(""), RangeError, /^"text" expected characters, got ""$/],
    ["no text", fromNothing, TypeError, /"text" .* undefined/],
    [
      "half of a pair",
      () => CharVocabulary.from("ab\ud83d"),
      RangeError,
      /surrogate pair, U\+D83D, at index 2/,
    ],
    [
      "a turned pair",
      () => CharVocabulary.from("a\ude00\ud83d"),
      RangeError,
      /surrogate pair, U\+DE00, at index 1/,
    ],
    [
      "an unknown character",
      () => vocabulary.encode("cabd"),
      RangeError,
      /"text" .* got "d" \(U\+0064\) at index 3/,
    ],
    ["an unknown pair", () => vocabulary.encode("ab😀"), RangeError, /got "😀" \(U\+1F600\) at index 2/],
    [
      "half of a pair to encode",
      () => vocabulary.encode("a\ud83d"),
      RangeError,
      /got "\\ud83d" \(U\+D83D\) at index 1/,
    ],
    ["a number to encode", () => call("encode", 5), TypeError, /"text" expected a string, got 5/],
    [
      "another word",
      () => call("encode", "a", { unknown: "replace" }),
      RangeError,
      /"options.unknown" .* "replace"/,
    ],
    ["no options", () => call("encode", "a", null), TypeError, /"options" expected an object, got null/],
    [
      "a token too high",
      () => vocabulary.decode([0, 3]),
      RangeError,
      /^"tokens" expected tokens from 0 to 2, got 3 at 1$/,
    ],
    ["a negative token", () => vocabulary.decode([-1]), RangeError, /got -1 at 0/],
    ["half a token", () => vocabulary.decode([0, 0, 0.5]), RangeError, /got 0.5 at 2/],
    ["NaN", () => vocabulary.decode([NaN]), RangeError, /got NaN at 0/],
    [
      "a hole",
      () => call("decode", { length: 2, 0: 1 }),
      TypeError,
      /"tokens" expected numbers, got undefined at 1/,
    ],
    [
      "text to decode",
      () => call("decode", "12"),
      TypeError,
      /"tokens" expected an array of tokens, got "12"/,
    ],
    ["null to decode", () => call("decode", null), TypeError, /"tokens" .* null/],
    ["no length", () => call("decode", {}), TypeError, /"tokens" .* an object/],
    ["a wrong length", () => call("decode", { length: -1 }), RangeError, /"tokens.length" .* -1/],
    ["a length of text", () => call("decode", { length: "2" }), TypeError, /"tokens" .* an object/],
  ])("refuses %s", (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("keeps half a surrogate pair out when it skips what is unknown", () => {
    expect(vocabulary.decode(vocabulary.encode("a\ud83dc", { unknown: "skip" }))).toBe("ac");
  });

  // A length alone is no reason to take memory for it.
  it("refuses a list that only says it is long", () => {
    expect(() => vocabulary.decode({ length: Number.MAX_SAFE_INTEGER })).toThrow(TypeError);
  });
});
