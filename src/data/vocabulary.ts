/** Converts text to tokens and back: what every vocabulary does, and one of a token for each Unicode code point. */

import { requireChoice, requireOptions } from "../errors.js";
import { codeAt, codeName, requireText, requireWhole, unitsOf } from "./code-points.js";
import { requireTokenList } from "./token-list.js";

/** Configures a vocabulary's `encode`. */
export interface EncodeOptions {
  /**
   * What is outside of the vocabulary is a RangeError ("throw") or left out ("skip"). Default: it becomes the vocabulary's
   * unknown token, or "throw" where there is none.
   */
  unknown?: "throw" | "skip";
}

/** Encodes one text that comes in parts, with the tokens of the whole. */
export interface PartEncoder {
  /** Returns the tokens of the next part that nothing behind it can change. */
  encode(part: string): Int32Array;
  /** Returns the tokens that are left. */
  finish(): Int32Array;
}

/** Converts text to tokens and back. A tokenizer from elsewhere fits in with `size`, `encode` and `decode`. */
export interface Vocabulary {
  /** The number of tokens: a network's `inputSize` and `outputSize`. */
  readonly size: number;
  /** The token of all that has none of its own; undefined where there is none. */
  readonly unknown?: number | undefined;
  /** Returns the text's tokens, each in [0, size). */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** Returns the text of the tokens. */
  decode(tokens: ArrayLike<number>): string;
  /** Begins a text that comes in parts; without it such texts are encoded in stretches that end at white space. */
  encoder?(options?: EncodeOptions): PartEncoder;
}

/** Returns what becomes of the unknown, `otherwise` where the options do not say. */
export function requireUnknown<Otherwise extends string>(
  options: EncodeOptions,
  otherwise: Otherwise,
): "throw" | "skip" | Otherwise {
  const { unknown } = requireOptions("options", options, ["unknown"]);
  return unknown === undefined ? otherwise : requireChoice("options.unknown", unknown, ["throw", "skip"]);
}

/** Returns an encoder of parts that do not depend on each other; `encode` is told how many UTF-16 units came before. */
export function encoderOf(encode: (part: string, before: number) => Int32Array): PartEncoder {
  let before = 0;
  return {
    encode: (part) => {
      const tokens = encode(requireText(part), before);
      before += part.length;
      return tokens;
    },
    finish: () => new Int32Array(),
  };
}

/** Code points that become text at a time: as many arguments as every engine takes. */
const CHUNK = 4096;

/** Returns the text's distinct code points, ascending; throws a RangeError for half of a surrogate pair. */
function distinctCodes(text: string): number[] {
  requireWhole(text);
  const codes = new Set<number>();
  for (let at = 0; at < text.length;) {
    const code = codeAt(text, at);
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
export class CharVocabulary implements Vocabulary {
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
    return this.encodeAt(requireText(text), requireUnknown(options, "throw"), 0);
  }

  /** Begins a text that comes in parts, which do not end within a surrogate pair. */
  encoder(options: EncodeOptions = {}): PartEncoder {
    const unknown = requireUnknown(options, "throw");
    return encoderOf((part, before) => this.encodeAt(part, unknown, before));
  }

  /** Encodes a text whose indices count from `before` in messages. */
  private encodeAt(text: string, unknown: "throw" | "skip", before: number): Int32Array {
    const tokens = new Int32Array(text.length);
    let count = 0;
    for (let at = 0; at < text.length;) {
      const code = codeAt(text, at);
      const token = this.tokens.get(code);
      if (token !== undefined) tokens[count++] = token;
      else if (unknown === "throw") {
        const character = JSON.stringify(String.fromCodePoint(code));
        throw new RangeError(
          `"text" expected characters of the vocabulary, got ${character} (${codeName(code)}) at index ${before + at}; ` +
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
