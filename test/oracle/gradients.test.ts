import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { Random } from "../../src/random.js";
import { cells } from "./cells/by-name.js";
import { centralDifferences } from "./differences.js";
import { drawTargetFor, oracleLosses, outputRowsOf } from "../network/drawn.js";
import { oracleLoss, type OracleLoss, type OracleTarget, type Reduction } from "./loss.js";
import {
  directions,
  outputWidth,
  randomModel,
  sizesOf,
  type OracleModel,
  type OracleSizes,
} from "./model.js";
import { oracleBackward, oracleForward, rowLengths, type OracleSequence } from "./network.js";
import type { OracleState } from "./state.js";

const steps = 3;
const batch = 2;
const inputSize = 3;
const inputKinds = ["values", "tokens", "embedding"] as const;
const targetKinds = ["classes", "values", "gradient", "none"] as const;

interface Problem {
  model: OracleModel;
  sequence: OracleSequence;
  /** The sequence's own array of values, if it has values. */
  values: Float64Array | undefined;
  state: OracleState;
  dropoutMasks: Float64Array[];
  target: OracleTarget;
  stateGradient: OracleState;
  reduction: Reduction;
  loss?: OracleLoss;
}

function normals(random: Random, length: number): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

function integers(random: Random, length: number, from: number, to: number): Int32Array {
  return Int32Array.from({ length }, () => from + random.integer(to - from));
}

function randomState(random: Random, sizes: OracleSizes): OracleState {
  const length = sizes.layers * directions(sizes) * batch * sizes.hiddenSize;
  const h = normals(random, length);
  return cells[sizes.cell].keepsC ? { h, c: normals(random, length) } : { h };
}

function randomTarget(
  random: Random,
  kind: (typeof targetKinds)[number],
  width: number,
  length = steps * batch,
): OracleTarget {
  switch (kind) {
    case "classes":
      return { classes: integers(random, length, -1, width) };
    case "values":
      return { values: normals(random, length * width).map((x) => (random.uniform() < 0.2 ? NaN : x)) };
    case "gradient":
      return { gradient: normals(random, length * width) };
    case "none":
      return {};
  }
}

/** Draws masks of inverted dropout with p = 1/2, for each layer but the last. */
function randomMasks(random: Random, sizes: OracleSizes): Float64Array[] {
  const length = steps * batch * directions(sizes) * sizes.hiddenSize;
  return Array.from({ length: sizes.layers - 1 }, () =>
    Float64Array.from(integers(random, length, 0, 2), (kept) => 2 * kept),
  );
}

interface Case {
  sizes: OracleSizes;
  inputs: (typeof inputKinds)[number];
  targets: (typeof targetKinds)[number];
  withLengths: boolean;
  withDropout: boolean;
  withResets?: boolean;
  loss?: OracleLoss;
}

function randomProblem(seed: number, given: Case): Problem {
  const { sizes, inputs, targets, withLengths, withDropout, withResets = false, loss } = given;
  const random = new Random(seed);
  const model = randomModel(sizes, random, 0.6);
  const values = inputs === "values" ? normals(random, steps * batch * inputSize) : undefined;
  const tokens = integers(random, steps * batch, 0, inputSize);
  return {
    model,
    sequence: {
      steps,
      batch,
      ...(values === undefined ? { tokens } : { values }),
      ...(withLengths ? { lengths: integers(random, batch, 1, steps + 1) } : {}),
      ...(withResets ? { resets: integers(random, steps * batch, 0, 2) } : {}),
    },
    values,
    state: randomState(random, sizes),
    dropoutMasks: withDropout ? randomMasks(random, sizes) : [],
    target:
      loss === undefined
        ? randomTarget(random, targets, outputWidth(sizes), outputRowsOf({ ...sizes, steps, batch }))
        : drawTargetFor(random, loss, { ...sizes, steps, batch }),
    ...(loss && { loss }),
    stateGradient: randomState(random, sizes),
    reduction: random.integer(2) === 0 ? "mean" : "sum",
  };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Returns the number that backward differentiates: loss + ⟨stateGradient, final state⟩. */
function objective({
  model,
  sequence,
  state,
  dropoutMasks,
  target,
  stateGradient,
  reduction,
  loss: asked,
}: Problem): number {
  const { outputs, state: final, tape } = oracleForward(model, sequence, { state, dropoutMasks });
  // A caller's gradient stands for the loss ⟨gradient, outputs⟩.
  const loss =
    target.gradient === undefined
      ? oracleLoss(outputs, outputWidth(model.sizes), rowLengths(model, tape), target, reduction, asked).loss
      : dot(target.gradient, outputs);
  return loss + dot(stateGradient.h, final.h) + dot(stateGradient.c ?? [], final.c ?? []);
}

/** Returns where `gradient` is further from the differences than 1e-5 + 1e-3 of them. */
function wrong(problem: Problem, variable: Float64Array, gradient: Float64Array): number[] {
  expect(gradient.length).toBe(variable.length);
  const differences = centralDifferences(() => objective(problem), variable);
  return [...gradient.keys()].filter(
    (i) => !(Math.abs(gradient[i] - differences[i]) <= 1e-5 + 1e-3 * Math.abs(differences[i])),
  );
}

function check(problem: Problem): void {
  const { model, sequence, values, state, dropoutMasks, target, stateGradient, reduction, loss } = problem;
  const { tape } = oracleForward(model, sequence, { state, dropoutMasks });
  const result = oracleBackward(model, tape, target, { stateGradient, reduction, loss });
  for (const [name, variable] of model.parameters)
    expect(wrong(problem, variable, result.gradients.get(name) ?? new Float64Array(0)), name).toEqual([]);
  expect(wrong(problem, state.h, result.stateGradient.h), "h").toEqual([]);
  if (state.c !== undefined)
    expect(wrong(problem, state.c, result.stateGradient.c ?? new Float64Array(0)), "c").toEqual([]);
  if (values !== undefined)
    expect(wrong(problem, values, result.inputGradient ?? new Float64Array(0)), "inputs").toEqual([]);
}

const networks = cellNames.flatMap((cell) =>
  [1, 2, 3].flatMap((layers) =>
    [false, true].flatMap((bidirectional) =>
      // What layer normalisation adds happens within a layer, whatever the loss.
      (cells[cell].norm === undefined || layers > 2 ? [false] : [false, true]).map((layerNorm) => ({
        ...{ cell, layers, bidirectional, layerNorm },
      })),
    ),
  ),
);

describe("the oracle's gradients against central differences", () => {
  it.each(networks)(
    "$cell, $layers layers, bidirectional: $bidirectional, layerNorm: $layerNorm",
    (network) => {
      let seed = 0;
      for (const inputs of inputKinds) {
        for (const targets of network.layerNorm ? (["values"] as const) : targetKinds) {
          for (const withLengths of [false, true]) {
            for (const withDropout of network.layers > 1 ? [false, true] : [false]) {
              seed += 1;
              const sizes = sizesOf({
                ...network,
                inputSize,
                // Of two units the normalised values are hardly more than signs.
                hiddenSize: network.layerNorm ? 3 : 2,
                outputSize: seed % 3, // without a head, and with one of 1 or 2 outputs
                embeddingSize: inputs === "embedding" ? 2 : 0,
              });
              const withResets = seed % 2 === 0;
              check(randomProblem(seed, { sizes, inputs, targets, withLengths, withDropout, withResets }));
            }
          }
        }
      }
      expect(seed).toBe((network.layers > 1 ? 48 : 24) / (network.layerNorm ? targetKinds.length : 1));
    },
  );
});

const shallow = networks.filter(({ layers, layerNorm }) => layers < 3 && !layerNorm);

describe("the losses' gradients against central differences", () => {
  it.each(shallow)("$cell, $layers layers, bidirectional: $bidirectional", (network) => {
    let seed = 1000;
    for (const loss of oracleLosses) {
      for (const output of ["step", "sequence"] as const) {
        {
          seed += 1;
          const withLengths = seed % 4 > 1;
          const sizes = sizesOf({
            ...network,
            output,
            inputSize,
            hiddenSize: 2,
            outputSize: 2 + 2 * (seed % 2),
          });
          check(
            randomProblem(seed, {
              sizes,
              inputs: "values",
              targets: "none",
              withLengths,
              withDropout: false,
              loss,
            }),
          );
        }
      }
    }
  });

  it.each(shallow)(
    "one output a sequence: $cell, $layers layers, bidirectional: $bidirectional",
    (network) => {
      let seed = 2000;
      for (const inputs of inputKinds) {
        for (const targets of targetKinds) {
          for (const withLengths of [false, true]) {
            seed += 1;
            const sizes = sizesOf({
              ...network,
              output: "sequence",
              inputSize,
              hiddenSize: 2,
              outputSize: seed % 3,
              embeddingSize: inputs === "embedding" ? 2 : 0,
            });
            check(
              randomProblem(seed, { sizes, inputs, targets, withLengths, withDropout: network.layers > 1 }),
            );
          }
        }
      }
    },
  );
});
