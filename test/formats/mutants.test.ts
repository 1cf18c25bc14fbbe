import { describe, expect, it } from "vitest";
import { loadNetwork, readMetadata, saveNetwork } from "../../src/formats/network-file.js";
import { engineFor } from "../../src/memory/engine.js";
import { createNetwork } from "../../src/network/create-network.js";
import { Random } from "../../src/random.js";
import { attempt, COUNT, mutate, networks, sameBytes, sizesOf } from "./mutations.js";

const files = networks.flatMap((options): Uint8Array[] => {
  using network = createNetwork(options);
  const metadata = { vocabulary: 'é\n"a', note: "" };
  return [saveNetwork(network, metadata), saveNetwork(network, metadata, { dtype: "F16" })];
});

/** Whether it is a network, that can be saved and loaded again. */
function isNetwork(file: Uint8Array): boolean {
  using network = loadNetwork(file);
  using again = loadNetwork(saveNetwork(network, readMetadata(file)));
  return sizesOf(again) === sizesOf(network);
}

describe("mutants of a network's file", () => {
  it(`are networks or FormatErrors, all ${COUNT}, and leave no memory taken`, () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const random = new Random(1);
    const counts = { networks: 0, metadata: 0, refused: 0 };
    for (let i = 0; i < COUNT; i++) {
      const file = mutate(random, files);
      const original = file.slice();
      const metadata = attempt(() => readMetadata(file));
      const network = attempt(() => isNetwork(file));
      if (!sameBytes(file, original)) throw new Error(`mutant ${i} was written to`);
      if (network === false) throw new Error(`mutant ${i} did not come back as it was`);
      if (network === true) counts.networks++;
      else if (metadata !== undefined) counts.metadata++;
      else counts.refused++;
    }
    expect(arena.reserved).toBe(before);
    // Enough of each for the test to mean something: about 500, 1,000 and 18,500.
    expect(counts.networks).toBeGreaterThan(COUNT / 100);
    expect(counts.metadata).toBeGreaterThan(COUNT / 100);
    expect(counts.refused).toBeGreaterThan(COUNT / 2);
  });
});
