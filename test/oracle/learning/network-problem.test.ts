import { describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { Random } from "../../../src/random.js";
import { cells } from "../cells/by-name.js";
import { relativeError } from "../compare.js";
import { centralDifferences } from "../differences.js";
import type { OracleTarget } from "../loss.js";
import { randomModel, sizesOf, tensor } from "../model.js";
import { oracleBackward, oracleForward, type OracleSequence } from "../network.js";
import {
  namedGradient,
  networkProblem,
  problemsOf,
  randomEpisode,
  randomNetwork,
} from "./network-problem.js";
import { gradientOf, totalLoss } from "./problem.js";
import { addScaled, zeros } from "./vectors.js";
import { bptt } from "./truncated.js";

const [T, B, I, H] = [5, 3, 3, 2];

const networks = cellNames.flatMap((cell) =>
  [1, 3].flatMap((layers) =>
    [0, 2].flatMap((embeddingSize) =>
      [0, 3].map((outputSize) => ({ cell, layers, embeddingSize, outputSize })),
    ),
  ),
);
const reductions = ["mean", "sum"] as const;

describe.each(networks)(
  "problems of $cell, $layers layers, embedding $embeddingSize, head $outputSize",
  (network) => {
    const sizes = sizesOf({ inputSize: I, hiddenSize: H, ...network });
    const random = new Random(3);
    const model = randomModel(sizes, random, 0.6);
    const normals = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
    const states = (): Float64Array => normals(sizes.layers * B * H);
    const state = cells[sizes.cell].keepsC ? { h: states(), c: states() } : { h: states() };
    const width = sizes.outputSize > 0 ? sizes.outputSize : H;
    const tokens = Int32Array.from({ length: T * B }, () => random.integer(I));
    const sequences: OracleSequence[] = [
      { steps: T, batch: B, tokens },
      { steps: T, batch: B, tokens, lengths: [5, 1, 3] },
      { steps: T, batch: B, tokens, resets: [1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0] },
    ];
    if (sizes.embeddingSize === 0) sequences.push({ steps: T, batch: B, values: normals(T * B * I) });
    const targets: OracleTarget[] = [
      { classes: Int32Array.from({ length: T * B }, () => random.integer(width + 1) - 1) },
      { values: normals(T * B * width).map((value) => (random.uniform() < 0.2 ? NaN : value)) },
      { gradient: normals(T * B * width) },
      {},
    ];

    it("have the network's loss and its full gradient between them", () => {
      for (const sequence of sequences) {
        for (const target of targets) {
          for (const reduction of reductions) {
            const { tape } = oracleForward(model, sequence, { state });
            const expected = oracleBackward(model, tape, target, { reduction });
            const sum = { loss: 0, gradient: zeros(0) };
            for (const problem of problemsOf(model, sequence, target, { reduction, state })) {
              if (sum.gradient.length === 0) sum.gradient = zeros(problem.parameters.length);
              sum.loss += totalLoss(problem);
              addScaled(sum.gradient, 1, gradientOf(problem, bptt));
            }
            if (target.gradient === undefined) expect(sum.loss).toBeCloseTo(expected.loss, 12);
            for (const [name, gradient] of namedGradient(model, sum.gradient))
              expect(relativeError(gradient, tensor(expected.gradients, name)), name).toBeLessThan(1e-12);
          }
        }
      }
    });
  },
);

it.each(cellNames)("the full gradient of %s is as central differences of its loss", (cell) => {
  for (const layers of [1, 2]) {
    for (const targets of ["classes", "values"] as const) {
      const random = new Random(layers);
      const sizes = { cell, inputSize: I, hiddenSize: H, outputSize: 3, layers };
      const network = randomNetwork(sizes, random);
      const problem = networkProblem(network, randomEpisode(sizes, T, targets, random));
      const differences = centralDifferences(() => totalLoss(problem), network.parameters);
      expect(relativeError(gradientOf(problem, bptt), differences)).toBeLessThan(1e-8);
    }
  }
});
