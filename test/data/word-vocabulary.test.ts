import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LONGEST_PIECE, PieceCutter } from "../../src/data/pieces.js";
import { WordVocabulary } from "../../src/data/word-vocabulary.js";
import { invoke } from "../network/untyped.js";
import { anyString, cutAt, places, wholeText } from "./texts.js";

function piecesOf(...parts: string[]): string[] {
  const pieces: string[] = [];
  const cutter = new PieceCutter();
  for (const part of parts) cutter.push(part, (piece) => pieces.push(piece));
  cutter.finish((piece) => pieces.push(piece));
  return pieces;
}

/** The pieces by a regular expression, and a blank between two words left out. */
function piecesByHand(text: string): string[] {
  const attached = String.raw`[\p{M}\u00ad\u200c\u200d]`;
  const noneOf = String.raw`(?!${attached}|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])`;
  const unit = String.raw`${noneOf}[\p{L}\p{N}\p{Pc}]`;
  const apostrophe = String.raw`['’׳״](?=${noneOf}\p{L})`;
  // The last unit before it is a digit.
  const separator = String.raw`(?<=\p{Nd}(?:${attached}|['’׳״])*)[.,٫٬](?=${noneOf}\p{Nd})`;
  const word = String.raw`${unit}(?:${unit}|${attached}|${apostrophe}|${separator})*`;
  const first = String.raw`(?:\p{Regional_Indicator}{2}|(?!${unit})\S)`;
  const picture = String.raw`\u200d(?!${unit})\p{Extended_Pictographic}`;
  const symbol = String.raw` ?${first}(?:${picture}|${attached}|\p{Emoji_Modifier})*(?: (?!\s))?`;
  const pattern = new RegExp(String.raw`(?<word>${word})|${symbol}|(?<space>\s)\k<space>*`, "gu");
  const found = [...text.matchAll(pattern)].map(({ 0: piece, groups }) => ({
    piece,
    word: groups?.["word"],
  }));
  const isWord = (i: number): boolean => found.at(i)?.word !== undefined;
  const goesWithoutSaying = (i: number): boolean =>
    found[i].piece === " " && i > 0 && isWord(i - 1) && isWord(i + 1);
  return found.filter((_, i) => !goesWithoutSaying(i)).map(({ piece }) => piece);
}

describe("the pieces of a text", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["In the beginning", ["In", "the", "beginning"]],
    ["God said, Let there be light: and", ["God", "said", ", ", "Let", "there", "be", "light", ": ", "and"]],
    ["(he (she) it)", ["(", "he", " (", "she", ") ", "it", ")"]],
    ["a  b \n c", ["a", "  ", "b", " ", "\n", " ", "c"]],
    ["don't 'tis dogs' rock’n’roll", ["don't", " '", "tis", "dogs", "' ", "rock’n’roll"]],
    ["3.14 1,000. v1.2 a.b", ["3.14", "1,000", ". ", "v1.2", "a", ".", "b"]],
    ["snake_case x² ½", ["snake_case", "x²", "½"]],
    ["cafe\u0301 naïve", ["cafe\u0301", "naïve"]],
    ["水の e", ["水", "の ", "e"]],
    ["👩‍🚀👍🏽 🇩🇪🇫🇷", ["👩‍🚀", "👍🏽 ", "🇩🇪", "🇫🇷"]],
    ["\r\n\r\n", ["\r", "\n", "\r", "\n"]],
    [" a ", [" ", "a", " "]],
    ["- - -", ["- ", "- ", "-"]],
  ])("%j", (text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces);
    expect(piecesByHand(text)).toEqual(pieces);
  });

  it("are those of a regular expression, however the text is cut", () => {
    let several = 0;
    fc.assert(
      fc.property(anyString, places, (text, at) => {
        const pieces = piecesOf(text);
        expect(pieces).toEqual(piecesByHand(text));
        expect(piecesOf(...cutAt(text, at))).toEqual(pieces);
        if (pieces.length > 5) several++;
      }),
      { seed: 1, numRuns: 3000 },
    );
    expect(several).toBeGreaterThan(1000);
  });

  it.each(["a", "a'", " ", "\u0301", "1.", "𝐚", "-\u200d", "\n"])(
    "are cut where they are long: %j",
    (unit) => {
      const text = `x ${unit.repeat(3 * LONGEST_PIECE)} y`;
      const pieces = piecesOf(text);
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(LONGEST_PIECE + 2);
      for (const size of [1000, 1023, LONGEST_PIECE, 5000]) {
        const parts = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
          text.slice(i * size, (i + 1) * size),
        );
        expect(piecesOf(...parts)).toEqual(pieces);
      }
    },
  );
});

describe("WordVocabulary", () => {
  it("gives a text back whose words it has, and the same tokens for parts", () => {
    fc.assert(
      fc.property(wholeText, wholeText, places, (text, other, at) => {
        fc.pre(piecesOf(text + other).some((piece) => piece.trim() !== "\ufffd"));
        const vocabulary = WordVocabulary.from(text + other, { minCount: 1 });
        const tokens = vocabulary.encode(text + other);
        expect(Math.max(...tokens)).toBeLessThan(vocabulary.size);
        const decoded = vocabulary.decode(tokens);
        if (!(text + other).includes("\ufffd")) expect(decoded).toBe(text + other);
        const encoder = vocabulary.encoder();
        const parts = cutAt(text + other, at).flatMap((part) => [...encoder.encode(part)]);
        expect([...parts, ...encoder.finish()]).toEqual([...tokens]);
        const again = WordVocabulary.fromWords(vocabulary.words);
        expect(again.size).toBe(vocabulary.size);
        expect(again.encode(other)).toEqual(vocabulary.encode(other));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("takes any string, half of a pair as unknown", () => {
    fc.assert(
      fc.property(wholeText, anyString, (text, other) => {
        fc.pre(piecesOf(text).some((piece) => piece.trim() !== "\ufffd"));
        const vocabulary = WordVocabulary.from(text, { minCount: 1 });
        const known = new Set(vocabulary.words);
        // A symbol or space that is not there itself may be so without its blanks, or one by one.
        const expected = piecesOf(other).flatMap((piece) => {
          const simpler = piece.trim() === "" && piece.length > 1 ? Array.from(piece) : [piece.trim()];
          const list = known.has(piece) || simpler[0] === "" ? [piece] : simpler;
          return list.map((one) => (known.has(one) ? vocabulary.words.indexOf(one) : vocabulary.unknown));
        });
        expect([...vocabulary.encode(other)]).toEqual(expected);
        const left = expected.filter((token) => token !== vocabulary.unknown);
        expect([...vocabulary.encode(other, { unknown: "skip" })]).toEqual(left);
        expect(typeof vocabulary.decode(expected)).toBe("string");
        if (left.length < expected.length)
          expect(() => vocabulary.encode(other, { unknown: "throw" })).toThrow(RangeError);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("numbers by frequency, and cuts what is rare", () => {
    const text = "the cat and the dog, the cat; the end, and so";
    const vocabulary = WordVocabulary.from(text);
    expect(vocabulary.words).toEqual(["the", ", ", "and", "cat"]);
    expect(vocabulary.unknown).toBe(4);
    expect(vocabulary.size).toBe(5);
    expect([...vocabulary.encode("the dog and cat, or")]).toEqual([0, 4, 2, 3, 1, 4]);
    expect(vocabulary.decode(vocabulary.encode("the dog and cat, or"))).toBe("the \ufffd and cat, \ufffd");
    expect(WordVocabulary.from(text, { maxSize: 3 }).words).toEqual(["the", ", "]);
    expect(WordVocabulary.from(text, { minCount: 4 }).words).toEqual(["the"]);
    expect(WordVocabulary.from(text, { minCount: 1, maxSize: 100 }).words).toEqual([
      "the",
      ", ",
      "and",
      "cat",
      "; ",
      "dog",
      "end",
      "so",
    ]);
  });

  // Each occurs once with these blanks, and twice without them.
  it("has a symbol by itself where it is rare with its blanks", () => {
    const vocabulary = WordVocabulary.from("a - b -c a -b");
    expect(vocabulary.words).toContain(" -");
    const rare = WordVocabulary.from("a +b b+ a");
    expect(rare.words).toEqual(["+", "a", "b"]);
    expect(rare.decode(rare.encode("a + b"))).toBe("a+b");
    const space = WordVocabulary.from("a\n\nb\n\n\na b", { minCount: 2 });
    expect(space.words).toEqual(["\n", "a", "b"]);
    expect(space.decode(space.encode("a\n\n\n\nb"))).toBe("a\n\n\n\nb");
  });

  const vocabulary = WordVocabulary.from("a b a b");
  it.each<[string, () => unknown, new () => Error, RegExp]>([
    ["an empty text", () => WordVocabulary.from(""), RangeError, /^"text" expected words, got ""$/],
    ["no text", () => invoke(WordVocabulary, "from", 1), TypeError, /"text" .* got 1/],
    ["half of a pair", () => WordVocabulary.from("ab\ud83d"), RangeError, /U\+D83D, at index 2/],
    [
      "a text of rare words",
      () => WordVocabulary.from("a b c"),
      RangeError,
      /^"text" expected a word that occurs at least 2 times \(minCount\), got none$/,
    ],
    ["only the unknown", () => WordVocabulary.from("\ufffd \ufffd"), RangeError, /got none/],
    ["a count of 0", () => WordVocabulary.from("a a", { minCount: 0 }), RangeError, /"minCount" .* got 0/],
    [
      "room for the unknown alone",
      () => WordVocabulary.from("a a", { maxSize: 1 }),
      RangeError,
      /"maxSize" .* 1/,
    ],
    ["no words", () => WordVocabulary.fromWords([]), RangeError, /"words" .* got none/],
    ["a text for words", () => WordVocabulary.fromWords("ab"), TypeError, /"words" .* got "ab"/],
    ["an empty word", () => WordVocabulary.fromWords(["a", ""]), RangeError, /"words\[1\]" .* got ""/],
    ["the unknown for a word", () => WordVocabulary.fromWords(["\ufffd"]), RangeError, /"words\[0\]"/],
    [
      "a word twice",
      () => WordVocabulary.fromWords(["a", "b", "a"]),
      RangeError,
      /"words\[2\]" .* "a" again/,
    ],
    [
      "a number for a word",
      () => invoke(WordVocabulary, "fromWords", [1]),
      TypeError,
      /"words\[0\]" .* got 1/,
    ],
    [
      "an unknown word",
      () => vocabulary.encode("a c", { unknown: "throw" }),
      RangeError,
      /"text" expected words of the vocabulary, got "c"/,
    ],
    ["a token too high", () => vocabulary.decode([3]), RangeError, /"tokens" .* 0 to 2, got 3 at 0/],
  ])("refuses %s", (_, act, type, message) => {
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("cannot be changed through its words", () => {
    expect(Object.isFrozen(vocabulary.words)).toBe(true);
  });
});
