import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError, OutOfMemoryError } from "../../../src/errors.js";
import { decodeModel } from "../../../src/formats/onnx/decode.js";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from "../../../src/formats/onnx/messages.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { engineFor } from "../../../src/memory/engine.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { encodeProto, protoOf } from "./model-sketch.js";

/** How many files; BPTT_MUTANTS=1000000 for as many as the project promises over all formats. BPTT_PRINT=1 prints what they were. */
const COUNT = Number(process.env["BPTT_MUTANTS"] ?? 10_000);

const printed: string[] = [];
afterAll(() => {
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

const networks: NetworkOptions[] = [
  { inputSize: 3, hiddenSize: 2, outputSize: 3, cell: "lstm", bidirectional: true, output: "sequence" },
  { inputSize: 4, hiddenSize: 2, outputSize: 2, cell: "gru", layers: 2, embeddingSize: 3 },
];
const folder = join(import.meta.dirname, "../../fixtures/onnx");
const files: Uint8Array[] = [
  ...networks.map((options) => {
    using network = createNetwork(options);
    return toOnnx(network, { softmax: true, input: "tokens" });
  }),
  ...readdirSync(folder)
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => Uint8Array.from(readFileSync(join(folder, name)))),
];
const models = files.map((file) => decodeModel(file));

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(items.length)];
}

function splice(bytes: Uint8Array, at: number, drop: number, put: Uint8Array): Uint8Array {
  const result = new Uint8Array(at + put.length + Math.max(bytes.length - at - drop, 0));
  result.set(bytes.subarray(0, at));
  result.set(put, at);
  result.set(bytes.subarray(at + drop), at + put.length);
  return result;
}

/** Changes of a file's bytes. */
const byteMutations: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  (file, random) => {
    const at = random.integer(file.length);
    return splice(file, at, 1, Uint8Array.of(file[at] ^ (1 << random.integer(8))));
  },
  (file, random) => splice(file, random.integer(file.length), 1, Uint8Array.of(random.integer(256))),
  (file, random) => file.slice(0, random.integer(file.length)),
  (file, random) =>
    splice(file, random.integer(file.length), random.integer(9), new Uint8Array(random.integer(9))),
  (file, random) => {
    const other = pick(random, files);
    const at = random.integer(other.length);
    return splice(
      file,
      random.integer(file.length),
      random.integer(60),
      other.subarray(at, at + random.integer(60)),
    );
  },
];

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

/** A change of what a file says, which is a file again that is well-formed. */
function mutateModel(model: OnnxModel, random: Random): OnnxModel {
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

function mutate(random: Random): Uint8Array {
  const which = random.integer(files.length);
  const changes = 1 + random.integer(3);
  if (random.integer(2) === 0) {
    let file = files[which];
    for (let i = 0; i < changes && file.length > 0; i++) file = pick(random, byteMutations)(file, random);
    return file;
  }
  let model = models[which];
  for (let i = 0; i < changes; i++) model = mutateModel(model, random);
  return encodeProto(protoOf(model));
}

type Outcome = "networks" | "refused by node" | "refused otherwise" | "without room";

/** Any other error fails the test. */
function outcomeOf(file: Uint8Array): Outcome {
  try {
    using network = fromOnnx(file);
    network.forward({ steps: 2, batch: 1, tokens: Int32Array.of(0, 0) });
    return "networks";
  } catch (error) {
    if (error instanceof OutOfMemoryError) return "without room";
    if (!(error instanceof FormatError)) throw error;
    return error.message.startsWith("ONNX node") ? "refused by node" : "refused otherwise";
  }
}

describe("mutants of ONNX files", () => {
  it(`are networks or FormatErrors, all ${COUNT}, and leave no memory taken`, { timeout: 10_000_000 }, () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const random = new Random(1);
    const counts: Record<Outcome, number> = {
      networks: 0,
      "refused by node": 0,
      "refused otherwise": 0,
      "without room": 0,
    };
    for (let i = 0; i < COUNT; i++) {
      const file = mutate(random);
      const original = file.slice();
      try {
        counts[outcomeOf(file)]++;
      } catch (error) {
        throw new Error(`mutant ${i}`, { cause: error });
      }
      if (Buffer.compare(file, original) !== 0) throw new Error(`mutant ${i} was written to`);
      if (arena.reserved !== before) throw new Error(`mutant ${i} kept memory`);
    }
    printed.push(`${COUNT} mutants: ${JSON.stringify(counts)}`);
    // Enough of each for the test to mean something.
    expect(counts.networks).toBeGreaterThan(COUNT / 10);
    expect(counts["refused by node"]).toBeGreaterThan(COUNT / 10);
    expect(counts["refused otherwise"]).toBeGreaterThan(COUNT / 10);
    expect(counts["without room"]).toBe(0);
  });
});
