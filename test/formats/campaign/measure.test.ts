/** The campaign's measures see what they are for. */

import { describe, expect, it } from "vitest";
import { WordVocabulary } from "../../../src/data/word-vocabulary.js";
import { saveVocabulary } from "../../../src/formats/vocabulary-text.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { measure } from "./measure.js";
import { readCapped } from "./read-capped.js";
import { readers } from "./readers.js";

const MIB = 2 ** 20;
const sizes = { inputSize: 1, hiddenSize: 1, outputSize: 1 };

describe("measure", () => {
  it("sees arrays, objects and the kernels' memory", () => {
    const kept: unknown[] = [];
    const arrays = measure(() => kept.push(new Uint8Array(64 * MIB)));
    expect(arrays.bytes).toBeGreaterThanOrEqual(64 * MIB);
    expect(arrays.heap).toBeLessThan(MIB);
    // Through garbage collections: 96 bytes and more an object.
    const objects = measure(() => {
      for (let i = 0; i < MIB; i++) kept.push([i, { i }, [i]]);
    });
    expect(objects.heap).toBeGreaterThan(96 * MIB);
    const networks = measure(() => {
      createNetwork({ ...sizes, hiddenSize: 1024 }).dispose();
    });
    // Values and gradients.
    expect(networks.bytes - networks.heap).toBeGreaterThanOrEqual(8 * MIB);
    expect([arrays.error, objects.error, networks.error]).toEqual([undefined, undefined, undefined]);
  });

  it("returns what was thrown, and says what was not given back", () => {
    const error = new RangeError("no");
    const thrown = measure(() => {
      throw error;
    });
    expect(thrown.error).toBe(error);
    const networks: Disposable[] = [];
    const leak = measure(() => networks.push(createNetwork(sizes)));
    expect(String(leak.error)).toMatch(/[1-9]\d* bytes were not given back/);
    for (const network of networks) network[Symbol.dispose]();
  });
});

describe("a capped heap", () => {
  const reader = readers.find(({ name }) => name === "loadVocabulary");
  if (reader === undefined) throw new Error("there is no such reader");
  const words = Array.from({ length: 400_000 }, (_, i) => i.toString(36));
  const text = saveVocabulary(WordVocabulary.fromWords(words));
  // The last word again: refused once all are there.
  const file = new TextEncoder().encode(text.replace(/"([^"]*)"\]\}$/, '"$1","$1"]}'));

  it("has room for a refusal, or has not", () => {
    expect(readCapped(reader, file, 400 * MIB)).toBe(true);
    expect(readCapped(reader, file, 16 * MIB)).toBe(false);
  });
});
