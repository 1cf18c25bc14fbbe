import { describe, expect, it } from "vitest";
import { gradientFlow } from "../../../src/learn/flow/gradient-flow.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { drawSequence, drawTarget } from "../../network/drawn.js";
import { normalizableCells } from "../../network/kinds.js";
import { cells } from "../../oracle/cells/by-name.js";
import type { CellStep, OracleCell } from "../../oracle/cells/cell.js";
import { modelOf } from "../../oracle/model.js";
import { oracleForward } from "../../oracle/network.js";

const T = 12;
const B = 4;
const H = 7;
const lengths = Int32Array.of(12, 3, 9, 1);

/** A gradient passes between these bounds. */
const bounds = {
  sigmoid: [0.01, 0.99],
  tanh: [-0.99, 0.99],
  // 0 is at the lower end.
  relu: [Number.MIN_VALUE, Infinity],
} as const;

interface Squashed {
  name: string;
  by: keyof typeof bounds;
  values: readonly number[];
}

/** Lists what a step squashes, gates and then states. */
function squashedIn(cell: OracleCell, step: CellStep, layerNorm: boolean): Squashed[] {
  const gates = Object.entries(cell.activations(step)).flatMap(([name, { by, values }]): Squashed[] =>
    by === "identity" ? [] : [{ name, by, values: [...values] }],
  );
  // A normalised c is not what the tanh is of.
  if (!cell.keepsC || layerNorm) return gates;
  return [...gates, { name: "c", by: "tanh", values: [...cell.forward(step).c].map(Math.tanh) }];
}

const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];
const table = builds.flatMap((build) => networks.map((network) => ({ build, ...network })));

describe.each(table)("$build, $cell, layerNorm $layerNorm", ({ build, cell, layerNorm }) => {
  const sizes = { inputSize: 5, hiddenSize: H, outputSize: 3, layers: 2 };
  const network = createNetwork({ cell, layerNorm, ...sizes, seed: 4 }, { build });
  // Far from zero, so that units saturate.
  for (const parameter of network.parameters) parameter.write(parameter.read().map((w) => 6 * w));
  const random = new Random(5);
  const sequence = { ...drawSequence(random, "values", { ...sizes, steps: T, batch: B }), lengths };
  const target = drawTarget(random, "classes", { ...sizes, steps: T, batch: B });
  const { layers } = gradientFlow(network, sequence, target);

  it("counts what is saturated in the float64 oracle, without padding", () => {
    const { tape } = oracleForward(modelOf(network), sequence);
    layers.forEach(({ saturation }, l) => {
      const steps = tape.layers[l][0].flatMap((taken) =>
        taken === undefined ? [] : [squashedIn(cells[cell], taken.step, layerNorm)],
      );
      expect(steps).toHaveLength(lengths.reduce((sum, length) => sum + length, 0));
      expect(saturation.map(({ name }) => name)).toEqual(steps[0].map(({ name }) => name));
      saturation.forEach(({ low, high, stuck }, k) => {
        const [least, most] = bounds[steps[0][k].by];
        const share = (of: (x: number) => boolean): number => {
          const values = steps.flatMap((step) => step[k].values);
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
        const units = Array.from({ length: H }, (_, i) => steps.map((step) => step[k].values[i]));
        const always = units.filter(
          (values) => values.every((x) => x < least) || values.every((x) => x > most),
        );
        expect(stuck).toBeCloseTo(always.length / H, 12);
      });
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
