/** Models of any kind, drawn by fast-check: the messages alone mean something, what is in them need not. */

import fc from "fast-check";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "../../../src/formats/onnx/messages.js";

/** Bytes of an element. */
export const WIDTHS = {
  ...{ FLOAT: 4, UINT8: 1, INT8: 1, UINT16: 2, INT16: 2, INT32: 4, INT64: 8, BOOL: 1 },
  ...{ FLOAT16: 2, DOUBLE: 8, UINT32: 4, UINT64: 8, BFLOAT16: 2 },
};

const name = fc.string({ unit: "binary" });
/** All safe integers, and those next to where a varint gets one more byte. */
const whole = fc
  .oneof(
    fc.maxSafeInteger(),
    fc
      .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -1, max: 1 }), fc.constantFrom(1, -1))
      .map(([power, beside, sign]) => sign * (2 ** power + beside)),
  )
  .map((value) => value + 0); // -0 is 0 among integers
const float = fc.float();

const tensor: fc.Arbitrary<OnnxTensor> = fc
  .record({
    name,
    type: fc.constantFrom(...(Object.keys(WIDTHS) as (keyof typeof WIDTHS)[])),
    dims: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
  })
  .chain(({ name, type, dims }) => {
    const count = dims.reduce((product, size) => product * size, WIDTHS[type]);
    const raw = fc.uint8Array({ minLength: count, maxLength: count });
    return raw.map((bytes) => ({ name, dataType: DATA_TYPES[type], dims, raw: bytes }));
  });

const value: fc.Arbitrary<OnnxValue> = fc.record({
  name,
  dataType: fc.integer({ min: 1, max: 16 }),
  dims: fc.option(fc.array(fc.oneof(fc.nat(), name), { maxLength: 4 }), { nil: undefined }),
});

const { graph } = fc.letrec<{ graph: OnnxGraph; node: OnnxNode; attribute: OnnxAttribute }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: "small" },
    float.map((number) => ({ type: "FLOAT" as const, value: number })),
    whole.map((number) => ({ type: "INT" as const, value: number })),
    name.map((text) => ({ type: "STRING" as const, value: text })),
    tensor.map((one) => ({ type: "TENSOR" as const, value: one })),
    fc.array(float).map((numbers) => ({ type: "FLOATS" as const, value: numbers })),
    fc.array(whole).map((numbers) => ({ type: "INTS" as const, value: numbers })),
    fc.array(name).map((texts) => ({ type: "STRINGS" as const, value: texts })),
    tie("graph").map((one) => ({ type: "GRAPH" as const, value: one })),
  ),
  node: fc.record({
    name,
    op: name,
    domain: name,
    inputs: fc.array(name, { maxLength: 4 }),
    outputs: fc.array(name, { maxLength: 4 }),
    attributes: fc.array(fc.tuple(name, tie("attribute")), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  }),
  graph: fc.record({
    name,
    nodes: fc.array(tie("node"), { maxLength: 3 }),
    initializers: fc.array(tensor, { maxLength: 3 }),
    inputs: fc.array(value, { maxLength: 3 }),
    outputs: fc.array(value, { maxLength: 3 }),
  }),
}));

export const drawnModel: fc.Arbitrary<OnnxModel> = fc.record({
  irVersion: whole,
  producer: name,
  opsets: fc.array(fc.tuple(name, whole), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  graph,
});
