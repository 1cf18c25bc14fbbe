/** Models of ONNX by hand, encoded by npm's onnx-proto: apart from the code that is tested. */

import onnxProto from "onnx-proto";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "../../../src/formats/onnx/messages.js";
import { Random } from "../../../src/random.js";

const { AttributeProto, ModelProto } = onnxProto.onnx;
const utf8 = new TextEncoder();

function attributeProto(name: string, attribute: OnnxAttribute): onnxProto.onnx.IAttributeProto {
  const { type, value } = attribute;
  const bare = { name, type: AttributeProto.AttributeType[type] };
  switch (type) {
    case "FLOAT":
      return { ...bare, f: value };
    case "INT":
      return { ...bare, i: value };
    case "FLOATS":
      return { ...bare, floats: [...value] };
    case "INTS":
      return { ...bare, ints: [...value] };
    case "STRING":
      return { ...bare, s: utf8.encode(value) };
    case "STRINGS":
      return { ...bare, strings: value.map((text) => utf8.encode(text)) };
    case "TENSOR":
      return { ...bare, t: tensorProto(value) };
    case "GRAPH":
      return { ...bare, g: graphProto(value) };
  }
}

function tensorProto({ name, dataType, dims, raw }: OnnxTensor): onnxProto.onnx.ITensorProto {
  return { name, dataType, dims: [...dims], rawData: raw };
}

function valueProto({ name, dataType, dims }: OnnxValue): onnxProto.onnx.IValueInfoProto {
  const dim = dims?.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: dataType, ...(dim && { shape: { dim } }) } } };
}

function nodeProto({ name, op, domain, inputs, outputs, attributes }: OnnxNode): onnxProto.onnx.INodeProto {
  const attribute = [...attributes].map(([key, one]) => attributeProto(key, one));
  return { name, opType: op, domain, input: [...inputs], output: [...outputs], attribute };
}

function graphProto(graph: OnnxGraph): onnxProto.onnx.IGraphProto {
  return {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    initializer: graph.initializers.map(tensorProto),
    input: graph.inputs.map(valueProto),
    output: graph.outputs.map(valueProto),
  };
}

export function protoOf({ irVersion, producer, opsets, graph }: OnnxModel): onnxProto.onnx.IModelProto {
  return {
    irVersion,
    producerName: producer,
    opsetImport: [...opsets].map(([domain, version]) => ({ domain, version })),
    graph: graphProto(graph),
  };
}

export function encodeProto(model: onnxProto.onnx.IModelProto): Uint8Array {
  return Uint8Array.from(ModelProto.encode(model).finish());
}

/** An attribute in short: whole numbers are INT, texts STRING, and lists of them. */
export type Attribute = number | string | readonly number[] | readonly string[] | OnnxAttribute;

function isTexts(list: readonly unknown[]): list is readonly string[] {
  return list.length > 0 && list.every((item) => typeof item === "string");
}

function isNumbers(list: readonly unknown[]): list is readonly number[] {
  return list.every((item) => typeof item === "number");
}

function attributeOf(given: Attribute): OnnxAttribute {
  if (typeof given === "number") return { type: "INT", value: given };
  if (typeof given === "string") return { type: "STRING", value: given };
  if ("type" in given) return given;
  if (isTexts(given)) return { type: "STRINGS", value: given };
  if (isNumbers(given)) return { type: "INTS", value: given };
  throw new TypeError("a list of one type expected");
}

export function float(value: number): OnnxAttribute {
  return { type: "FLOAT", value };
}

function bytesOf(values: Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));
}

export function floatTensor(dims: readonly number[], values: readonly number[], name = ""): OnnxTensor {
  return { name, dataType: DATA_TYPES.FLOAT, dims, raw: bytesOf(Float32Array.from(values)) };
}

export function integerTensor(
  dims: readonly number[],
  values: readonly (number | bigint)[],
  name = "",
): OnnxTensor {
  return { name, dataType: DATA_TYPES.INT64, dims, raw: bytesOf(BigInt64Array.from(values, BigInt)) };
}

/** A graph that is put together node by node; names are given by number where none is. */
export class ModelSketch {
  opset = 14;
  irVersion = 7;
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly inputs: OnnxValue[] = [];
  readonly outputs: OnnxValue[] = [];
  readonly random = new Random(11);
  private count = 0;

  input(
    name: string,
    dims: readonly (number | string)[] | undefined,
    dataType: number = DATA_TYPES.FLOAT,
  ): string {
    this.inputs.push({ name, dataType, dims });
    return name;
  }

  /** A graph's output, whose shape ONNX Runtime finds. */
  output(name: string, dataType: number = DATA_TYPES.FLOAT): void {
    this.outputs.push({ name, dataType, dims: undefined });
  }

  tensor(tensor: OnnxTensor): string {
    const name = tensor.name === "" ? `t${this.count++}` : tensor.name;
    this.initializers.push({ ...tensor, name });
    return name;
  }

  /** Random weights. */
  weights(...dims: number[]): string {
    const count = dims.reduce((product, size) => product * size, 1);
    return this.tensor(
      floatTensor(
        dims,
        Array.from({ length: count }, () => 0.5 * this.random.normal()),
      ),
    );
  }

  floats(dims: readonly number[], values: readonly number[]): string {
    return this.tensor(floatTensor(dims, values));
  }

  /** Integers as a list; a number alone has no dimensions. */
  integers(values: number | readonly (number | bigint)[]): string {
    return this.tensor(
      typeof values === "number" ? integerTensor([], [values]) : integerTensor([values.length], values),
    );
  }

  /** Adds a node of one output; its name is `name`, or the operator and a number. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    name?: string,
  ): string {
    return this.nodeOf(1, op, inputs, attributes, name)[0];
  }

  nodeOf(
    outputs: number,
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    name = `${op.toLowerCase()}${this.count++}`,
  ): string[] {
    const named = Array.from({ length: outputs }, (_, i) => `${name}:${i}`);
    const list = Object.entries(attributes).map(([key, one]) => [key, attributeOf(one)] as const);
    this.nodes.push({ name, op, domain: "", inputs, outputs: named, attributes: new Map(list) });
    return named;
  }

  model(): OnnxModel {
    const { nodes, initializers, inputs, outputs } = this;
    return {
      irVersion: this.irVersion,
      producer: "sketch",
      opsets: new Map([["", this.opset]]),
      graph: { name: "g", nodes, initializers, inputs, outputs },
    };
  }

  file(): Uint8Array {
    return encodeProto(protoOf(this.model()));
  }
}

export interface LayerSketch {
  readonly op: "RNN" | "GRU" | "LSTM";
  readonly I: number;
  readonly H: number;
  readonly D?: 1 | 2;
  readonly bias?: boolean;
  readonly lengths?: string;
  readonly h0?: string;
  readonly c0?: string;
  readonly attributes?: Record<string, Attribute>;
  readonly name?: string;
}

const GATES = { RNN: 1, GRU: 3, LSTM: 4 };

/** Adds a recurrent node with random weights; returns its outputs. */
export function layer(sketch: ModelSketch, x: string, given: LayerSketch): string[] {
  const {
    op,
    I,
    H,
    D = 1,
    bias = true,
    lengths = "",
    h0 = "",
    c0 = "",
    attributes = {},
    name = op.toLowerCase(),
  } = given;
  const G = GATES[op];
  const tensors = [
    sketch.weights(D, G * H, I),
    sketch.weights(D, G * H, H),
    bias ? sketch.weights(D, 2 * G * H) : "",
  ];
  const all = {
    hidden_size: H,
    ...(D === 2 ? { direction: "bidirectional" } : {}),
    ...(op === "GRU" ? { linear_before_reset: 1 } : {}),
    ...attributes,
  };
  const inputs = [x, ...tensors, lengths, h0, ...(op === "LSTM" ? [c0] : [])];
  while (inputs.at(-1) === "") inputs.pop();
  return sketch.nodeOf(op === "LSTM" ? 3 : 2, op, inputs, all, name);
}
