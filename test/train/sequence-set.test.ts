import { describe, expect, it } from "vitest";
import type { SequenceItem } from "../../src/data/items.js";
import { sequenceSet } from "../../src/data/sequence-set.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Cell } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { Random } from "../../src/random.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";

const random = new Random(5);

/** Which of two tokens came first: what one direction must remember to the end, and the other meets last. */
function drawItem(): SequenceItem {
  const tokens = Uint8Array.from({ length: 3 + random.integer(10) }, () => random.integer(4));
  return { inputs: { tokens }, targets: { class: tokens[0] < 2 ? 0 : 1 } };
}

const items = Array.from({ length: 400 }, drawItem);

describe.each<[Cell, boolean, "step" | "sequence"]>([
  ["gru", false, "step"],
  ["gru", false, "sequence"],
  ["lstm", true, "sequence"],
])(
  "whole sequences of different lengths, %s, bidirectional: %s, one output a %s",
  (cell, bidirectional, output) => {
    const sizes = { inputSize: 4, hiddenSize: 12, outputSize: 2, layers: 2, dropout: 0.1, embeddingSize: 3 };

    it("are learned, validated and evaluated", async () => {
      using network = createNetwork({ ...sizes, cell, bidirectional, output, seed: 2 });
      const heldOut = sequenceSet(items.slice(320), { batch: 80 });
      const before = await evaluate(network, heldOut);
      expect(before.count).toBe(80);
      const validationLosses: number[] = [];
      for await (const { epochEnd, validationLoss } of train(
        network,
        sequenceSet(items.slice(0, 320), { batch: 20, shuffle: true }),
        { optimizer: adam({ learningRate: 0.01 }), epochs: 15, clipNorm: 1, validation: heldOut },
      ))
        if (epochEnd) validationLosses.push(validationLoss ?? NaN);
      const after = await evaluate(network, heldOut);
      expect(validationLosses).toHaveLength(15);
      expect(after.loss).toBe(validationLosses.at(-1));
      expect(after.loss).toBeLessThan(before.loss / 2);
      expect(after.accuracy).toBeGreaterThan(0.9);
    });

    it("give the same loss in batches as one by one", async () => {
      using network = createNetwork({ ...sizes, cell, bidirectional, output, seed: 3 });
      const alone = await evaluate(network, sequenceSet(items, { batch: 1 }));
      for (const batch of [7, 64, 400]) {
        const together = await evaluate(network, sequenceSet(items, { batch }));
        expect(together.count).toBe(alone.count);
        expect(together.accuracy).toBe(alone.accuracy);
        // The same numbers, added up in another order.
        expect(together.loss).toBeCloseTo(alone.loss, 6);
      }
      const packs = output === "step" ? [7, 64] : [];
      const sets = packs.map((batch) => sequenceSet(items, { batch, pack: true }));
      for (const packed of sets) {
        expect(packed.padding.packed).toBeLessThan(packed.padding.unpacked / 2);
        const together = await evaluate(network, packed);
        expect(together.count).toBe(alone.count);
        expect(together.accuracy).toBe(alone.accuracy);
        expect(together.loss).toBeCloseTo(alone.loss, 6);
      }
    });
  },
);

it("one target a sequence is refused for a bidirectional network with an output a step, and nothing happens", async () => {
  using network = createNetwork({ inputSize: 4, hiddenSize: 3, outputSize: 2, bidirectional: true });
  const before = network.parameters.map((one) => one.read());
  for (const data of [sequenceSet(items, { batch: 8 }), sequenceSet(items, { batch: 8, pack: true })]) {
    const training = train(network, data, { optimizer: adam() });
    for (const run of [() => training.next(), () => evaluate(network, data)]) {
      await expect(run()).rejects.toThrow(RangeError);
    }
    await expect(evaluate(network, data)).rejects.toThrow(/output: "sequence"/);
  }
  expect(network.parameters.map((one) => one.read())).toEqual(before);
  // By hand they never are.
  const [{ inputs, targets }] = sequenceSet(items, { batch: 8 });
  expect((await evaluate(network, [{ inputs, targets }])).count).toBe(8);
});
