/** Makes vocabularies of texts that are read from a source and not kept. */

import { requireWhole } from "./code-points.js";
import { PieceCounts, requireWordCut, type WordVocabularyOptions } from "./piece-counts.js";
import { readText, type TextSource } from "./text-source.js";
import { CharVocabulary } from "./vocabulary.js";
import { WordVocabulary } from "./word-vocabulary.js";

/** Hands on the parts of a text. Rejects with the source's errors, and a RangeError for an empty text or half of a surrogate pair. */
async function readParts(source: TextSource, take: (part: string) => void): Promise<void> {
  let before = 0;
  for await (const part of readText(source)) {
    requireWhole(part, before);
    take(part);
    before += part.length;
  }
  if (before === 0) throw new RangeError(`"source" expected a text, got an empty one`);
}

/**
 * Makes the vocabulary that `CharVocabulary.from` makes, of a text that is read from a source as `textStream` reads it. Rejects
 * with the errors of `CharVocabulary.from` and of the source.
 */
export async function readCharVocabulary(source: TextSource): Promise<CharVocabulary> {
  const characters = new Set<string>();
  await readParts(source, (part) => {
    for (const character of part) characters.add(character);
  });
  return CharVocabulary.from([...characters].join(""));
}

/**
 * Makes the vocabulary that `WordVocabulary.from` makes, of a text that is read from a source as `textStream` reads it: the
 * memory is that of its different words. Rejects with the errors of `WordVocabulary.from` and of the source.
 */
export async function readWordVocabulary(
  source: TextSource,
  options: WordVocabularyOptions = {},
): Promise<WordVocabulary> {
  const cut = requireWordCut(options);
  const counts = new PieceCounts();
  await readParts(source, (part) => {
    counts.push(part);
  });
  counts.finish();
  return WordVocabulary.fromWords(counts.frequent("source", cut));
}
