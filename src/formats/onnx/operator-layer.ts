/** Layers of the cells that ONNX has an operator of: RNN, GRU and LSTM of opset 14, with `layout` 0. */

import { layerSuffix } from "../../network/sizes.js";
import type { Cell } from "../../network/types.js";
import { integer, integers, text, type Attributes } from "./graph-builder.js";
import { oneHotRows, type LayerKind, type LayerPlan } from "./graph-layer.js";

interface CellOperator {
  readonly op: string;
  /** For each of ONNX's blocks of H rows, its place among the library's, which are PyTorch's. */
  readonly order: readonly number[];
  readonly hasCellState: boolean;
  /** Attributes besides the size and the direction; `D`: the number of directions. */
  attributes(D: number): Attributes;
}

function elman(activation: string): CellOperator {
  return {
    op: "RNN",
    order: [0],
    hasCellState: false,
    attributes: (D) => ({ activations: { type: "STRINGS", value: Array<string>(D).fill(activation) } }),
  };
}

/** The operator of each cell; undefined where ONNX has none. */
const operators: Readonly<Record<Cell, CellOperator | undefined>> = {
  elman: elman("Tanh"),
  "elman-relu": elman("Relu"),
  // From r, z, n to z, r, h. The reset gate comes after the recurrent product, as in PyTorch.
  gru: {
    op: "GRU",
    order: [1, 0, 2],
    hasCellState: false,
    attributes: () => ({ linear_before_reset: integer(1) }),
  },
  // From i, f, g, o to i, o, f, c.
  lstm: { op: "LSTM", order: [0, 3, 1, 2], hasCellState: true, attributes: () => ({}) },
  mingru: undefined,
  minlstm: undefined,
};

/** Returns the name of the given parameters' values one after another, the gates of each in ONNX's order. */
function gateTensor(
  { graph, parameters }: LayerPlan,
  name: string,
  dims: readonly number[],
  names: readonly string[],
  order: readonly number[],
): string {
  const places = names.map((each) => parameters.place(each));
  return graph.tensor(name, dims, () => {
    const all = new Float32Array(dims.reduce((product, size) => product * size, 1));
    let at = 0;
    for (const place of places) {
      const values = parameters.readValue(place);
      const size = values.length / order.length;
      for (const block of order) {
        all.set(values.subarray(block * size, (block + 1) * size), at);
        at += size;
      }
    }
    return all;
  });
}

/** Adds the operator's node, and returns the names of all states, [T, D, B, H], and of the final ones, [D, B, H]. */
function addOperator(plan: LayerPlan, D: number, operator: CellOperator): string[] {
  const { graph, layer, input, initial } = plan;
  const { hiddenSize: H } = plan.options;
  const { op, order, hasCellState } = operator;
  const G = order.length;
  const suffixes = Array.from({ length: D }, (_, d) => layerSuffix(layer, d));
  const named = (...kinds: string[]) =>
    suffixes.flatMap((suffix) => kinds.map((kind) => `rnn.${kind}_${suffix}`));
  const name = `rnn_l${layer}`;
  const tensors = [
    gateTensor(plan, `${name}/W`, [D, G * H, input.width], named("weight_ih"), order),
    gateTensor(plan, `${name}/R`, [D, G * H, H], named("weight_hh"), order),
    gateTensor(plan, `${name}/B`, [D, 2 * G * H], named("bias_ih", "bias_hh"), order),
  ];
  const x = input.tokens ? oneHotRows(graph, input.name, input.width) : input.name;
  // Between the tensors and the states stand the sequences' lengths, which are left out: all are whole.
  const inputs = [x, ...tensors, "", ...initial.h, ...initial.c];
  const outputs = ["states", "h", ...(hasCellState ? ["c"] : [])].map((value) => `${name}/${value}`);
  return graph.addSeveral(op, name, inputs, outputs, {
    ...operator.attributes(D),
    direction: text(D === 2 ? "bidirectional" : "forward"),
    hidden_size: integer(H),
  });
}

/** Adds nodes that bring the directions of [.., D, B, H] side by side; `dims`: what comes before D. */
function joinDirections(plan: LayerPlan, value: string, name: string, D: number, before: number): string {
  const { graph } = plan;
  if (D === 1) return graph.add("Squeeze", name, [value, graph.integers(`axis_${before}`, [before])]);
  const axes = Array.from({ length: before }, (_, axis) => axis);
  const turned = graph.add("Transpose", `${name}_by_batch`, [value], {
    perm: integers(...axes, before + 1, before, before + 2),
  });
  // 0: the size is as it was; -1: what is left, D·H.
  const shape = graph.integers(`join_after_${before}`, [...axes.map(() => 0), 0, -1]);
  return graph.add("Reshape", name, [turned, shape]);
}

/** Returns how layers of a cell are made with its operator; undefined where ONNX has none. */
export function operatorLayer(cell: Cell, D: number): LayerKind | undefined {
  const operator = operators[cell];
  if (operator === undefined) return undefined;
  return {
    stateCount: 1,
    add(plan) {
      const [states, h, ...c] = addOperator(plan, D, operator);
      const name = `rnn_l${plan.layer}`;
      return {
        final: { h: [h], c },
        joinStates: () => joinDirections(plan, states, `${name}/joined`, D, 1),
        joinFinalStates: () => joinDirections(plan, h, `${name}/joined_h`, D, 0),
      };
    },
  };
}
