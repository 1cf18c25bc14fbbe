import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteVocabulary } from "../../src/data/byte-vocabulary.js";
import { CharVocabulary, type Vocabulary } from "../../src/data/vocabulary.js";
import { WordVocabulary } from "../../src/data/word-vocabulary.js";
import { FormatError } from "../../src/errors.js";
import { loadNetwork, readMetadata, saveNetwork } from "../../src/formats/network-file.js";
import { loadVocabulary, saveVocabulary } from "../../src/formats/vocabulary-text.js";
import { createNetwork } from "../../src/network/create-network.js";

const word = fc
  .string({ unit: "binary", minLength: 1, maxLength: 6 })
  .filter((text) => text.trim() !== "\ufffd");

describe("a saved vocabulary", () => {
  it("of characters is their text, as models have it that were saved before there were others", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        const vocabulary = CharVocabulary.from(text);
        const saved = saveVocabulary(vocabulary);
        expect(saved).toBe(vocabulary.characters);
        const loaded = loadVocabulary(saved);
        expect(loaded).toBeInstanceOf(CharVocabulary);
        expect(loaded.encode(text)).toEqual(vocabulary.encode(text));
      }),
      { seed: 1, numRuns: 300 },
    );
    expect(loadVocabulary('"{}')).toBeInstanceOf(CharVocabulary);
  });

  it("of words has the same words", () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 12 }), (words) => {
        const loaded = loadVocabulary(saveVocabulary(WordVocabulary.fromWords(words)));
        expect(loaded).toEqual(WordVocabulary.fromWords(words));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("of bytes says so, and goes through a model file", () => {
    using network = createNetwork({ inputSize: 256, hiddenSize: 2, outputSize: 256 });
    const bytes = saveNetwork(network, { vocabulary: saveVocabulary(new ByteVocabulary()) });
    loadNetwork(bytes).dispose();
    expect(loadVocabulary(readMetadata(bytes)["vocabulary"] ?? "")).toEqual(new ByteVocabulary());
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /^the vocabulary: expected characters or JSON, got ""$/],
    ["half of a pair", "a\ud83d", /half of a surrogate pair/],
    ["characters that descend", "ba", /^the vocabulary: expected \{ at byte 0/],
    ["characters twice", "aa", /expected \{/],
    ["JSON that ends", '{"kind":"bytes"', /the vocabulary: .* got the end/],
    ["more than JSON", '{"kind":"bytes"}x', /expected nothing more/],
    ["no kind", "{ }", /expected "kind" to be "bytes" or "words", got undefined/],
    ["another kind", '{"kind":"pieces"}', /got "pieces"/],
    ["words of bytes", '{"kind":"bytes","words":["a"]}', /"words" exactly where/],
    ["no words", '{"kind":"words"}', /"words" exactly where/],
    ["another member", '{"kind":"words","list":[]}', /got "list"/],
    ["a number for a word", '{"kind":"words","words":[1]}', /expected a string/],
    ["an empty list", '{"kind":"words","words":[]}', /^the vocabulary: "words" expected at least one word/],
    ["a word twice", '{"kind":"words","words":["a","a"]}', /^the vocabulary: "words\[1\]" .* again/],
  ])("is refused: %s", (_, text, message) => {
    expect(() => loadVocabulary(text)).toThrow(FormatError);
    expect(() => loadVocabulary(text)).toThrow(message);
  });

  it("is refused where it is no text, or another's", () => {
    expect(() => loadVocabulary(5 as unknown as string)).toThrow(TypeError);
    const foreign = { size: 1, encode: () => new Int32Array(), decode: () => "" };
    expect(() => saveVocabulary(foreign)).toThrow(
      /CharVocabulary, ByteVocabulary or WordVocabulary, got an object/,
    );
    expect(() => saveVocabulary(null as unknown as Vocabulary)).toThrow(/"vocabulary" expected an object/);
  });
});
