import { describe, expect, it } from "vitest";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { toPyTorch } from "../../../src/formats/pytorch/to-pytorch.js";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors-file.js";
import { engineFor } from "../../../src/memory/engine.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { Random } from "../../../src/random.js";
import { readExchangeCases } from "../../fixtures/exchange.js";
import { attempt, COUNT, mutate, networks, pick, sameBytes, sizesOf } from "../mutations.js";

/** State dicts: this library's, and those of PyTorch's that are small. */
const stateDicts = [
  ...networks.map((options): Uint8Array => {
    using network = createNetwork(options);
    return toPyTorch(network, { rnn: "model.lstm", head: "" });
  }),
  ...readExchangeCases()
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length < 2500),
];

/** Whether it is a state dict, that can be written and read again. */
function isStateDict(file: Uint8Array, options: FromPyTorchOptions): boolean {
  using network = fromPyTorch(file, options);
  const { bidirectional, hiddenSize, outputSize, embeddingSize } = network.options;
  // One weight that could be either has to be asked for.
  const wish =
    outputSize === 0 && embeddingSize === (bidirectional ? 2 : 1) * hiddenSize ? { head: null } : {};
  using again = fromPyTorch(toPyTorch(network), wish);
  return sizesOf(again) === sizesOf(network);
}

/** Whether it is a safetensors file, of which the same tensors can be written. */
function isSafetensors(file: Uint8Array): boolean {
  const { tensors, metadata } = readSafetensors(file);
  const again = readSafetensors(writeSafetensors(tensors, metadata));
  const bytes = (read: ReadonlyMap<string, { data: Uint8Array }>): string =>
    Array.from(read, ([name, { data }]) => `${name} ${data.join()}`).join();
  return (
    bytes(again.tensors) === bytes(tensors) && JSON.stringify(again.metadata) === JSON.stringify(metadata)
  );
}

describe("mutants of a state dict", () => {
  it(`are networks, safetensors files or FormatErrors, all ${COUNT}, and leave no memory taken`, () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const random = new Random(2);
    const counts = { networks: 0, files: 0, refused: 0 };
    const wishes: FromPyTorchOptions[] = [
      {},
      {},
      { head: null },
      { embedding: null },
      { rnn: "model.lstm", head: "" },
    ];
    for (let i = 0; i < COUNT; i++) {
      const file = mutate(random, stateDicts);
      const original = file.slice();
      const network = attempt(() => isStateDict(file, pick(random, wishes)));
      const tensors = attempt(() => isSafetensors(file));
      if (!sameBytes(file, original)) throw new Error(`mutant ${i} was written to`);
      if (network === false || tensors === false) throw new Error(`mutant ${i} did not come back as it was`);
      if (network === true) counts.networks++;
      else if (tensors === true) counts.files++;
      else counts.refused++;
    }
    expect(arena.reserved).toBe(before);
    // Enough of each for the test to mean something: about 1,200, 700 and 18,000.
    expect(counts.networks).toBeGreaterThan(COUNT / 100);
    expect(counts.files).toBeGreaterThan(COUNT / 100);
    expect(counts.refused).toBeGreaterThan(COUNT / 2);
  });
});
