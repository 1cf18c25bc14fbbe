/**
 * Encodes the messages of ONNX as protobuf (protobuf.dev/programming-guides/encoding): first measured, then written into one array
 * of that size. Fields are numbered as in onnx.proto3. A name that is empty, which says nothing, is left out.
 */

import { createFile } from "../safetensors.js";
import {
  ATTRIBUTE_TYPES,
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./messages.js";

/** No message of protobuf may have more bytes: its sizes are signed integers of 32 bits. */
const MOST_BYTES = 0x7fff_ffff;

const WIRE_TYPES = { varint: 0, bytes: 2, float: 5 } as const;

const { FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, FLOAT16, DOUBLE, UINT32, UINT64, BFLOAT16 } =
  DATA_TYPES;

/** Types by the bytes of an element: all but texts, which have no `raw`. */
const TYPES_BY_BYTES: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [UINT8, INT8, BOOL]],
  [2, [UINT16, INT16, FLOAT16, BFLOAT16]],
  [4, [FLOAT, INT32, UINT32]],
  [8, [INT64, DOUBLE, UINT64]],
]);

const utf8 = new TextEncoder();

/** Goes over all fields twice: without a file it measures, and with one it writes. */
class FieldWriter {
  at = 0;
  /** Bytes of each nested message, in the order in which they begin. */
  private readonly sizes: number[] = [];
  private next = 0;
  private file: DataView<ArrayBuffer> | undefined;

  writeInto(file: Uint8Array<ArrayBuffer>): void {
    this.file = new DataView(file.buffer);
    this.at = 0;
  }

  integer(field: number, value: number): void {
    this.tag(field, "varint");
    this.varint(value);
  }

  float(field: number, value: number): void {
    this.tag(field, "float");
    this.file?.setFloat32(this.at, value, true);
    this.at += 4;
  }

  text(field: number, text: string): void {
    const bytes = utf8.encode(text);
    this.bytes(field, bytes.length, () => bytes);
  }

  name(field: number, name: string): void {
    if (name !== "") this.text(field, name);
  }

  /** `read` is called when the bytes are written. */
  bytes(field: number, count: number, read: () => Uint8Array): void {
    this.tag(field, "bytes");
    this.varint(count);
    if (this.file !== undefined) {
      const bytes = read();
      if (bytes.length !== count) throw new Error(`expected ${count} bytes, got ${bytes.length}`);
      new Uint8Array(this.file.buffer, this.at, count).set(bytes);
    }
    this.at += count;
  }

  message<Message>(field: number, message: Message, write: (to: this, message: Message) => void): void {
    this.tag(field, "bytes");
    if (this.file === undefined) {
      const index = this.sizes.push(0) - 1;
      const start = this.at;
      write(this, message);
      this.sizes[index] = this.at - start;
      this.varint(this.sizes[index]);
    } else {
      this.varint(this.sizes[this.next++]);
      write(this, message);
    }
  }

  messages<Message>(
    field: number,
    messages: Iterable<Message>,
    write: (to: this, message: Message) => void,
  ): void {
    for (const message of messages) this.message(field, message, write);
  }

  private tag(field: number, type: keyof typeof WIRE_TYPES): void {
    this.varint(8 * field + WIRE_TYPES[type]);
  }

  /** Seven bits a byte, the lowest first; a negative number is its two's complement of 64 bits, of which the tenth byte has one. */
  private varint(value: number): void {
    let rest = value;
    for (let i = 0; i < 9 && (rest > 0x7f || rest < 0); i++) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest & (value < 0 ? 1 : 0x7f));
  }

  private byte(value: number): void {
    this.file?.setUint8(this.at, value);
    this.at++;
  }
}

/** Bytes are asked for as they are written, so that they may be made then: a tensor's type and sizes say how many. */
function countBytes({ dataType, dims }: OnnxTensor): number {
  const width = [...TYPES_BY_BYTES].find(([, types]) => types.includes(dataType))?.[0];
  if (width === undefined) throw new Error(`no tensor of type ${dataType} can be written`);
  return dims.reduce((product, size) => product * size, width);
}

function writeTensor(to: FieldWriter, tensor: OnnxTensor): void {
  for (const size of tensor.dims) to.integer(1, size);
  to.integer(2, tensor.dataType);
  to.name(8, tensor.name);
  to.bytes(9, countBytes(tensor), () => tensor.raw);
}

function writeAttribute(to: FieldWriter, [name, attribute]: readonly [string, OnnxAttribute]): void {
  to.name(1, name);
  writeAttributeValue(to, attribute);
  to.integer(20, ATTRIBUTE_TYPES[attribute.type]);
}

/** A single value is written even where it is 0 or "": readers look whether it is there. */
function writeAttributeValue(to: FieldWriter, { type, value }: OnnxAttribute): void {
  switch (type) {
    case "FLOAT":
      to.float(2, value);
      break;
    case "INT":
      to.integer(3, value);
      break;
    case "STRING":
      to.text(4, value);
      break;
    case "TENSOR":
      to.message(5, value, writeTensor);
      break;
    case "GRAPH":
      to.message(6, value, writeGraph);
      break;
    case "FLOATS":
      for (const item of value) to.float(7, item);
      break;
    case "INTS":
      for (const item of value) to.integer(8, item);
      break;
    case "STRINGS":
      for (const item of value) to.text(9, item);
      break;
  }
}

function writeNode(to: FieldWriter, { name, op, domain, inputs, outputs, attributes }: OnnxNode): void {
  for (const input of inputs) to.text(1, input);
  for (const output of outputs) to.text(2, output);
  to.name(3, name);
  to.name(4, op);
  to.messages(5, attributes, writeAttribute);
  to.name(7, domain);
}

/** A dimension without a size and without a name may have any size. */
function writeDimension(to: FieldWriter, size: number | string): void {
  if (typeof size === "number") to.integer(1, size);
  else to.name(2, size);
}

function writeShape(to: FieldWriter, dims: readonly (number | string)[]): void {
  to.messages(1, dims, writeDimension);
}

function writeTensorType(to: FieldWriter, { dataType, dims }: OnnxValue): void {
  to.integer(1, dataType);
  if (dims !== undefined) to.message(2, dims, writeShape);
}

function writeType(to: FieldWriter, value: OnnxValue): void {
  to.message(1, value, writeTensorType);
}

function writeValue(to: FieldWriter, value: OnnxValue): void {
  to.name(1, value.name);
  to.message(2, value, writeType);
}

function writeGraph(to: FieldWriter, { name, nodes, initializers, inputs, outputs }: OnnxGraph): void {
  to.messages(1, nodes, writeNode);
  to.name(2, name);
  to.messages(5, initializers, writeTensor);
  to.messages(11, inputs, writeValue);
  to.messages(12, outputs, writeValue);
}

function writeOpset(to: FieldWriter, [domain, version]: readonly [string, number]): void {
  to.name(1, domain);
  to.integer(2, version);
}

function writeModel(to: FieldWriter, { irVersion, producer, opsets, graph }: OnnxModel): void {
  to.integer(1, irVersion);
  to.name(2, producer);
  to.message(7, graph, writeGraph);
  to.messages(8, opsets, writeOpset);
}

/**
 * Returns the model as a file. Throws a RangeError for one of more than 2^31 − 1 bytes, before a tensor is read, and an
 * OutOfMemoryError when there is no room.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = new FieldWriter();
  writeModel(writer, model);
  if (writer.at > MOST_BYTES) {
    throw new RangeError(
      `"network" expected an ONNX file of at most ${MOST_BYTES} bytes, protobuf's limit, got one of ${writer.at}`,
    );
  }
  const file = createFile(writer.at);
  writer.writeInto(file);
  writeModel(writer, model);
  return file;
}
