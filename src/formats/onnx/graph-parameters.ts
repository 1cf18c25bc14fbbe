/** Reads a network's parameters out of a graph, in PyTorch's order of gates. */

import { FormatError } from "../../errors.js";
import { layerSuffix } from "../../network/sizes.js";
import type { Cell } from "../../network/types.js";
import { cut, dropAxes, join, permute, readFloats, type Constant } from "./constants.js";
import type { GraphNetwork } from "./read-network.js";
import type { Head, Run } from "./values.js";

/** For each of PyTorch's gates, its place among ONNX's: LSTM i, f, g, o among i, o, f, c; GRU r, z, n among z, r, h. */
const gateOrders: Partial<Record<Cell, readonly number[]>> = {
  elman: [0],
  "elman-relu": [0],
  lstm: [0, 2, 3, 1],
  gru: [1, 0, 2],
};

/** Reads the values of a parameter, row-major; undefined: zeros. */
export type ReadParameter = (() => Float32Array) | undefined;

/** Returns the blocks of H rows from row `start` on of a direction's tensor, one after another in the order of the gates. */
function readGates(constant: Constant, { slot, hiddenSize, cell }: Run, start = 0): Float32Array {
  const order = gateOrders[cell] ?? [0];
  const direction = dropAxes(cut(constant, 0, slot, slot + 1), [0]);
  const blocks = order.map((gate) => {
    const first = start + gate * hiddenSize;
    return cut(direction, 0, first, first + hiddenSize);
  });
  return readFloats(join(blocks, 0) ?? direction);
}

function runParameters(run: Run, suffix: string): [string, ReadParameter][] {
  const { weight, recurrentWeight, bias, hiddenSize } = run;
  const gates = recurrentWeight.shape[1] / hiddenSize;
  return [
    [`rnn.weight_ih_${suffix}`, () => readGates(weight, run)],
    [`rnn.weight_hh_${suffix}`, () => readGates(recurrentWeight, run)],
    [`rnn.bias_ih_${suffix}`, bias && (() => readGates(bias, run))],
    [`rnn.bias_hh_${suffix}`, bias && (() => readGates(bias, run, gates * hiddenSize))],
  ];
}

function readScaled(constant: Constant, scale: number): Float32Array {
  const values = readFloats(constant);
  return scale === 1 ? values : values.map((value) => value * scale);
}

function headParameters({ weight, bias, weightScale, biasScale }: Head): [string, ReadParameter][] {
  return [
    ["head.weight", () => readScaled(permute(weight, [1, 0]), weightScale)],
    ["head.bias", bias && (() => readScaled(bias, biasScale))],
  ];
}

/** Returns what reads each parameter, by its name. */
export function graphParameters({ vectors, layers, head }: GraphNetwork): Map<string, ReadParameter> {
  const embedding = vectors?.embedding;
  return new Map<string, ReadParameter>([
    ...(embedding === undefined ? [] : [["embedding.weight", () => readFloats(embedding)] as const]),
    ...layers.flatMap((runs, layer) =>
      runs.flatMap((run, direction) => runParameters(run, layerSuffix(layer, direction))),
    ),
    ...(head === undefined ? [] : headParameters(head)),
  ]);
}

/** How many parameters there may be more than bytes in the file: biases that are left out, weights of a few numbers. */
const SPARE = 250_000;

/**
 * Throws a FormatError where a small file stands for a large network: constants that are one number everywhere, or used by many
 * nodes. Those of a network have two bytes or more in the file.
 */
export function requireCarried(counts: Iterable<number>, fileSize: number): void {
  let sum = 0;
  for (const count of counts) sum += count;
  if (sum > fileSize + SPARE) {
    throw new FormatError(
      `ONNX graph: expected a file with its weights inside, got ${sum} parameters from ${fileSize} bytes`,
    );
  }
}
