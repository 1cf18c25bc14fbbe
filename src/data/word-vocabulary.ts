/** Converts text to words, symbols and white space and back, a token for each that is not rare. */

import { describe } from "../errors.js";
import { requireText, requireWhole } from "./code-points.js";
import { PieceCounts, requireWordCut, type WordVocabularyOptions } from "./piece-counts.js";
import { isWord, PieceCutter, simplerPieces, UNKNOWN, type TakePiece } from "./pieces.js";
import { requireTokenList } from "./token-list.js";
import { requireUnknown, type EncodeOptions, type PartEncoder, type Vocabulary } from "./vocabulary.js";

/** Encodes the pieces of one text, in parts. */
class WordEncoder implements PartEncoder {
  private readonly tokens: ReadonlyMap<string, number>;
  private readonly unknown: number;
  private readonly fate: "throw" | "skip" | "token";
  private readonly cutter = new PieceCutter();
  private found: number[] = [];

  constructor(tokens: ReadonlyMap<string, number>, unknown: number, fate: "throw" | "skip" | "token") {
    this.tokens = tokens;
    this.unknown = unknown;
    this.fate = fate;
  }

  encode(part: string): Int32Array {
    this.cutter.push(requireText(part), this.take);
    return this.flush();
  }

  finish(part = ""): Int32Array {
    this.cutter.finish(this.take, requireText(part));
    return this.flush();
  }

  private flush(): Int32Array {
    const tokens = Int32Array.from(this.found);
    this.found = [];
    return tokens;
  }

  private readonly take: TakePiece = (piece, word) => {
    const token = this.tokens.get(piece);
    if (token !== undefined) this.found.push(token);
    else if (word) this.takeUnknown(piece);
    else this.takeSimpler(piece);
  };

  private takeSimpler(piece: string): void {
    const simpler = simplerPieces(piece);
    for (const one of simpler) {
      const token = this.tokens.get(one);
      if (token === undefined) this.takeUnknown(one);
      else this.found.push(token);
    }
    if (simpler.length === 0) this.takeUnknown(piece);
  }

  private takeUnknown(piece: string): void {
    if (this.fate === "token") this.found.push(this.unknown);
    else if (this.fate === "throw") {
      throw new RangeError(
        `"text" expected words of the vocabulary, got ${describe(piece)}; without \`unknown\` such words become the unknown token`,
      );
    }
  }
}

/** Returns the words, in an array of its own. Throws a TypeError or RangeError for what is no list of distinct words. */
function requireWords(given: Iterable<string>): string[] {
  const iterable: unknown = given;
  if (typeof iterable !== "object" || iterable === null || !(Symbol.iterator in iterable))
    throw new TypeError(`"words" expected a list of words, got ${describe(iterable)}`);
  const words: string[] = [];
  const seen = new Set<string>();
  for (const word of given as Iterable<unknown>) {
    const name = `words[${words.length}]`;
    if (typeof word !== "string") throw new TypeError(`"${name}" expected a string, got ${describe(word)}`);
    if (word === "" || word.trim() === UNKNOWN || /\p{Surrogate}/u.test(word))
      throw new RangeError(`"${name}" expected Unicode text that is not "${UNKNOWN}", got ${describe(word)}`);
    if (seen.has(word))
      throw new RangeError(`"${name}" expected every word once, got ${describe(word)} again`);
    seen.add(word);
    words.push(word);
  }
  return words;
}

/**
 * Numbers the words, symbols and white space of a text, the most frequent first, and behind them the unknown token, for all
 * that is rare. What is known is given back by decoding exactly as it was; nothing is normalised or put in lower case.
 *
 * A word is of letters in any script with their combining marks and joiners, digits and connectors (`_`), with apostrophes
 * before letters (`don't`) and separators between digits (`3.14`; after Unicode Standard Annex 29). The one blank between two
 * words goes without saying. Any other character is a symbol, a token with the blank before it and the one behind it (`", "`,
 * `" ("`); so is each character of Chinese and Japanese. Other white space is runs of one character. A rare symbol with
 * blanks is taken without them, and a rare run character by character, where these are known. A language that is written
 * without spaces in an alphabet, as Thai is, has whole clauses for words: take characters there. A word of more than 4,096
 * characters is cut there, and decoding puts a blank at the cut.
 */
export class WordVocabulary implements Vocabulary {
  /** What each token stands for, of all but the unknown one: `WordVocabulary.fromWords(words)` is the same vocabulary. */
  readonly words: readonly string[];
  /** The number of tokens, the unknown one among them: a network's `inputSize` and `outputSize`. */
  readonly size: number;
  /** The token for all other words, the last one, which decodes to U+FFFD (�). `sample` draws none with `exclude: [unknown]`. */
  readonly unknown: number;
  private readonly tokens: ReadonlyMap<string, number>;

  /** Whether each token stands for a word, as the unknown one does. */
  private readonly areWords: readonly boolean[];

  private constructor(words: readonly string[]) {
    this.words = Object.freeze(words);
    this.areWords = [...words.map(isWord), true];
    this.unknown = words.length;
    this.size = words.length + 1;
    this.tokens = new Map(words.map((word, token) => [word, token]));
  }

  /**
   * Makes the vocabulary of a text. Throws a TypeError for anything but a string, and a RangeError for half of a surrogate
   * pair, a wrong option, and a text of which no word occurs `minCount` times.
   */
  static from(text: string, options: WordVocabularyOptions = {}): WordVocabulary {
    const cut = requireWordCut(options);
    if (requireText(text) === "") throw new RangeError(`"text" expected words, got ""`);
    requireWhole(text);
    const counts = new PieceCounts();
    counts.finish(text);
    return new WordVocabulary(counts.frequent("text", cut));
  }

  /**
   * Makes a vocabulary of words, symbols and white space whose tokens are their places. Throws a TypeError or RangeError
   * unless they are different texts, one at least.
   */
  static fromWords(words: Iterable<string>): WordVocabulary {
    const list = requireWords(words);
    if (list.length === 0) throw new RangeError(`"words" expected at least one word, got none`);
    return new WordVocabulary(list);
  }

  /**
   * Returns the text's tokens, each in [0, size). A word outside of the vocabulary becomes the unknown token; it is a
   * RangeError that names it with `unknown: "throw"`, and left out with "skip". Throws a TypeError for anything but a string.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    return this.begin(options).finish(text);
  }

  /** Begins a text that comes in parts: their tokens are those of the whole. */
  encoder(options: EncodeOptions = {}): PartEncoder {
    return this.begin(options);
  }

  private begin(options: EncodeOptions): WordEncoder {
    return new WordEncoder(this.tokens, this.unknown, requireUnknown(options, "token"));
  }

  /**
   * Returns the text of the tokens, with a blank between two words, U+FFFD (�) being one. Throws a RangeError for a token that
   * is not in [0, size), and a TypeError for an element that is no number.
   */
  decode(tokens: ArrayLike<number>): string {
    const parts: string[] = [];
    let afterWord = false;
    for (const token of requireTokenList("tokens", tokens, this.size)) {
      const word = this.areWords[token];
      if (word && afterWord) parts.push(" ");
      parts.push(token === this.unknown ? UNKNOWN : this.words[token]);
      afterWord = word;
    }
    return parts.join("");
  }
}
