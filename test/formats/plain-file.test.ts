import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { readPlainFile, writePlainFile, type PlainFormat } from "../../src/formats/plain-file.js";
import { encodeSafetensors } from "../../src/formats/safetensors.js";
import type { PlainData } from "../../src/plain-data.js";

const format: PlainFormat = { key: "test.kind", version: "1", data: "test.data", what: "a test's file" };

const arrays: fc.Arbitrary<PlainData> = fc.oneof(
  fc.int8Array(),
  fc.uint8Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
);

/** Names as of an object's fields, those among them that the file has a meaning for. */
const names = fc.oneof(
  fc.string(),
  fc.constantFrom("$tensor", "$number", "$$", "__proto__", "constructor", ""),
);

const { value } = fc.letrec<{ value: PlainData }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, -0),
    fc.string({ unit: "binary" }),
    arrays,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 4 }),
  ),
}));

/** Objects without a prototype are read as plain ones, as JSON.parse gives them. */
function plain(data: PlainData): unknown {
  if (Array.isArray(data)) return data.map((item: PlainData) => plain(item));
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data)) return data;
  return Object.fromEntries(
    Object.entries<PlainData>(data as never).map(([name, member]) => [name, plain(member)]),
  );
}

const formatEntries = [["test.kind", "1"]] as const;
const written = (data: PlainData): Uint8Array => writePlainFile(format, "test", data);

describe("a plain file", () => {
  it("gives any plain data back, bit for bit", () => {
    fc.assert(
      fc.property(value, (data) => {
        expect(readPlainFile(format, written(data))).toEqual(plain(data));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("keeps the bits of NaNs in arrays, and leaves undefined out", () => {
    const bits = Uint32Array.of(0x7fc0_0001, 0xffc0_1234);
    const back = readPlainFile(format, written({ a: new Float32Array(bits.buffer), b: undefined }));
    expect(Object.keys(back as object)).toEqual(["a"]);
    const { a } = back as { a: Float32Array<ArrayBuffer> };
    expect(new Uint32Array(a.slice().buffer)).toEqual(bits);
  });

  /** So many lists, each in the next. */
  function nest(lists: number): PlainData {
    return lists === 1 ? [] : [nest(lists - 1)];
  }

  it.each([
    ["a function", { a: () => 1 }, /"test.a" expected numbers, texts, .* got/],
    ["a date", { a: [new Date(0)] }, /"test.a.0" expected/],
    ["a bigint", 1n, /"test" expected/],
    ["a symbol", Symbol("x"), /"test" expected/],
    ["a nest", nest(40), /expected nothing nested deeper than 32/],
  ])("does not take %s", (_, data, message) => {
    expect(() => written(data as PlainData)).toThrow(message);
    expect(() => written(data as PlainData)).toThrow(TypeError);
  });

  // Lists within the limit of one list each, and other values that count: an array and a number that JSON has not count as two.
  const half = Array<number>(49_990).fill(0);
  const counted = (values: readonly PlainData[]): PlainData => [half, half, ...values];
  it.each([
    ["numbers", Array<PlainData>(17).fill(1)],
    ["arrays and NaNs", [...Array<PlainData>(8).fill(NaN), Int8Array.of(1)].slice(1).concat(1)],
    ["lists in lists", [nest(17)]],
    ["an object", [Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`a${i}`, ""]))]],
  ])("has room for 100,000 values, and for no more: %s", (_, values) => {
    const full = counted(values);
    expect(readPlainFile(format, written(full))).toEqual(full);
    const beyond = (): unknown => written(counted([...values, 0]));
    expect(beyond).toThrow(RangeError);
    expect(beyond).toThrow(/^"test\.\d+" expected at most 100000 values outside of typed arrays, got more$/);
    // As another program might write it.
    const json = JSON.stringify([half, half, Array<number>(18).fill(1)]);
    const bytes = encodeSafetensors([], new Map([...formatEntries, ["test.data", json]]));
    expect(() => readPlainFile(format, bytes)).toThrow(FormatError);
    expect(() => readPlainFile(format, bytes)).toThrow(
      /"test\.data": expected at most 100000 values at byte/,
    );
  });

  const file = written({ list: [1, Float64Array.of(1, 2)], more: Int32Array.of(3) });
  it("refuses every beginning of itself, and itself with more behind it", () => {
    for (let length = 0; length < file.length; length++)
      expect(() => readPlainFile(format, file.slice(0, length))).toThrow(FormatError);
    expect(() => readPlainFile(format, Uint8Array.of(...file, 0))).toThrow(FormatError);
  });

  const tensor = { name: "x", shape: [1], dtype: "F32" as const, read: () => Float32Array.of(1) };
  const other = (json: string | undefined, tensors = [tensor], version = "1"): Uint8Array =>
    encodeSafetensors(
      tensors,
      new Map([["test.kind", version], ...(json === undefined ? [] : [["test.data", json] as const])]),
    );
  it.each([
    [
      "another kind",
      encodeSafetensors([tensor], new Map()),
      /"test.kind" expected "1".*got none: not a test's file/,
    ],
    ["another version", other("1", [], "2"), /"test.kind" expected "1".*got "2"/],
    ["none", other(undefined, []), /"test.data" expected JSON, got none/],
    ["no JSON", other("{", []), /test.data/],
    ["two values", other("1 2", []), /test.data/],
    ["a tensor that is not there", other(`{"$tensor":"y"}`), /expected a tensor "y", got none/],
    ["a tensor twice", other(`[{"$tensor":"x"},{"$tensor":"x"}]`), /expected a tensor "x", got none/],
    ["a tensor that none asks for", other("1"), /tensor "x" expected none/],
    ["a matrix", other(`{"$tensor":"x"}`, [{ ...tensor, shape: [1, 1] }]), /expected a list of numbers/],
    ["an unknown mark", other(`{"$other":"x"}`, []), /expected \$tensor or \$number/],
    ["an unknown number", other(`{"$number":"1"}`, []), /expected \$tensor or \$number/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readPlainFile(format, bytes)).toThrow(message);
    expect(() => readPlainFile(format, bytes)).toThrow(FormatError);
  });
});
