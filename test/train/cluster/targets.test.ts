/** Gradients of ranks add up to those of the whole batch, for each kind of targets, loss and data. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../../src/data/training-data.js";
import { bptt } from "../../../src/learn/rules.js";
import { createNetwork } from "../../../src/network/create-network.js";
import {
  binaryCrossEntropy,
  crossEntropy,
  ctc,
  huber,
  meanAbsoluteError,
  quantile,
} from "../../../src/network/losses/by-name.js";
import type { NetworkOptions, Target } from "../../../src/network/types.js";
import { sgd } from "../../../src/optimize/optimizers.js";
import { Random } from "../../../src/random.js";
import { sequencesOf, shareOf } from "../../../src/train/cluster/batch-part.js";
import type { TrainOptions } from "../../../src/train/options.js";
import { train } from "../../../src/train/train.js";
import { allParameters } from "../windows.js";
import { TestCluster } from "./in-process.js";

describe("shares", () => {
  it("are of each sequence once, in order, of nearly equal size, the first rank always having one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (batch, size) => {
        const all = Array.from({ length: size }, (_, rank) => shareOf(batch, rank, size));
        const own = all.filter(({ borrowed }) => !borrowed);
        const taken = own.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
        expect(taken).toEqual(Array.from({ length: batch }, (_, i) => i));
        expect(own.length).toBe(Math.min(batch, size));
        const counts = own.map(({ count }) => count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        for (const { first, count } of all) expect(first + count).toBeLessThanOrEqual(batch);
      }),
    );
  });

  it("are parts of arrays [outer, B, width]", () => {
    const array = Int32Array.from({ length: 2 * 4 * 3 }, (_, i) => i);
    expect([...sequencesOf(array, 2, 4, { first: 1, count: 2 })]).toEqual([
      ...[3, 4, 5, 6, 7, 8],
      ...[15, 16, 17, 18, 19, 20],
    ]);
  });
});

interface Sizes {
  T: number;
  B: number;
  O: number;
}

interface Case {
  target: (random: Random, sizes: Sizes) => Target;
  options?: () => Partial<TrainOptions>;
  network?: Partial<NetworkOptions>;
  O?: number;
  /** Whether all sequences have all steps, since the loss does not know of lengths. */
  even?: boolean;
}

const floats = (length: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, i) => value(i));
const classes = (random: Random, { T, B, O }: Sizes): Int32Array =>
  Int32Array.from({ length: T * B }, () => random.integer(O + 1) - 1);
const values = (random: Random, { T, B, O }: Sizes): Float32Array =>
  floats(T * B * O, () => (random.integer(4) === 0 ? NaN : random.normal()));
const shares = (random: Random, { T, B, O }: Sizes): Float32Array =>
  floats(T * B * O, () => random.uniform());

/** The squared error over the steps that have a class, which is a mean over targets. */
const ownLoss: TrainOptions["loss"] = (outputs, { targets: { classes: given = new Int32Array() } }) => {
  const O = outputs.length / given.length;
  const count = given.reduce((sum, one) => sum + (one < 0 ? 0 : 1), 0);
  const gradient = outputs.map((y, i) => (given[Math.floor(i / O)] < 0 ? 0 : (2 * y) / count));
  return { loss: outputs.reduce((sum, y, i) => sum + (gradient[i] * y) / 2, 0), gradient };
};

const cases: Record<string, Case> = {
  classes: { target: (random, sizes) => ({ classes: classes(random, sizes) }) },
  "classes, weighted": {
    target: (random, sizes) => ({
      classes: classes(random, sizes),
      weights: floats(sizes.T * sizes.B, () => random.integer(3) * random.uniform()),
    }),
  },
  "values with holes": { target: (random, sizes) => ({ values: values(random, sizes) }) },
  "values, weighted, huber": {
    target: (random, sizes) => ({
      values: values(random, sizes),
      weights: floats(sizes.T * sizes.B, () => random.uniform()),
    }),
    options: () => ({ loss: huber() }),
  },
  "absolute error": {
    target: (random, sizes) => ({ values: values(random, sizes) }),
    options: () => ({ loss: meanAbsoluteError() }),
  },
  "binary cross-entropy": {
    target: (random, sizes) => ({ values: shares(random, sizes) }),
    options: () => ({ loss: binaryCrossEntropy() }),
  },
  "soft classes": {
    target: (random, { T, B, O }) => {
      const drawn = floats(T * B * O, () => 1 / O);
      drawn.fill(NaN, 0, O * random.integer(T * B));
      return { values: drawn };
    },
    options: () => ({ loss: crossEntropy() }),
  },
  quantiles: {
    target: (random, { T, B }) => ({ values: floats(T * B, () => random.normal()) }),
    options: () => ({ loss: quantile({ levels: [0.1, 0.5, 0.9] }) }),
  },
  "a gradient": { target: (random, sizes) => ({ gradient: values(random, sizes).map((x) => x || 0) }) },
  "a gradient, accumulated": {
    target: (random, sizes) => ({ gradient: values(random, sizes).map((x) => x || 0) }),
    options: () => ({ accumulate: 2 }),
  },
  "labels, ctc": {
    target: (random, { B, O }) => {
      const labelLengths = Int32Array.from({ length: B }, () => random.integer(3));
      const count = labelLengths.reduce((sum, length) => sum + length, 0);
      const labels = Int32Array.from({ length: count }, () => 1 + random.integer(O - 1));
      return { labels, labelLengths };
    },
    options: () => ({ loss: ctc() }),
    network: { bidirectional: true },
  },
  "one output a sequence": {
    target: (random, { B, O }) => ({ classes: Int32Array.from({ length: B }, () => random.integer(O)) }),
    network: { output: "sequence" },
  },
  "a loss function": {
    target: (random, sizes) => ({ classes: classes(random, sizes) }),
    options: () => ({ loss: ownLoss }),
    even: true,
  },
  "within a budget": {
    target: (random, sizes) => ({ classes: classes(random, sizes) }),
    options: () => ({ learner: bptt({ memoryBudget: 20_000 }) }),
    network: { layers: 2, dropout: 0.4 },
  },
};

const I = 3;

/** Windows of different batches, with lengths or resets here and there. */
function windowsOf({ target, O = 3, network, even }: Case, batches: readonly number[]): TrainingWindow[] {
  const random = new Random(7);
  return batches.map((B) => {
    const T = 5 + random.integer(3);
    const inputs = {
      steps: T,
      batch: B,
      values: floats(T * B * I, () => random.normal()),
      // The labels of ctc need up to three steps.
      ...(even !== true &&
        random.integer(2) === 0 && { lengths: Int32Array.from({ length: B }, () => T - random.integer(3)) }),
      ...(network?.bidirectional !== true &&
        network?.output !== "sequence" &&
        random.integer(2) === 0 && {
          resets: Uint8Array.from({ length: T * B }, () => (random.integer(5) === 0 ? 1 : 0)),
        }),
    };
    return { inputs, targets: target(random, { T, B, O }) };
  });
}

async function lossesOf(drawn: Case, size: number): Promise<{ losses: number[]; parameters: number[] }[]> {
  const clusters = size === 0 ? [undefined] : new TestCluster(size).clusters;
  return Promise.all(
    clusters.map(async (cluster) => {
      const network = createNetwork({
        cell: "gru",
        inputSize: I,
        hiddenSize: 5,
        outputSize: drawn.O ?? 3,
        ...drawn.network,
      });
      const losses: number[] = [];
      const data = windowsOf(drawn, [5, 7, 2, 1, 4]);
      const options = {
        optimizer: sgd({ learningRate: 0.02 }),
        epochs: 2,
        clipNorm: 5,
        ...drawn.options?.(),
      };
      for await (const { loss, gradientNorm } of train(network, data, {
        ...options,
        ...(cluster && { cluster }),
      }))
        losses.push(Number.isNaN(loss) ? -1 : loss, gradientNorm);
      const parameters = allParameters(network);
      network.dispose();
      return { losses, parameters };
    }),
  );
}

describe.each(Object.entries(cases))("%s", (_, drawn) => {
  it.each([1, 2, 3, 6])("on %i ranks", async (size) => {
    const [alone] = await lossesOf(drawn, 0);
    const ranks = await lossesOf(drawn, size);
    expect(alone.losses.length).toBeGreaterThan(6);
    for (const rank of ranks) {
      expect(rank.losses.length).toBe(alone.losses.length);
      rank.losses.forEach((loss, i) => {
        // Sums are rounded in another order.
        expect(Math.abs(loss - alone.losses[i])).toBeLessThanOrEqual(
          1e-5 * Math.max(1, Math.abs(alone.losses[i])),
        );
      });
      expect(rank.parameters).toEqual(ranks[0].parameters);
    }
  });
});
