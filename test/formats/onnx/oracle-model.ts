/** What another decoder, npm's onnx-proto, makes of a file, in the plain objects of messages.ts. */

import onnxProto from "onnx-proto";
import {
  ATTRIBUTE_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "../../../src/formats/onnx/messages.js";
import { invoke } from "../../network/untyped.js";

const { ModelProto, TensorShapeProto } = onnxProto.onnx;

/** Integers of 64 bits are numbers or objects, of a type that onnx-proto leaves out. */
function wholeOf(value: unknown): number {
  return Number(typeof value === "object" && value !== null ? invoke(value, "toNumber") : (value ?? 0));
}

function tensorOf({ name, dataType, dims, rawData }: onnxProto.onnx.ITensorProto): OnnxTensor {
  return {
    name: name ?? "",
    dataType: dataType ?? 0,
    dims: (dims ?? []).map(wholeOf),
    raw: Uint8Array.from(rawData ?? []),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function attributeOf(attribute: onnxProto.onnx.IAttributeProto): OnnxAttribute {
  const { f, s, t, g, floats, strings } = attribute;
  const type = Object.entries(ATTRIBUTE_TYPES).find(([, number]) => number === wholeOf(attribute.type))?.[0];
  switch (type) {
    case "FLOAT":
      return { type, value: f ?? NaN };
    case "INT":
      return { type, value: wholeOf(attribute.i) };
    case "STRING":
      return { type, value: utf8.decode(s ?? undefined) };
    case "TENSOR":
      return { type, value: tensorOf(t ?? {}) };
    case "GRAPH":
      return { type, value: graphOf(g ?? {}) };
    case "FLOATS":
      return { type, value: floats ?? [] };
    case "INTS":
      return { type, value: (attribute.ints ?? []).map(wholeOf) };
    case "STRINGS":
      return { type, value: (strings ?? []).map((text) => utf8.decode(text)) };
    default:
      throw new Error(`type ${attribute.type} of attribute ${attribute.name}`);
  }
}

function nodeOf({ name, opType, domain, input, output, attribute }: onnxProto.onnx.INodeProto): OnnxNode {
  return {
    name: name ?? "",
    op: opType ?? "",
    domain: domain ?? "",
    inputs: input ?? [],
    outputs: output ?? [],
    attributes: new Map((attribute ?? []).map((one) => [one.name ?? "", attributeOf(one)])),
  };
}

function valueOf({ name, type }: onnxProto.onnx.IValueInfoProto): OnnxValue {
  const tensor = type?.tensorType;
  const dims = tensor?.shape?.dim?.map((given) => {
    const dim = TensorShapeProto.Dimension.create(given);
    return dim.value === "dimValue" ? wholeOf(dim.dimValue) : (dim.dimParam ?? "");
  });
  return {
    name: name ?? "",
    dataType: tensor?.elemType ?? 0,
    dims: tensor?.shape ? (dims ?? []) : undefined,
  };
}

function graphOf({ name, node, initializer, input, output }: onnxProto.onnx.IGraphProto): OnnxGraph {
  return {
    name: name ?? "",
    nodes: (node ?? []).map(nodeOf),
    initializers: (initializer ?? []).map(tensorOf),
    inputs: (input ?? []).map(valueOf),
    outputs: (output ?? []).map(valueOf),
  };
}

export function decodeWithOracle(file: Uint8Array): OnnxModel {
  const model = ModelProto.decode(file);
  const { producerName, opsetImport, graph } = model;
  return {
    irVersion: wholeOf(model.irVersion),
    producer: producerName,
    opsets: new Map(opsetImport.map((opset) => [opset.domain ?? "", wholeOf(opset.version)])),
    graph: graphOf(graph ?? {}),
  };
}
