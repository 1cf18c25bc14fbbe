/** Models of ONNX that are changed at random in what they say, and are well-formed again. */

import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from "../../../src/formats/onnx/messages.js";
import type { Random } from "../../../src/random.js";
import { pick } from "../mutations.js";

const numbers = [0, 1, -1, 2, 3, 4, 6, 7, 12, 24, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, -(2 ** 53 - 1), 1e6];
const operators = [
  ...[
    "RNN",
    "GRU",
    "LSTM",
    "Scan",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Reshape",
    "Concat",
    "Gather",
    "Slice",
    "Split",
  ],
  ...[
    "Shape",
    "Constant",
    "ConstantOfShape",
    "Expand",
    "Identity",
    "Dropout",
    "Cast",
    "Flatten",
    "OneHot",
    "Tile",
  ],
  ...["MatMul", "Gemm", "Add", "Sub", "Mul", "Div", "Softmax", "LogSoftmax", "Relu", "Loop", "If"],
];
const keys = [
  "axis",
  "axes",
  "perm",
  "direction",
  "hidden_size",
  "layout",
  "to",
  "value",
  "alpha",
  "transB",
  "split",
  "starts",
];

/** Every name of a value. */
function valuesOf({ graph }: OnnxModel): string[] {
  const { nodes, initializers, inputs } = graph;
  return [
    "",
    ...nodes.flatMap(({ outputs }) => outputs),
    ...[...initializers, ...inputs].map(({ name }) => name),
  ];
}

function drawNumbers(random: Random): number[] {
  return Array.from({ length: random.integer(5) }, () => pick(random, numbers));
}

function drawTensor(random: Random, { name, dataType, dims, raw }: OnnxTensor): OnnxTensor {
  const change = random.integer(4);
  if (change === 0) return { name, dataType: pick(random, [1, 6, 7, 9, 10, 11, 16]), dims, raw };
  if (change === 1) return { name, dataType, dims: dims.toReversed(), raw };
  if (change === 2) return { name, dataType, dims: [...dims, 1].slice(random.integer(2)), raw };
  const integers = BigInt64Array.from(drawNumbers(random), BigInt);
  return { name, dataType: 7, dims: [integers.length], raw: new Uint8Array(integers.buffer) };
}

function drawAttribute(random: Random): OnnxAttribute {
  const kind = random.integer(4);
  if (kind === 0) return { type: "INT", value: pick(random, numbers) };
  if (kind === 1) return { type: "INTS", value: drawNumbers(random) };
  if (kind === 2) return { type: "STRING", value: pick(random, ["forward", "reverse", "bidirectional", ""]) };
  return { type: "FLOAT", value: pick(random, numbers) };
}

/** Changes of a node. */
const nodeMutations: ((node: OnnxNode, model: OnnxModel, random: Random) => OnnxNode)[] = [
  (node, _, random) => ({ ...node, op: pick(random, operators) }),
  (node, model, random) => {
    const at = random.integer(node.inputs.length + 1);
    return { ...node, inputs: node.inputs.toSpliced(at, random.integer(2), pick(random, valuesOf(model))) };
  },
  (node, _, random) => ({ ...node, inputs: node.inputs.slice(0, random.integer(node.inputs.length + 1)) }),
  (node, _, random) => {
    const key = pick(random, [...keys, ...node.attributes.keys()]);
    return { ...node, attributes: new Map([...node.attributes, [key, drawAttribute(random)]]) };
  },
  (node, _, random) => ({ ...node, outputs: node.outputs.slice(0, random.integer(node.outputs.length + 1)) }),
];

function replaceOne<Item>(random: Random, items: readonly Item[], change: (item: Item) => Item): Item[] {
  const at = random.integer(Math.max(items.length, 1));
  return items.map((item, i) => (i === at ? change(item) : item));
}

/** Changes what a model says. */
export function changeModel(model: OnnxModel, random: Random): OnnxModel {
  const { graph } = model;
  const change = random.integer(10);
  const names = valuesOf(model);
  if (change === 0) {
    const initializers = replaceOne(random, graph.initializers, (tensor) => drawTensor(random, tensor));
    return { ...model, graph: { ...graph, initializers } };
  }
  if (change === 1) {
    const outputs = replaceOne(random, graph.outputs, (value) => ({ ...value, name: pick(random, names) }));
    return { ...model, graph: { ...graph, outputs } };
  }
  if (change === 2) {
    const dims = drawNumbers(random).map((size) => (size < 0 ? "n" : size));
    return {
      ...model,
      graph: { ...graph, inputs: replaceOne(random, graph.inputs, (value) => ({ ...value, dims })) },
    };
  }
  if (change === 3) {
    const [a, b] = [random.integer(graph.nodes.length), random.integer(graph.nodes.length)];
    const nodes = graph.nodes.with(a, graph.nodes[b]).with(b, graph.nodes[a]);
    return { ...model, graph: { ...graph, nodes } };
  }
  if (change === 4) return { ...model, opsets: new Map([["", pick(random, [1, 7, 11, 13, 21])]]) };
  const nodes = replaceOne(random, graph.nodes, (node) => pick(random, nodeMutations)(node, model, random));
  return { ...model, graph: { ...graph, nodes } };
}
