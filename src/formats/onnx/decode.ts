/** Decodes the messages of ONNX that networks need; others are skipped. Fields are numbered as in onnx.proto3. */

import { FormatError } from "../../errors.js";
import { requireBytes } from "../plain-bytes.js";
import { decodeTensor } from "./decode-tensor.js";
import {
  ATTRIBUTE_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./messages.js";
import { WireReader } from "./wire.js";

const NO_ATTRIBUTES: ReadonlyMap<string, OnnxAttribute> = new Map();

/** Throws a FormatError where a message that there is one of was there before. */
function requireOnce(reader: WireReader, what: string, before: unknown): void {
  if (before !== undefined) reader.fail(`one ${what}`, "another");
}

/** Collects the fields of an attribute, whichever of them there are. */
class AttributeFields {
  name = "";
  type = 0;
  private number: number | undefined;
  private integer: number | undefined;
  private text: string | undefined;
  private tensor: OnnxTensor | undefined;
  private graph: OnnxGraph | undefined;
  private readonly numbers: number[] = [];
  private readonly integers: number[] = [];
  private readonly texts: string[] = [];

  take(reader: WireReader, field: number): void {
    if (field === 1) this.name = reader.readText();
    else if (field === 2) this.number = reader.readFloat();
    else if (field === 3) this.integer = reader.readInteger();
    else if (field === 4) this.text = reader.readText();
    else if (field === 5) {
      requireOnce(reader, "tensor of an attribute", this.tensor);
      this.tensor = decodeTensor(reader);
    } else if (field === 6) {
      requireOnce(reader, "graph of an attribute", this.graph);
      this.graph = decodeGraph(reader);
    } else if (field === 7) reader.readFloats(this.numbers);
    else if (field === 8) reader.readIntegers(this.integers);
    else if (field === 9) this.texts.push(reader.readText());
    else if (field === 20) this.type = reader.readInteger();
  }

  /** Files of ONNX's first version do not say the type. */
  private findType(): number {
    if (this.number !== undefined) return ATTRIBUTE_TYPES.FLOAT;
    if (this.integer !== undefined) return ATTRIBUTE_TYPES.INT;
    if (this.text !== undefined) return ATTRIBUTE_TYPES.STRING;
    if (this.tensor !== undefined) return ATTRIBUTE_TYPES.TENSOR;
    if (this.graph !== undefined) return ATTRIBUTE_TYPES.GRAPH;
    if (this.numbers.length > 0) return ATTRIBUTE_TYPES.FLOATS;
    if (this.integers.length > 0) return ATTRIBUTE_TYPES.INTS;
    return this.texts.length > 0 ? ATTRIBUTE_TYPES.STRINGS : 0;
  }

  /** Undefined for an attribute of another type. Numbers that are not there are 0, as protobuf has it. */
  finish(): OnnxAttribute | undefined {
    const type = this.type === 0 ? this.findType() : this.type;
    if (type === ATTRIBUTE_TYPES.FLOAT) return { type: "FLOAT", value: this.number ?? 0 };
    if (type === ATTRIBUTE_TYPES.INT) return { type: "INT", value: this.integer ?? 0 };
    if (type === ATTRIBUTE_TYPES.STRING) return { type: "STRING", value: this.text ?? "" };
    if (type === ATTRIBUTE_TYPES.FLOATS) return { type: "FLOATS", value: this.numbers };
    if (type === ATTRIBUTE_TYPES.INTS) return { type: "INTS", value: this.integers };
    if (type === ATTRIBUTE_TYPES.STRINGS) return { type: "STRINGS", value: this.texts };
    if (type === ATTRIBUTE_TYPES.TENSOR && this.tensor !== undefined)
      return { type: "TENSOR", value: this.tensor };
    if (type === ATTRIBUTE_TYPES.GRAPH && this.graph !== undefined)
      return { type: "GRAPH", value: this.graph };
    return undefined;
  }
}

function decodeNode(reader: WireReader): OnnxNode {
  let [name, op, domain] = ["", "", ""];
  const inputs: string[] = [];
  const outputs: string[] = [];
  // One of its own for each of many nodes without attributes would take more memory than the rest of them.
  let attributes: Map<string, OnnxAttribute> | undefined;
  reader.readMessage((field) => {
    if (field === 1) inputs.push(reader.readText());
    else if (field === 2) outputs.push(reader.readText());
    else if (field === 3) name = reader.readText();
    else if (field === 4) op = reader.readText();
    else if (field === 7) domain = reader.readText();
    else if (field === 5) {
      const fields = new AttributeFields();
      reader.readMessage((inner) => {
        fields.take(reader, inner);
      });
      const attribute = fields.finish();
      attributes ??= new Map();
      if (attributes.has(fields.name)) reader.fail("every attribute of a node once", "one twice");
      if (attribute !== undefined) attributes.set(fields.name, attribute);
    }
  });
  return { name, op, domain, inputs, outputs, attributes: attributes ?? NO_ATTRIBUTES };
}

function decodeDimension(reader: WireReader): number | string {
  let size: number | undefined;
  let name = "";
  reader.readMessage((field) => {
    if (field === 1) size = reader.readInteger();
    else if (field === 2) name = reader.readText();
  });
  // A negative size has been written for one that is not known.
  if (size === undefined || size < 0) return name;
  if (!Number.isSafeInteger(size)) reader.fail("a size below 2^53", String(size));
  return size;
}

function decodeDimensions(reader: WireReader): (number | string)[] {
  const dims: (number | string)[] = [];
  reader.readMessage((field) => {
    if (field === 1) dims.push(decodeDimension(reader));
  });
  return dims;
}

function decodeValue(reader: WireReader): OnnxValue {
  let name = "";
  let dataType = 0;
  let dims: (number | string)[] | undefined;
  const takeTensorType = (field: number): void => {
    if (field === 1) dataType = reader.readInteger();
    else if (field === 2) {
      requireOnce(reader, "shape", dims);
      dims = decodeDimensions(reader);
    }
  };
  reader.readMessage((field) => {
    if (field === 1) name = reader.readText();
    else if (field === 2) {
      reader.readMessage((inner) => {
        if (inner === 1) reader.readMessage(takeTensorType);
      });
    }
  });
  return { name, dataType, dims };
}

function decodeGraph(reader: WireReader): OnnxGraph {
  let name = "";
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  reader.readMessage((field) => {
    if (field === 1) nodes.push(decodeNode(reader));
    else if (field === 2) name = reader.readText();
    else if (field === 5) initializers.push(decodeTensor(reader));
    else if (field === 11) inputs.push(decodeValue(reader));
    else if (field === 12) outputs.push(decodeValue(reader));
  });
  return { name, nodes, initializers, inputs, outputs };
}

/**
 * Decodes a model; tensors are views of `bytes`, or of a copy where those are shared with other threads. Integers beyond 2^53 are
 * the nearest numbers. Throws a TypeError for bytes that are no Uint8Array, and a FormatError for what is no ONNX model or has its
 * weights in other files. Apart from the tensors it takes at most some 30 MB, whatever the file says.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const reader = new WireReader(requireBytes(bytes));
  let irVersion = 0;
  let producer = "";
  let graph: OnnxGraph | undefined;
  const opsets = new Map<string, number>();
  reader.readFields((field) => {
    if (field === 1) irVersion = reader.readInteger();
    else if (field === 2) producer = reader.readText();
    else if (field === 7) {
      requireOnce(reader, "graph", graph);
      graph = decodeGraph(reader);
    } else if (field === 8) {
      let domain = "";
      let version = 0;
      reader.readMessage((inner) => {
        if (inner === 1) domain = reader.readText();
        else if (inner === 2) version = reader.readInteger();
      });
      opsets.set(domain, version);
    }
  });
  if (graph === undefined) throw new FormatError("ONNX file: expected a graph, got none: not an ONNX model");
  return { irVersion, producer, opsets, graph };
}
