import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readFloats, parseSafetensors, encodeSafetensors } from "../../src/formats/safetensors.js";
import { bytes, entry, fileOf, partsOf, type Content } from "./files.js";

/** Tensors as [dtype, shape, bytes], by name. */
function tensorsIn(file: Uint8Array): Record<string, [string, readonly number[], number[]]> {
  const { tensors, data } = parseSafetensors(file);
  return Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, begin, end }]) => [
      name,
      [dtype, shape, [...data.slice(begin, end)]],
    ]),
  );
}

describe("parseSafetensors", () => {
  it.each<[string, Content, Content, ReturnType<typeof tensorsIn>]>([
    ["no tensors", "{}", [], {}],
    ["no tensors, padded", "{}      ", [], {}],
    ["metadata alone", '{"__metadata__":{"framework":"pt"}}     ', [], {}],
    [
      "the numbers 0 to 5, as the reference implementation writes them",
      '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}',
      [0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64],
      {
        "attn.0": [
          "F32",
          [1, 2, 3],
          [0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64],
        ],
      },
    ],
    [
      "members in any order, with white space",
      '{ "b" : { "data_offsets" : [4, 8] , "shape":[1],\n"dtype":"F32"},"__metadata__":{},"a":{"shape":[2],"data_offsets":[0,4],"dtype":"F16"} }\n',
      bytes(8),
      { b: ["F32", [1], bytes(8).slice(4)], a: ["F16", [2], bytes(4)] },
    ],
    ["a scalar", `{"s":${entry("F64", "[]", "[0,8]")}}`, bytes(8), { s: ["F64", [], bytes(8)] }],
    [
      "tensors without elements",
      `{"e":${entry("F32", "[3,0]", "[2,2]")},"x":${entry("U8", "[2]", "[0,2]")},"f":${entry("I64", "[0]", "[0,0]")}}`,
      bytes(2),
      { e: ["F32", [3, 0], []], x: ["U8", [2], bytes(2)], f: ["I64", [0], []] },
    ],
    [
      "a name from everybody's prototype",
      `{"__proto__":${entry("U8", "[1]", "[0,1]")}}`,
      [7],
      { ["__proto__"]: ["U8", [1], [7]] },
    ],
  ])("reads %s", (_, header, data, expected) => {
    const file = fileOf(header, data);
    expect(tensorsIn(file)).toEqual(expected);
    // The same at an odd place of a larger buffer, as Node's Buffer, and in shared memory.
    const odd = new Uint8Array(file.length + 5).fill(255);
    odd.set(file, 3);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const same of [odd.subarray(3, 3 + file.length), Buffer.from(file), shared]) {
      expect(tensorsIn(same)).toEqual(expected);
    }
  });

  it("keeps nothing that another thread could change", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(10));
    shared.set(fileOf("{}"));
    expect(parseSafetensors(shared).data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it.each([
    ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3"].map((dtype): [string, number] => [dtype, 1]),
    ...["I16", "U16", "F16", "BF16"].map((dtype): [string, number] => [dtype, 2]),
    ...["I32", "U32", "F32"].map((dtype): [string, number] => [dtype, 4]),
    ...["I64", "U64", "F64"].map((dtype): [string, number] => [dtype, 8]),
  ])("knows that %s takes %d bytes", (dtype, width) => {
    for (let size = 1; size <= 8; size++) {
      const file = fileOf(`{"t":${entry(dtype, "[3]", `[0,${3 * size}]`)}}`, bytes(3 * size));
      if (size === width) expect(tensorsIn(file)).toEqual({ t: [dtype, [3], bytes(3 * size)] });
      else expect(() => parseSafetensors(file)).toThrow(FormatError);
    }
  });

  it("reads metadata as it stands", () => {
    const text = '{"__metadata__":{"a":"","":"b","__proto__":"\\ud83d\\ude00","é":"\\n"}}';
    expect([...parseSafetensors(fileOf(text)).metadata]).toEqual([
      ["a", ""],
      ["", "b"],
      ["__proto__", "😀"],
      ["é", "\n"],
    ]);
  });
});

describe("encodeSafetensors", () => {
  it("writes the format's bytes", () => {
    const tensors = [
      { name: "b", shape: [2], read: () => Float32Array.of(1, -2) },
      { name: "a", shape: [1, 1], read: () => Float32Array.of(0.5) },
    ];
    const file = encodeSafetensors(tensors, new Map([["k", 'v"😀']]));
    const { header, data } = partsOf(file);
    expect(header).toBe(
      '{"__metadata__":{"k":"v\\"😀"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
        '"a":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}   ',
    );
    expect([...data]).toEqual([0, 0, 128, 63, 0, 0, 0, 192, 0, 0, 0, 63]);
    expect(file.slice(0, 8)).toEqual(Uint8Array.of(144, 0, 0, 0, 0, 0, 0, 0));
  });

  const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    // Every pattern of 32 bits: NaNs of all kinds, infinities, subnormals.
    const bits = fc.uint32Array({ minLength: length, maxLength: length });
    return fc.record({ shape: fc.constant(shape), bits });
  });
  const name = fc.string({ unit: "binary", maxLength: 8 });

  it("gives back what it was given, bit for bit", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 }),
        fc.uniqueArray(fc.tuple(name, name), { selector: ([key]) => key, maxLength: 4 }),
        (tensors, metadata) => {
          const sources = tensors.map(([key, { shape, bits }]) => ({
            name: key,
            shape,
            read: () => new Float32Array(bits.buffer, bits.byteOffset, bits.length),
          }));
          const file = encodeSafetensors(sources, new Map(metadata));
          expect((file.length - partsOf(file).data.length) % 8).toBe(0);
          const read = parseSafetensors(file);
          expect([...read.metadata]).toEqual(metadata);
          expect([...read.tensors.keys()]).toEqual(tensors.map(([key]) => key));
          for (const [key, { shape, bits }] of tensors) {
            const stored = read.tensors.get(key);
            if (stored === undefined) throw new Error(`${key} is lost`);
            expect(stored).toMatchObject({ dtype: "F32", shape });
            expect(new Uint32Array(readFloats(read.data, stored).buffer)).toEqual(bits);
          }
        },
      ),
      { seed: 3, numRuns: 500 },
    );
  });

  it("refuses metadata that make the header too long to be read again", () => {
    const metadata = new Map([["text", "x".repeat(100_000_000)]]);
    expect(() => encodeSafetensors([], metadata)).toThrow(RangeError);
    expect(() => encodeSafetensors([], metadata)).toThrow(
      /"metadata" .* at most 100000000 bytes, got 1000000/,
    );
  });
});
