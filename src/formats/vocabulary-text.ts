/** Stores a vocabulary as a text, for a model file's metadata. */

import { ByteVocabulary } from "../data/byte-vocabulary.js";
import { codeAt, unitsOf } from "../data/code-points.js";
import { CharVocabulary, type Vocabulary } from "../data/vocabulary.js";
import { WordVocabulary } from "../data/word-vocabulary.js";
import { describe, FormatError, requireObject } from "../errors.js";
import { StrictJson } from "./strict-json.js";

const PLACE = "the vocabulary";

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Returns a vocabulary as a text, for `saveNetwork(network, { vocabulary: saveVocabulary(vocabulary) })`, which `loadVocabulary`
 * reads: the characters of a `CharVocabulary`, in order; JSON of the others. Throws a TypeError for a vocabulary from elsewhere,
 * which only its makers can store.
 */
export function saveVocabulary(vocabulary: Vocabulary): string {
  requireObject("vocabulary", vocabulary);
  if (vocabulary instanceof CharVocabulary) return vocabulary.characters;
  if (vocabulary instanceof ByteVocabulary) return JSON.stringify({ kind: "bytes" });
  if (vocabulary instanceof WordVocabulary) return JSON.stringify({ kind: "words", words: vocabulary.words });
  throw new TypeError(
    `"vocabulary" expected a CharVocabulary, ByteVocabulary or WordVocabulary, got ${describe(vocabulary)}`,
  );
}

/** Returns whether every character is above the one before it, in code-point order: no JSON is such a text. */
function isAscending(text: string): boolean {
  let before = -1;
  for (let at = 0; at < text.length;) {
    const code = codeAt(text, at);
    if (code <= before) return false;
    before = code;
    at += unitsOf(code);
  }
  return true;
}

/** Reads `{"kind":"bytes"}` or `{"kind":"words","words":["the", …]}`. Throws a FormatError. */
function readJson(text: string): Vocabulary {
  const json = new StrictJson(new TextEncoder().encode(text), PLACE);
  let words: string[] | undefined;
  let kind: string | undefined;
  json.readObject((name) => {
    if (name === "kind") kind = json.readString();
    else if (name === "words") words = json.readStrings();
    else throw new FormatError(`${PLACE}: expected the members "kind" and "words", got ${describe(name)}`);
  });
  json.finish();
  if (kind !== "bytes" && kind !== "words")
    throw new FormatError(`${PLACE}: expected "kind" to be "bytes" or "words", got ${describe(kind)}`);
  if ((kind === "words") !== (words !== undefined))
    throw new FormatError(
      `${PLACE}: expected "words" exactly where "kind" is "words", got ${describe(kind)}`,
    );
  return words === undefined ? new ByteVocabulary() : WordVocabulary.fromWords(words);
}

/**
 * Returns the vocabulary that `saveVocabulary` stored: the same tokens for the same text. Throws a TypeError for anything but a
 * string, and a FormatError for one that is no vocabulary.
 */
export function loadVocabulary(text: string): Vocabulary {
  if (typeof text !== "string") throw new TypeError(`"text" expected a string, got ${describe(text)}`);
  if (text === "") throw new FormatError(`${PLACE}: expected characters or JSON, got ""`);
  if (LONE_SURROGATE.test(text))
    throw new FormatError(`${PLACE}: expected Unicode text, got half of a surrogate pair`);
  if (isAscending(text)) return CharVocabulary.from(text);
  try {
    return readJson(text);
  } catch (error) {
    // Of words that are no vocabulary.
    if (error instanceof RangeError) throw new FormatError(`${PLACE}: ${error.message}`);
    throw error;
  }
}
