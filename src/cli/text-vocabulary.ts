/** With which vocabulary a text is read, and what is said of its tokens. */

import { ByteVocabulary, CharVocabulary, WordVocabulary, type Vocabulary } from "../index.js";
import { wholeNumber, type OptionHelp } from "./arguments.js";
import { Failure } from "./failure.js";
import { grouped, share } from "./format.js";

type CutOption = "min-count" | "max-words";

export type VocabularyOption = "words" | "bytes" | CutOption;

const MIN_COUNT = 2;

export const vocabularyOptions: Readonly<Record<VocabularyOption, OptionHelp>> = {
  words: { help: "reads and writes words, symbols and white space, each a token, and not characters" },
  "min-count": {
    value: "<n>",
    help: `with --words: words that occur less often are one unknown word (${MIN_COUNT})`,
  },
  "max-words": {
    value: "<n>",
    help: "with --words: only the most frequent are known, n with the unknown one",
  },
  bytes: { help: "reads and writes bytes of UTF-8, in which there is every character of every script" },
};

/** Says which tokens a text is cut into. */
export type VocabularyPlan =
  | { readonly kind: "characters" }
  | { readonly kind: "bytes" }
  | { readonly kind: "words"; readonly minCount: number; readonly maxSize: number | undefined };

type Given = Readonly<Partial<Record<VocabularyOption, string>>>;

/** Throws a Failure that names the option. */
export function readVocabularyPlan(given: Given): VocabularyPlan {
  const { words, bytes, "min-count": minCount, "max-words": maxSize } = given;
  if (words !== undefined && bytes !== undefined)
    throw new Failure("only one of --words and --bytes can be given");
  if (words === undefined) {
    const stray = (["min-count", "max-words"] as const).find((name) => given[name] !== undefined);
    if (stray !== undefined) throw new Failure(`--${stray} needs --words`);
    return { kind: bytes === undefined ? "characters" : "bytes" };
  }
  return {
    kind: "words",
    minCount: wholeNumber("min-count", minCount, 1, MIN_COUNT),
    maxSize: wholeNumber("max-words", maxSize, 2, undefined),
  };
}

function createWords(text: string, minCount: number, maxSize: number | undefined): WordVocabulary {
  try {
    return WordVocabulary.from(text, { minCount, ...(maxSize !== undefined && { maxSize }) });
  } catch (error) {
    // Text that was decoded is well-formed, and the options are checked.
    if (!(error instanceof RangeError)) throw error;
    throw new Failure(`no word of the text occurs ${grouped(minCount)} times: choose a smaller --min-count`);
  }
}

/** A text's tokens: those to learn from, and those at its end that are held out. */
export interface Encoded {
  readonly vocabulary: Vocabulary;
  readonly learned: Int32Array;
  readonly heldOut: Int32Array;
}

/** Returns where a text's last part begins, as large a share as is told: with a line, unless that is far. */
function endOfLearned(text: string, held: number): number {
  const end = text.length - Math.floor(text.length * held);
  const line = text.indexOf("\n", end - 1) + 1;
  if (line > 0 && line <= (end + text.length) / 2) return line;
  // Not within a surrogate pair.
  return (text.codePointAt(end - 1) ?? 0) > 0xffff ? end + 1 : end;
}

/** Encodes a text whose last part, as large a share as is told, is held out. Throws a Failure. */
export function encodeText(plan: VocabularyPlan, text: string, held: number): Encoded {
  if (plan.kind === "words") {
    // What is held out has no part in saying which words are known.
    const cut = endOfLearned(text, held);
    const vocabulary = createWords(text.slice(0, cut), plan.minCount, plan.maxSize);
    return {
      vocabulary,
      learned: vocabulary.encode(text.slice(0, cut)),
      heldOut: vocabulary.encode(text.slice(cut)),
    };
  }
  const vocabulary = plan.kind === "bytes" ? new ByteVocabulary() : CharVocabulary.from(text);
  const tokens = vocabulary.encode(text);
  const kept = tokens.length - Math.floor(tokens.length * held);
  return { vocabulary, learned: tokens.subarray(0, kept), heldOut: tokens.subarray(kept) };
}

/** What is said of a vocabulary's tokens. */
export interface TokenKind {
  readonly one: "character" | "word" | "byte";
  readonly many: "characters" | "words" | "bytes";
  /** What to type for a text of such tokens. */
  readonly flag: "" | " --words" | " --bytes";
  /** Tokens of a few lines, to see how it goes. */
  readonly sample: number;
}

const characters: TokenKind = { one: "character", many: "characters", flag: "", sample: 240 };
const words: TokenKind = { one: "word", many: "words", flag: " --words", sample: 60 };
const bytes: TokenKind = { one: "byte", many: "bytes", flag: " --bytes", sample: 240 };

export function tokenKind(vocabulary: Vocabulary): TokenKind {
  if (vocabulary instanceof WordVocabulary) return words;
  return vocabulary instanceof ByteVocabulary ? bytes : characters;
}

/** Returns the number of unknown tokens. */
export function countUnknown({ unknown }: Vocabulary, tokens: Int32Array): number {
  return tokens.reduce((count, token) => (token === unknown ? count + 1 : count), 0);
}

/** A text's tokens, by a vocabulary that was made of another one. */
export interface Reading {
  readonly tokens: Int32Array;
  /** How much of the text the vocabulary does not have: tokens where it has one for the unknown, else characters left out. */
  readonly unknown: number;
  /** Says so; undefined where it has all. */
  readonly note: string | undefined;
}

/** Encodes a text of which not all need be in the vocabulary. */
export function readWith(vocabulary: Vocabulary, text: string): Reading {
  if (vocabulary.unknown === undefined) {
    const tokens = vocabulary.encode(text, { unknown: "skip" });
    // Bytes have every character.
    const unknown = vocabulary instanceof CharVocabulary ? Array.from(text).length - tokens.length : 0;
    const note = `${grouped(unknown)} characters are left out: the model does not know them`;
    return { tokens, unknown, note: unknown === 0 ? undefined : note };
  }
  const tokens = vocabulary.encode(text);
  const unknown = countUnknown(vocabulary, tokens);
  const part = share(unknown / tokens.length);
  const note = `${grouped(unknown)} of the words, ${part}, are unknown to the model: to it they are one word, which it is to tell like any other`;
  return { tokens, unknown, note: unknown === 0 ? undefined : note };
}

/** Returns a function that takes tokens in parts and returns the text that they have as a whole; bytes of a character wait for its last one. */
export function decoderOf(vocabulary: Vocabulary): (tokens: Int32Array) => string {
  if (vocabulary instanceof ByteVocabulary) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (tokens) => decoder.decode(Uint8Array.from(tokens), { stream: true });
  }
  let before = new Int32Array();
  return (tokens) => {
    const known = vocabulary.decode(before).length;
    const text = vocabulary.decode([...before, ...tokens]).slice(known);
    if (tokens.length > 0) before = tokens.slice(-1);
    return text;
  };
}

/** Returns the option of `sample` that has it draw no unknown token. */
export function drawn({ unknown }: Vocabulary): { exclude?: number[] } {
  return unknown === undefined ? {} : { exclude: [unknown] };
}
