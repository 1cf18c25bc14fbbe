import { describe, expect, it } from "vitest";
import { gradientFlow } from "../../../src/learn/flow/gradient-flow.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { Cell } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { drawSequence, drawTarget } from "../../network/drawn.js";
import { cells } from "../../oracle/cells/by-name.js";
import { sigmoid, type CellState, type CellStep } from "../../oracle/cells/cell.js";
import { modelOf } from "../../oracle/model.js";
import { oracleForward } from "../../oracle/network.js";

const T = 12;
const B = 4;
const H = 7;
const lengths = Int32Array.of(12, 3, 9, 1);

type Values = Record<string, number[]>;

/** What a step's gates, candidates and states are, each from −1 (or 0 of a gate) to 1. */
const squashed: Record<Cell, (step: CellStep, after: CellState) => Values> = {
  elman: (_, { h }) => ({ h: [...h] }),
  "elman-relu": (_, { h }) => ({ h: [...h] }),
  gru: ({ input, recurrent }) => {
    const unit = (gate: number, i: number): [number, number] => [
      input[gate * H + i],
      recurrent[gate * H + i],
    ];
    const units = Array.from({ length: H }, (_, i) => i);
    const sum = (gate: number, i: number): number => sigmoid(unit(gate, i)[0] + unit(gate, i)[1]);
    return {
      r: units.map((i) => sum(0, i)),
      z: units.map((i) => sum(1, i)),
      n: units.map((i) => Math.tanh(unit(2, i)[0] + sum(0, i) * unit(2, i)[1])),
    };
  },
  lstm: ({ input, recurrent }, { c }) => {
    const gate = (k: number, of: (x: number) => number): number[] =>
      Array.from({ length: H }, (_, i) => of(input[k * H + i] + recurrent[k * H + i]));
    return {
      i: gate(0, sigmoid),
      f: gate(1, sigmoid),
      g: gate(2, Math.tanh),
      o: gate(3, sigmoid),
      c: [...c].map(Math.tanh),
    };
  },
  mingru: ({ input }) => ({ z: Array.from({ length: H }, (_, i) => sigmoid(input[i])) }),
};

const names: Cell[] = ["elman", "elman-relu", "gru", "lstm", "mingru"];
const table = builds.flatMap((build) => names.map((cell) => ({ build, cell })));

describe.each(table)("$build, $cell", ({ build, cell }) => {
  const sizes = { inputSize: 5, hiddenSize: H, outputSize: 3, layers: 2 };
  const network = createNetwork({ cell, ...sizes, seed: 4 }, { build });
  // Far from zero, so that units saturate.
  for (const parameter of network.parameters) parameter.write(parameter.read().map((w) => 6 * w));
  const random = new Random(5);
  const sequence = { ...drawSequence(random, "values", { ...sizes, steps: T, batch: B }), lengths };
  const target = drawTarget(random, "classes", { ...sizes, steps: T, batch: B });
  const { layers } = gradientFlow(network, sequence, target);

  it("counts what is saturated in the float64 oracle, without padding", () => {
    const { tape } = oracleForward(modelOf(network), sequence);
    const bounds = (name: string): [number, number] => {
      if (cell === "elman-relu") return [Number.MIN_VALUE, Infinity];
      return ["r", "z", "i", "f", "o"].includes(name) ? [0.01, 0.99] : [-0.99, 0.99];
    };
    layers.forEach(({ saturation }, l) => {
      const steps = tape.layers[l][0].flatMap((taken) =>
        taken === undefined ? [] : [squashed[cell](taken.step, cells[cell].forward(taken.step))],
      );
      expect(steps).toHaveLength(lengths.reduce((sum, length) => sum + length, 0));
      expect(saturation.map(({ name }) => name)).toEqual(Object.keys(steps[0]));
      for (const { name, low, high, stuck } of saturation) {
        const [least, most] = bounds(name);
        const share = (of: (x: number) => boolean): number => {
          const values = steps.flatMap((step) => step[name]);
          return values.filter(of).length / values.length;
        };
        expect(low).toBeCloseTo(
          share((x) => x < least),
          12,
        );
        expect(high).toBeCloseTo(
          share((x) => x > most),
          12,
        );
        const units = Array.from({ length: H }, (_, i) => steps.map((step) => step[name][i]));
        const always = units.filter(
          (values) => values.every((x) => x < least) || values.every((x) => x > most),
        );
        expect(stuck).toBeCloseTo(always.length / H, 12);
      }
    });
    const shares = layers.flatMap(({ saturation }) => saturation.map(({ low, high }) => low + high));
    expect(Math.max(...shares)).toBeGreaterThan(0.05);
    expect(Math.min(...shares)).toBeLessThan(0.95);
  });
});

it("finds units that are dead, and gates that stand open or shut", () => {
  const relu = createNetwork({ cell: "elman-relu", inputSize: 2, hiddenSize: 4, outputSize: 2, seed: 1 });
  relu.parameter("rnn.bias_ih_l0").write([-9, 9, -9, -9]);
  const lstm = createNetwork({ cell: "lstm", inputSize: 2, hiddenSize: 1, outputSize: 2, seed: 1 });
  lstm.parameter("rnn.bias_ih_l0").write([-9, 9, 0, 9]);
  const sequence = { steps: 5, batch: 1, tokens: Uint8Array.of(0, 1, 1, 0, 1) };
  const target = { classes: Int32Array.of(0, 1, 0, 1, 1) };
  expect(gradientFlow(relu, sequence, target).layers[0].saturation).toEqual([
    { name: "h", low: 0.75, high: 0, stuck: 0.75 },
  ]);
  const gates = gradientFlow(lstm, sequence, target).layers[0].saturation;
  expect(gates.slice(0, 2)).toEqual([
    { name: "i", low: 1, high: 0, stuck: 1 },
    { name: "f", low: 0, high: 1, stuck: 1 },
  ]);
});
