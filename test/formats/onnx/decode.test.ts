import fc from "fast-check";
import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { decodeModel } from "../../../src/formats/onnx/decode.js";
import { encodeModel } from "../../../src/formats/onnx/encode.js";
import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import { drawnModel } from "./drawn-models.js";
import { encodeProto, protoOf } from "./model-sketch.js";

type Bytes = readonly number[];

/** A varint of a number below 2^53, written apart from the code that is tested. */
function varint(value: number): Bytes {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A field of bytes, or of a message. */
function field(number: number, content: Bytes | string): Bytes {
  const bytes = typeof content === "string" ? [...new TextEncoder().encode(content)] : content;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

function integer(number: number, value: Bytes): Bytes {
  return [...varint(number * 8), ...value];
}

const graph = (...fields: Bytes[]): Uint8Array => Uint8Array.from(field(7, fields.flat()));
const node = (...fields: Bytes[]): Uint8Array => graph(field(1, fields.flat()));
const attribute = (...fields: Bytes[]): Uint8Array => node(field(5, fields.flat()));
const tensor = (...fields: Bytes[]): Uint8Array => graph(field(5, fields.flat()));

describe("decodeModel", () => {
  it("reads what another encoder wrote, and its own, of any model", () => {
    fc.assert(
      fc.property(drawnModel, (model) => {
        expect(decodeModel(encodeProto(protoOf(model)))).toEqual(model);
        expect(decodeModel(encodeModel(model))).toEqual(model);
      }),
      { numRuns: 500 },
    );
  });

  it("reads the same at any place of a buffer, in shared memory, and writes to none", () => {
    fc.assert(
      fc.property(drawnModel, fc.nat(7), (model, offset) => {
        const file = encodeModel(model);
        const odd = new Uint8Array(file.length + offset + 3).fill(0xff);
        odd.set(file, offset);
        const view = odd.subarray(offset, offset + file.length);
        const shared = new Uint8Array(new SharedArrayBuffer(file.length));
        shared.set(file);
        expect(decodeModel(view)).toEqual(model);
        expect(decodeModel(shared)).toEqual(model);
        expect(view).toEqual(file);
      }),
      { numRuns: 50 },
    );
  });

  it("skips fields that it does not know", () => {
    const plain = [...field(7, [...field(2, "g")])];
    const unknown = [
      ...integer(90, [0x80, 1]),
      ...field(91, "x"),
      ...varint(92 * 8 + 1),
      ...Array<number>(8).fill(1),
    ];
    const four = [...varint(93 * 8 + 5), 1, 2, 3, 4];
    const with_ = [...unknown, ...field(7, [...four, ...field(2, "g"), ...unknown]), ...four];
    expect(decodeModel(Uint8Array.from(with_))).toEqual(decodeModel(Uint8Array.from(plain)));
  });

  describe("tensors", () => {
    const { TensorProto } = onnxProto.onnx;
    const counted = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { minLength: 1, maxLength: 20 });
    const number = fc.float({ noNaN: true });
    const int = (min: number, max: number) => counted(fc.integer({ min, max }));
    const drawn: [
      string,
      keyof typeof DATA_TYPES,
      fc.Arbitrary<number[]>,
      (values: number[]) => ArrayBufferView,
    ][] = [
      ["floatData", "FLOAT", counted(number), (values) => Float32Array.from(values)],
      ["doubleData", "DOUBLE", counted(fc.double({ noNaN: true })), (values) => Float64Array.from(values)],
      ["int32Data", "INT32", int(-(2 ** 31), 2 ** 31 - 1), (values) => Int32Array.from(values)],
      ["int32Data", "INT16", int(-(2 ** 15), 2 ** 15 - 1), (values) => Int16Array.from(values)],
      ["int32Data", "UINT8", int(0, 255), (values) => Uint8Array.from(values)],
      ["int32Data", "INT8", int(-128, 127), (values) => Int8Array.from(values)],
      ["int32Data", "BOOL", int(0, 1), (values) => Uint8Array.from(values)],
      ["int32Data", "FLOAT16", int(0, 2 ** 16 - 1), (values) => Uint16Array.from(values)],
      ["int32Data", "BFLOAT16", int(0, 2 ** 16 - 1), (values) => Uint16Array.from(values)],
      ["int64Data", "INT64", counted(fc.maxSafeInteger()), (values) => BigInt64Array.from(values, BigInt)],
      ["uint64Data", "UINT64", counted(fc.maxSafeNat()), (values) => BigUint64Array.from(values, BigInt)],
      ["uint64Data", "UINT32", int(0, 2 ** 31 - 1), (values) => Uint32Array.from(values)],
    ];
    it.each(drawn)("have their values in %s as in raw_data: %s", (name, type, values, arrayOf) => {
      fc.assert(
        fc.property(values, fc.boolean(), (list, twice) => {
          const lists = twice ? [list, list] : [list];
          // Two messages of one field: a list in two parts.
          const parts = lists.map((one) => [
            ...TensorProto.encode({ dataType: DATA_TYPES[type], [name]: one }).finish(),
          ]);
          const [first] = decodeModel(tensor(...parts)).graph.initializers;
          const { buffer, byteOffset, byteLength } = arrayOf(lists.flat());
          expect([...first.raw]).toEqual([...new Uint8Array(buffer, byteOffset, byteLength)]);
        }),
        { numRuns: 100 },
      );
    });

    it("are views of the file", () => {
      const file = tensor(integer(2, [1]), field(9, "abcd"));
      const { raw } = decodeModel(file).graph.initializers[0];
      expect(raw.buffer).toBe(file.buffer);
      const list = tensor(integer(2, [1]), field(4, "abcd"));
      expect(decodeModel(list).graph.initializers[0].raw.buffer).toBe(list.buffer);
    });
  });

  it("takes numbers one by one, or packed", () => {
    const one = [0x15 + 0x28, 0, 0, 0x80, 0x3f]; // field 7, four bytes: 1
    const floats = attribute(field(1, "a"), one, field(7, [0, 0, 0, 0x40]), one, integer(20, [6]));
    expect(decodeModel(floats).graph.nodes[0].attributes.get("a")).toEqual({
      type: "FLOATS",
      value: [1, 2, 1],
    });
    const minus = [...Array<number>(9).fill(0xff), 1];
    const ints = attribute(field(1, "a"), integer(8, [5]), field(8, [1, ...minus]), integer(20, [7]));
    expect(decodeModel(ints).graph.nodes[0].attributes.get("a")).toEqual({ type: "INTS", value: [5, 1, -1] });
  });

  it("finds the type of an attribute that does not say it", () => {
    const types = [
      [integer(3, [7]), { type: "INT", value: 7 }],
      [field(4, "x"), { type: "STRING", value: "x" }],
      [field(8, [1, 2]), { type: "INTS", value: [1, 2] }],
      [field(9, "x"), { type: "STRINGS", value: ["x"] }],
      [[0x15, 0, 0, 0x80, 0x3f], { type: "FLOAT", value: 1 }],
      [field(7, [0, 0, 0x80, 0x3f]), { type: "FLOATS", value: [1] }],
      [[], undefined],
    ] as const;
    for (const [fields, expected] of types) {
      const { attributes } = decodeModel(attribute(field(1, "a"), fields)).graph.nodes[0];
      expect(attributes.get("a")).toEqual(expected);
    }
  });

  it("gives the nearest number for an integer beyond 2^53", () => {
    const most = [...Array<number>(8).fill(0xff), 0x7f];
    const { attributes } = decodeModel(attribute(field(1, "a"), integer(3, most), integer(20, [2]))).graph
      .nodes[0];
    expect(attributes.get("a")).toEqual({ type: "INT", value: 2 ** 63 });
  });

  /** Graphs inside nodes of graphs. */
  function nested(depth: number): Bytes {
    return depth === 0 ? [] : field(1, field(5, [...field(6, nested(depth - 1)), ...integer(20, [5])]));
  }

  it("reads graphs inside graphs, to a depth", () => {
    expect(decodeModel(graph(nested(20))).graph.nodes).toHaveLength(1);
    expect(() => decodeModel(graph(nested(40)))).toThrow(
      /inside one another to a depth of 64 at byte \d+, got more$/,
    );
    expect(() => decodeModel(graph(nested(20)))).not.toThrow();
  });

  const many = (count: number, bytes: Bytes): Bytes => Array.from({ length: count }, () => bytes).flat();
  const eleven = [...Array<number>(10).fill(0x80), 1];

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(), /^ONNX file: expected a graph, got none: not an ONNX model$/],
    [
      "a text",
      new TextEncoder().encode("It was a dark and stormy night."),
      /^ONNX file: expected .* at byte \d+, got/,
    ],
    ["a safetensors file", new TextEncoder().encode("\x02\0\0\0\0\0\0\0{}"), /at byte 0, got/],
    ["a field number 0", Uint8Array.of(0, 0), /expected the tag of a field at byte 0, got another number/],
    [
      "a tag of 33 bits",
      Uint8Array.of(0x88, 0x80, 0x80, 0x80, 0x10, 0),
      /expected the tag of a field at byte 0/,
    ],
    ["a tag cut short", Uint8Array.of(0x88), /an integer at byte 0, got the end in the midst of it/],
    [
      "a group",
      Uint8Array.of(0x0b, 0x0c),
      /^ONNX file: expected an integer at byte 0, got a field of wire type 3/,
    ],
    [
      "an unknown group",
      Uint8Array.of(0xf3, 1),
      /a field of wire type 0, 1, 2 or 5 at byte 0, got wire type 3/,
    ],
    ["the end of a group", Uint8Array.of(0xf4, 1), /got wire type 4/],
    ["wire type 6", Uint8Array.of(0xf6, 1), /got wire type 6/],
    ["an integer of 11 bytes", Uint8Array.of(8, ...eleven), /an integer of 64 bits at byte 0, got more/],
    ["an integer of 65 bits", Uint8Array.of(8, ...Array<number>(9).fill(0xff), 2), /an integer of 64 bits/],
    ["an integer cut short", Uint8Array.of(8, 0x80), /an integer at byte 0, got the end/],
    ["an integer beyond its message", graph(field(1, [0xd0, 1, 0x80])), /an integer at byte 4, got the end/],
    [
      "a length beyond the file",
      Uint8Array.of(0x3a, 9, 0),
      /at most the 1 bytes that are left at byte 0, got a length of 9/,
    ],
    [
      "a length of 2^63",
      Uint8Array.of(0x3a, ...Array<number>(8).fill(0xff), 0x7f),
      /got a length of 9223372036854776000/,
    ],
    [
      "a length beyond its message",
      Uint8Array.of(0x3a, 2, 0x12, 5, 65, 65, 65, 65, 65),
      /at most the 0 bytes .* got a length of 5/,
    ],
    ["eight bytes cut short", Uint8Array.of(0xf9, 1, 0, 0), /8 bytes more at byte 0, got 2 before the end/],
    ["four bytes cut short", Uint8Array.of(0xfd, 1, 0, 0), /4 bytes more at byte 0, got 2 before the end/],
    [
      "a number for the graph",
      Uint8Array.of(0x38, 1),
      /a message or a list at byte 0, got a field of wire type 0/,
    ],
    ["two graphs", Uint8Array.of(0x3a, 0, 0x3a, 0), /one graph at byte 2, got another/],
    ["a name of other bytes", graph(field(2, [0xff])), /UTF-8 in the text at byte 2, got other bytes/],
    [
      "an attribute twice",
      node(
        field(5, [...field(1, "a"), ...integer(3, [1])]),
        field(5, [...field(1, "a"), ...integer(3, [1])]),
      ),
      /every attribute of a node once/,
    ],
    ["two tensors of an attribute", attribute(field(5, []), field(5, [])), /one tensor of an attribute/],
    ["two graphs of an attribute", attribute(field(6, []), field(6, [])), /one graph of an attribute/],
    ["half a number", attribute(field(7, [1, 2])), /4 bytes more .* got 2 before the end/],
    [
      "a text for a number",
      attribute(field(2, "a")),
      /a number of four bytes at byte 6, got a field of wire type 2/,
    ],
    [
      "a negative size",
      tensor(integer(1, [...Array<number>(9).fill(0xff), 1])),
      /a size from 0 to 2\^53 .* got -1/,
    ],
    ["a size of 2^53", tensor(integer(1, varint(2 ** 53))), /a size from 0 to 2\^53 .* got 9007199254740992/],
    ["17 dimensions", tensor(field(1, Array<number>(17).fill(1))), /at most 16 dimensions/],
    ["a segment", tensor(field(3, [])), /tensors in one piece .* got a segment/],
    [
      "data elsewhere",
      tensor(field(8, "w"), field(13, [])),
      /its weights inside .* got tensor "w" in another file/,
    ],
    [
      "a place elsewhere",
      tensor(field(8, "w"), integer(14, [1])),
      /weights inside .* got tensor "w" in another file/,
    ],
    [
      "values twice",
      tensor(integer(2, [1]), field(9, "abcd"), field(4, "abcd")),
      /values once .* got raw_data and float_data/,
    ],
    ["two lists", tensor(field(4, "abcd"), field(7, [1])), /values in one list/],
    [
      "another type's list",
      tensor(integer(2, [7]), field(4, "abcd")),
      /whose type has its values in float_data .* got type 7/,
    ],
    [
      "a list of a type that is none",
      tensor(integer(2, [99]), field(5, [1])),
      /values in int32_data .* got type 99/,
    ],
    [
      "half a float",
      tensor(integer(2, [1]), field(4, "abcdef")),
      /numbers of 4 bytes .* got 6 bytes of them/,
    ],
    [
      "too many nodes",
      graph(many(80_001, [0x0a, 0])),
      /at most 80000 messages and texts, or 10 times as many numbers at byte \d+, got more$/,
    ],
    ["too many inputs", node(many(80_001, [0x0a, 0])), /at most 80000 messages and texts/],
    [
      "too many integers",
      attribute(field(8, Array<number>(1_000_001).fill(1))),
      /at most 80000 messages and texts, or 10 times as many numbers/,
    ],
    [
      "too many numbers",
      attribute(field(7, Array<number>(4_000_004).fill(1))),
      /or 10 times as many numbers/,
    ],
    [
      "too many wide integers",
      tensor(integer(2, [7]), field(7, Array<number>(1_000_001).fill(1))),
      /or 10 times as many numbers/,
    ],
  ])("refuses %s", (_, file, message) => {
    expect(() => decodeModel(file)).toThrow(FormatError);
    expect(() => decodeModel(file)).toThrow(message);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["a buffer", new ArrayBuffer(8)],
    ["words", new Uint16Array(8)],
    ["a pretender", Object.create(Uint8Array.prototype)],
    ["a proxy", new Proxy(new Uint8Array(8), {})],
  ])("is a TypeError for %s", (_, given) => {
    expect((): unknown => Reflect.apply(decodeModel, undefined, [given])).toThrow(TypeError);
    expect((): unknown => Reflect.apply(decodeModel, undefined, [given])).toThrow(
      /^"bytes" expected a Uint8Array, got/,
    );
  });

  it("is a FormatError for a detached array", () => {
    const detached = new Uint8Array(64);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(() => decodeModel(detached)).toThrow(FormatError);
  });
});
