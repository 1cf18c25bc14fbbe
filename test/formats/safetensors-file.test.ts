import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import {
  readSafetensors,
  writeSafetensors,
  type SafetensorsTensor,
} from "../../src/formats/safetensors-file.js";
import { DTYPES } from "../../src/formats/safetensors.js";
import { MOST_MEMBERS } from "../../src/formats/strict-json.js";
import { detached, invoke, misstated } from "../network/untyped.js";
import { bytes, entry, fileOf, partsOf } from "./files.js";

const library = { readSafetensors, writeSafetensors };

const tensor = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(4), { maxLength: 4 }))
  .chain(([[dtype, width], shape]) => {
    const length = shape.reduce((product, size) => product * size, width);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data): SafetensorsTensor => ({ dtype, shape, data }));
  });
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", ""),
);
const tensors = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 });
const texts = fc.uniqueArray(fc.tuple(name, name), { selector: ([key]) => key, maxLength: 4 });

describe("a safetensors file", () => {
  it("takes an empty tensor whose buffer is elsewhere by now", () => {
    const data = detached(new Uint8Array(8));
    const file = writeSafetensors(new Map([["a", { dtype: "F32", shape: [0], data }]]));
    expect(readSafetensors(file).tensors.get("a")).toEqual({
      dtype: "F32",
      shape: [0],
      data: new Uint8Array(),
    });
  });

  it("gives back what was written, in order and bit for bit", () => {
    fc.assert(
      fc.property(tensors, texts, (given, metadata) => {
        const file = writeSafetensors(new Map(given), Object.fromEntries(metadata));
        const read = readSafetensors(file);
        expect([...read.tensors]).toEqual(given);
        // A record has whole numbers first.
        expect(Object.entries(read.metadata).sort()).toEqual([...metadata].sort());
        expect(Object.getPrototypeOf(read.metadata)).toBe(Object.prototype);
        expect(writeSafetensors(read.tensors, read.metadata)).toEqual(file);
        expect((file.length - partsOf(file).data.length) % 8).toBe(0);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it("is read with arrays of its own", () => {
    const file = fileOf(
      `{"a":${entry("U8", "[1]", "[0,1]")},"b":${entry("F32", "[2]", "[1,9]")}} `,
      [7, 0, 0, 128, 63, 0, 0, 0, 192],
    );
    const copy = file.slice();
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const given of [file, Buffer.from(file), shared]) {
      const data = readSafetensors(given).tensors.get("b")?.data;
      // Its buffer is of nothing else, so that it is an array of floats too, wherever it lay in the file.
      expect(data?.buffer.byteLength).toBe(8);
      expect([...new Float32Array(data?.buffer ?? new ArrayBuffer())]).toEqual([1, -2]);
      data?.fill(255);
      expect(Uint8Array.from(given)).toEqual(copy);
    }
  });

  it("is written of what was there at the call", () => {
    const data = Uint8Array.of(1, 2);
    const file = writeSafetensors(new Map([["t", { dtype: "U8", shape: [2], data }]]));
    data.fill(9);
    expect(readSafetensors(file).tensors.get("t")?.data).toEqual(Uint8Array.of(1, 2));
  });

  it("has no metadata unless there are any", () => {
    const empty = writeSafetensors(new Map());
    expect(partsOf(empty).header).toBe("{}      ");
    expect(readSafetensors(empty)).toEqual({ tensors: new Map(), metadata: {} });
    expect(readSafetensors(writeSafetensors(new Map(), { a: "" })).metadata).toEqual({ a: "" });
  });

  it("has room for as many tensors as are read", () => {
    const one = { dtype: "U8", shape: [], data: Uint8Array.of(1) };
    const many = new Map(Array.from({ length: MOST_MEMBERS }, (_, i) => [`t${i}`, one]));
    expect(readSafetensors(writeSafetensors(many)).tensors.size).toBe(MOST_MEMBERS);
    expect(() => writeSafetensors(many, { a: "b" })).toThrow(
      /^"tensors" expected at most 99999 tensors, got 100000$/,
    );
    many.set("more", one);
    expect(() => writeSafetensors(many)).toThrow(RangeError);
  });
});

describe("readSafetensors", () => {
  it("refuses what is no such file", () => {
    expect(() => readSafetensors(fileOf("{}", [1]))).toThrow(FormatError);
    for (const given of [undefined, null, "x", [1], new ArrayBuffer(9), new Uint16Array(9)])
      expect(() => invoke(library, "readSafetensors", given)).toThrow(/^"bytes" expected a Uint8Array, got/);
  });
});

describe("writeSafetensors", () => {
  const good = { dtype: "F32", shape: [1, 2], data: Uint8Array.from(bytes(8)) };
  const named = (change: object): Map<string, object> => new Map([["w", { ...good, ...change }]]);

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["no tensors", undefined, TypeError, /^"tensors" expected a Map, got undefined$/],
    ["a record", { w: good }, TypeError, /^"tensors" expected a Map, got an object$/],
    ["pairs", [["w", good]], TypeError, /^"tensors" expected a Map, got an array of 1$/],
    ["a number as a name", new Map([[1, good]]), TypeError, /^"tensors" expected names of text, got 1$/],
    [
      "half a pair in a name",
      new Map([["\ud800", good]]),
      RangeError,
      /^"tensors" name .* expected Unicode text/,
    ],
    [
      "the metadata's name",
      new Map([["__metadata__", good]]),
      RangeError,
      /^"tensors" name "__metadata__" expected/,
    ],
    ["no tensor", new Map([["w", undefined]]), TypeError, /^"tensors\.w" expected an object, got undefined$/],
    [
      "an array",
      new Map([["w", new Float32Array(2)]]),
      TypeError,
      /^"tensors\.w" expected an object, got Float32A/,
    ],
    [
      "an unknown field",
      named({ type: 1 }),
      TypeError,
      /^"tensors\.w" expected dtype or shape or data, got "type"/,
    ],
    [
      "no type",
      named({ dtype: undefined }),
      TypeError,
      /^"tensors\.w\.dtype" expected one of BOOL, .*, got undefined$/,
    ],
    [
      "an unknown type",
      named({ dtype: "f32" }),
      RangeError,
      /^"tensors\.w\.dtype" expected one of .* got "f32"$/,
    ],
    ["a type from a prototype", named({ dtype: "toString" }), RangeError, /^"tensors\.w\.dtype" expected/],
    ["no shape", named({ shape: 2 }), TypeError, /^"tensors\.w\.shape" expected an array of sizes, got 2$/],
    ["sizes of floats", named({ shape: [0.5] }), RangeError, /^"tensors\.w\.shape\[0\]" expected an integer/],
    [
      "sizes of text",
      named({ shape: [1, "2"] }),
      TypeError,
      /^"tensors\.w\.shape\[1\]" expected an integer, got "2"$/,
    ],
    [
      "a hole for a size",
      named({ shape: new Array(1) }),
      TypeError,
      /^"tensors\.w\.shape\[0\]" .* got undefined$/,
    ],
    [
      "a size below 0",
      named({ shape: [-1] }),
      RangeError,
      /^"tensors\.w\.shape\[0\]" expected an integer of at least 0/,
    ],
    [
      "nine sizes",
      named({ shape: new Array(9).fill(1) }),
      RangeError,
      /^"tensors\.w\.shape" expected at most 8 sizes, got 9$/,
    ],
    [
      "too large a shape",
      named({ shape: [2 ** 30, 2 ** 30] }),
      RangeError,
      /expected at most 2\^53 − 1 bytes, got F32 \[1073/,
    ],
    [
      "no bytes",
      named({ data: undefined }),
      TypeError,
      /^"tensors\.w\.data" expected a Uint8Array, got undefined$/,
    ],
    [
      "floats",
      named({ data: new Float32Array(2) }),
      TypeError,
      /^"tensors\.w\.data" expected a Uint8Array, got Float32/,
    ],
    [
      "a proxy",
      named({ data: new Proxy(good.data, {}) }),
      TypeError,
      /^"tensors\.w\.data" expected a Uint8Array/,
    ],
    [
      "an array that says that it is longer",
      named({ data: misstated(new Uint8Array(7), 8) }),
      RangeError,
      /^"tensors\.w\.data" expected 8 bytes \(F32 \[1, 2\]\), got 7$/,
    ],
    [
      "an array whose memory went elsewhere",
      named({ data: detached(new Uint8Array(8)) }),
      RangeError,
      /^"tensors\.w\.data" expected 8 bytes \(F32 \[1, 2\]\), got 0$/,
    ],
    [
      "too few bytes",
      named({ data: new Uint8Array(7) }),
      RangeError,
      /^"tensors\.w\.data" expected 8 bytes \(F32 \[1, 2\]\), got 7$/,
    ],
    [
      "a byte too many",
      named({ data: new Uint8Array(9) }),
      RangeError,
      /expected 8 bytes \(F32 \[1, 2\]\), got 9$/,
    ],
  ])("refuses %s", (_, given, type, message) => {
    const act = (): unknown => invoke(library, "writeSafetensors", given);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["null", null, TypeError, /^"metadata" expected an object, got null$/],
    ["a map", new Map(), TypeError, /^"metadata" expected a plain object of strings, got an iterable$/],
    ["a number", { a: 1 }, TypeError, /^"metadata" key "a" expected a string, got 1$/],
    ["half a pair", { a: "\udc00" }, RangeError, /^"metadata" key "a" expected Unicode text/],
  ])("refuses metadata of %s", (_, metadata, type, message) => {
    const act = (): unknown => invoke(library, "writeSafetensors", new Map(), metadata);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
