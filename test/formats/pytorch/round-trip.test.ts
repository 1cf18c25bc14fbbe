/** Whatever goes out to PyTorch comes back as it was. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromPyTorch } from "../../../src/formats/pytorch/from-pytorch.js";
import { toPyTorch } from "../../../src/formats/pytorch/to-pytorch.js";
import { pytorchCells } from "../../../src/formats/pytorch/recurrent.js";
import { readSafetensors } from "../../../src/formats/safetensors-file.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { Network } from "../../../src/network/types.js";

const size = fc.integer({ min: 1, max: 5 });
const options = fc.record({
  cell: fc.constantFrom(...pytorchCells),
  inputSize: size,
  hiddenSize: size,
  outputSize: fc.nat(4),
  layers: fc.integer({ min: 1, max: 3 }),
  bidirectional: fc.boolean(),
  embeddingSize: fc.nat(4),
  output: fc.constantFrom("step" as const, "sequence" as const),
  seed: fc.nat(99),
});

/** Paths through a model, and anything else that a name may be. */
const name = fc.oneof(
  fc.array(fc.constantFrom("model", "module", "weight", "weight_ih_l0", "bias", "0", "é"), { maxLength: 3 }),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const prefix = name.map((parts) => (typeof parts === "string" ? parts : parts.join(".")));
const dotted = (text: string): string => (text === "" || text.endsWith(".") ? text : `${text}.`);
const names = fc
  .record({ rnn: prefix, head: prefix, embedding: prefix })
  .filter((drawn) => new Set(Object.values(drawn).map(dotted)).size === 3);

const bitsOf = (network: Network): [string, Uint32Array][] =>
  network.parameters.map((one) => [one.name, new Uint32Array(one.read().buffer)]);

describe("a network that went to PyTorch's names", () => {
  it("comes back bit for bit, found by shapes alone wherever they say all", () => {
    const counts = { found: 0, asked: 0 };
    fc.assert(
      fc.property(options, names, (drawn, given) => {
        using network = createNetwork(drawn);
        // Numbers of all kinds: NaN, infinities, subnormals, -0.
        network.parameters[0].write(
          network.parameters[0].read().map((x, i) => [NaN, x, Infinity, -0, 1e-45, -Infinity][i % 6]),
        );
        const file = toPyTorch(network, given);
        const { cell, output } = drawn;
        // One weight alone that would fit both before and behind must be asked for.
        const width = (drawn.bidirectional ? 2 : 1) * drawn.hiddenSize;
        const either = drawn.embeddingSize === width && drawn.outputSize === 0;
        if (either) {
          counts.asked++;
          expect(() => fromPyTorch(file, { cell, output })).toThrow(/"options.head" and "options.embedding"/);
        } else counts.found++;
        const wish = either ? { head: null } : {};
        using back = fromPyTorch(file, { cell, output, ...wish });
        expect({ ...back.options, seed: drawn.seed }).toStrictEqual(network.options);
        expect(bitsOf(back)).toEqual(bitsOf(network));
        // By their names, too, with and without the dot.
        const chosen = {
          rnn: given.rnn,
          head: drawn.outputSize > 0 ? dotted(given.head) : null,
          embedding: drawn.embeddingSize > 0 ? given.embedding : null,
        };
        using asked = fromPyTorch(file, { cell, output, ...chosen });
        expect(toPyTorch(asked, given)).toEqual(file);
      }),
      { seed: 1, numRuns: 600 },
    );
    expect(counts.asked).toBeGreaterThan(3);
    expect(counts.found).toBeGreaterThan(400);
  });

  it("has PyTorch's order of names, and says that it is PyTorch's", () => {
    using network = createNetwork({
      inputSize: 3,
      hiddenSize: 2,
      outputSize: 4,
      embeddingSize: 5,
      cell: "lstm",
    });
    const { tensors, metadata } = readSafetensors(toPyTorch(network, { rnn: "", head: "model.fc." }));
    expect(metadata).toEqual({ format: "pt" });
    expect(Array.from(tensors, ([key, { dtype, shape }]) => `${key} ${dtype} ${shape.join("×")}`)).toEqual([
      "embedding.weight F32 3×5",
      "weight_ih_l0 F32 8×5",
      "weight_hh_l0 F32 8×2",
      "bias_ih_l0 F32 8",
      "bias_hh_l0 F32 8",
      "model.fc.weight F32 4×2",
      "model.fc.bias F32 4",
    ]);
  });
});
