import { describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { Random } from "../../../src/random.js";
import { relativeError } from "../compare.js";
import { centralDifferences } from "../differences.js";
import { influenceBalancing } from "./influence-balancing.js";
import { randomNetwork } from "./network-problem.js";
import { NetworkRecurrence } from "./network-recurrence.js";
import type { Recurrence } from "./recurrence.js";
import { recurrentCount, stackLayers, stateSizeOf, type StackLayer, type StackSizes } from "./stack.js";
import { dot, unit, zeros } from "./vectors.js";

/** The differences' rounding, 1e-16 / 1e-6, and curvature, 1e-12, on numbers of about 1. */
const differencesError = 1e-8;
/** Rounding of a few hundred sums and products in another order. */
const rounding = 1e-13;

function normals(random: Random, length: number): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

const sizes = { inputSize: 3, hiddenSize: 4, outputSize: 0 }; // 4: of rectified units some are not at 0
const stacks: StackSizes[] = cellNames.flatMap((cell) =>
  [1, 2, 3].flatMap((layers) => [0, 2].map((embeddingSize) => ({ ...sizes, cell, layers, embeddingSize }))),
);

interface Case {
  name: string;
  layers: readonly StackLayer[];
  recurrence: Recurrence;
  inputSize: number;
}

const cases: Case[] = stacks.map((stack, seed) => {
  const { parameters } = randomNetwork(stack, new Random(seed));
  return {
    layers: stackLayers(stack),
    name: `${stack.cell}, ${stack.layers ?? 1} layers, embedding ${stack.embeddingSize ?? 0}`,
    recurrence: new NetworkRecurrence(stack, parameters.subarray(0, recurrentCount(stack))),
    inputSize: stack.inputSize,
  };
});
cases.push({
  name: "influence balancing",
  layers: [],
  recurrence: influenceBalancing(1).recurrence,
  inputSize: 0,
});

describe.each(cases)("$name", ({ recurrence, inputSize }) => {
  const random = new Random(7);
  const S = recurrence.stateSize;
  const P = recurrence.parameters.length;
  const s = normals(random, S);
  const x = normals(random, inputSize);
  const cotangent = normals(random, S);
  const objective = (): number => dot(cotangent, recurrence.forward(s, x));

  it("goes back as central differences say", () => {
    const { state, input, parameters } = recurrence.vjp(s, x, cotangent);
    const differences = [s, x, recurrence.parameters].flatMap((variable) => [
      ...centralDifferences(objective, variable),
    ]);
    expect(relativeError([...state, ...input, ...parameters], differences)).toBeLessThan(differencesError);
  });

  it("goes forward along a tangent as central differences say", () => {
    const ds = normals(random, S);
    const dTheta = normals(random, P);
    const theta = recurrence.parameters.slice();
    const shift = Float64Array.of(0);
    const along = (withTheta: number): Float64Array =>
      Float64Array.from({ length: S }, (_, i) => {
        const at = (): number => {
          recurrence.parameters.forEach(
            (_value, p) => (recurrence.parameters[p] = theta[p] + withTheta * shift[0] * dTheta[p]),
          );
          const moved = s.map((value, j) => value + shift[0] * ds[j]);
          return recurrence.forward(moved, x)[i];
        };
        const [slope] = centralDifferences(at, shift);
        recurrence.parameters.set(theta);
        return slope;
      });
    expect(relativeError(recurrence.jvp(s, x, ds), along(0))).toBeLessThan(differencesError);
    expect(relativeError(recurrence.jvp(s, x, ds, dTheta), along(1))).toBeLessThan(differencesError);
  });

  it("has a vjp and a jvp of one Jacobian", () => {
    const ds = normals(random, S);
    const dTheta = normals(random, P);
    const { state, parameters } = recurrence.vjp(s, x, cotangent);
    const forward = dot(cotangent, recurrence.jvp(s, x, ds, dTheta));
    expect(forward).not.toBe(0);
    expect(relativeError([dot(state, ds) + dot(parameters, dTheta)], [forward])).toBeLessThan(rounding);
  });
});

describe.each(cases.filter(({ name }) => !name.endsWith("embedding 2")))(
  "$name",
  ({ recurrence, inputSize, layers }) => {
    const random = new Random(8);
    const S = recurrence.stateSize;
    const P = recurrence.parameters.length;
    const s = normals(random, S);
    const x = normals(random, inputSize);
    const influence = Array.from({ length: S }, (_, i) => recurrence.vjp(s, x, unit(S, i)).parameters);

    it("has factors whose products are the influence of a step", () => {
      const products = influence.map(() => zeros(P));
      for (const { a, d, first, rows, columns } of recurrence.factors(s, x)) {
        products.forEach((row, k) => {
          for (let p = 0; p < rows.length; p++) row[first + p] += d[k][rows[p]] * a[columns[p]];
        });
      }
      expect(
        relativeError(
          products.flatMap((row) => [...row]),
          influence.flatMap((row) => [...row]),
        ),
      ).toBeLessThan(rounding);
    });

    it("reaches no more of its own layer than it says, and nothing below", () => {
      for (let p = 0; p < P; p++) {
        const own = layers.findLast(({ parametersAt }) => parametersAt <= p);
        const above = own === undefined ? S : own.stateAt + stateSizeOf(own);
        const reached = [...influence.keys()].filter((k) => k < above && influence[k][p] !== 0);
        expect(recurrence.reach(p)).toEqual(expect.arrayContaining(reached));
      }
    });
  },
);

describe("a recurrence with an embedding", () => {
  it("has no factors and no reach of the embedding's rows", () => {
    const stack: StackSizes = { ...sizes, cell: "elman", embeddingSize: 2 };
    const { parameters } = randomNetwork(stack, new Random(1));
    const recurrence = new NetworkRecurrence(stack, parameters);
    expect(() => recurrence.factors(zeros(2), zeros(3))).toThrow(RangeError);
    expect(() => recurrence.reach(0)).toThrow(RangeError);
    expect(recurrence.reach(3 * 2)).toEqual([0]);
  });
});
