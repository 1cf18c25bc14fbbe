/** Converts text to tokens and back: one token for each Unicode code point. */

import { describe, requireChoice, requireOptions } from "../errors.js";
import { requireTokenList } from "./token-list.js";

/** Configures `CharVocabulary.encode`. */
export interface EncodeOptions {
  /** A character outside of the vocabulary is a RangeError ("throw", default) or left out ("skip"). */
  unknown?: "throw" | "skip";
}

/** Code points that become text at a time: as many arguments as every engine takes. */
const CHUNK = 4096;

function requireText(text: unknown): string {
  if (typeof text !== "string") throw new TypeError(`"text" expected a string, got ${describe(text)}`);
  return text;
}

/** Returns the code point's name, such as `U+00E9`. */
function codeName(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

/** Returns the number of 16-bit units that a code point takes in a string. */
function unitsOf(code: number): number {
  return code < 0x1_0000 ? 1 : 2;
}

/** Returns the code point that begins at index `at`; a surrogate without its other half stands for itself. */
function codeAt(text: string, at: number): number {
  return text.codePointAt(at) ?? 0;
}

/** Returns the text's distinct code points, ascending; throws a RangeError for half of a surrogate pair. */
function distinctCodes(text: string): number[] {
  const codes = new Set<number>();
  for (let at = 0; at < text.length;) {
    const code = codeAt(text, at);
    if (isSurrogate(code)) {
      throw new RangeError(
        `"text" expected Unicode text, got half of a surrogate pair, ${codeName(code)}, at index ${at}`,
      );
    }
    codes.add(code);
    at += unitsOf(code);
  }
  return [...codes].sort((a, b) => a - b);
}

function decodeCodes(codes: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let from = 0; from < codes.length; from += CHUNK) {
    const chunk: number[] = [];
    for (let at = from; at < codes.length && at < from + CHUNK; at++) chunk.push(codes[at]);
    parts.push(String.fromCodePoint(...chunk));
  }
  return parts.join("");
}

/**
 * Numbers the distinct characters (Unicode code points) of a text, in code-point order: the first is token 0.
 * Text is not normalised, so that decoding gives it back unchanged.
 */
export class CharVocabulary {
  /** All characters, in order: `CharVocabulary.from(characters)` is the same vocabulary. */
  readonly characters: string;
  /** The number of characters: a network's `inputSize` and `outputSize`. */
  readonly size: number;
  private readonly codes: readonly number[];
  /** Token of each code point. */
  private readonly tokens: ReadonlyMap<number, number>;

  /** Takes distinct code points, ascending. */
  private constructor(codes: readonly number[]) {
    this.codes = codes;
    this.size = codes.length;
    this.characters = decodeCodes(codes);
    this.tokens = new Map(codes.map((code, token) => [code, token]));
  }

  /**
   * Makes the vocabulary of a text. Throws a TypeError for anything but a string, and a RangeError for an
   * empty text or half of a surrogate pair: it is no character, and no file of UTF-8 holds it (a text cut at
   * any index may begin or end with one).
   */
  static from(text: string): CharVocabulary {
    if (requireText(text) === "") throw new RangeError(`"text" expected characters, got ""`);
    return new CharVocabulary(distinctCodes(text));
  }

  /**
   * Returns the text's tokens, each in [0, size). A character outside of the vocabulary, or half of a
   * surrogate pair, is a RangeError that names it, or is left out with `unknown: "skip"`. Throws a TypeError
   * for anything but a string.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    requireText(text);
    const { unknown = "throw" } = requireOptions("options", options, ["unknown"]);
    requireChoice("options.unknown", unknown, ["throw", "skip"]);
    const tokens = new Int32Array(text.length);
    let count = 0;
    for (let at = 0; at < text.length;) {
      const code = codeAt(text, at);
      const token = this.tokens.get(code);
      if (token !== undefined) tokens[count++] = token;
      else if (unknown === "throw") {
        const character = JSON.stringify(String.fromCodePoint(code));
        throw new RangeError(
          `"text" expected characters of the vocabulary, got ${character} (${codeName(code)}) at index ${at}; ` +
            `{ unknown: "skip" } leaves such characters out`,
        );
      }
      at += unitsOf(code);
    }
    return count === tokens.length ? tokens : tokens.slice(0, count);
  }

  /**
   * Returns the text of the tokens. Throws a RangeError for one that is not in [0, size), with the token and
   * its index, and a TypeError for an element that is no number.
   */
  decode(tokens: ArrayLike<number>): string {
    return decodeCodes(requireTokenList("tokens", tokens, this.size).map((token) => this.codes[token]));
  }
}
