import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { parseSafetensors } from "../../src/formats/safetensors.js";
import { bytes, entry, fileOf } from "./files.js";

describe("parseSafetensors", () => {
  const one = `{"t":${entry("F32", "[2]", "[0,8]")}}`;
  const t = (fields: string, data = 8): Uint8Array => fileOf(`{"t":{${fields}}}`, bytes(data));
  const two = (first: string, second: string, data: number): Uint8Array =>
    fileOf(`{"a":${entry("U8", "[4]", first)},"b":${entry("U8", "[4]", second)}}`, bytes(data));

  it.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(), /^safetensors file: expected at least 8 bytes, got 0$/],
    ["seven bytes", new Uint8Array(7), /at least 8 bytes, got 7/],
    [
      "a header of no bytes",
      new Uint8Array(8),
      /^safetensors header: expected \{ at its start, got nothing$/,
    ],
    [
      "a header longer than the file",
      fileOf("{}", [], 3n),
      /a header of at most 2 bytes in a file of 10, got 3/,
    ],
    [
      "a header of 2^32 + 2 bytes",
      fileOf("{}", [], 2n ** 32n + 2n),
      /at most 2 bytes in a file of 10, got 4294967298/,
    ],
    [
      "a header of 2^64 − 1 bytes",
      fileOf("{}", [], 2n ** 64n - 1n),
      /at most 2 bytes .* got 18446744073709552000/,
    ],
    [
      "a header that ends early",
      fileOf(one, bytes(8), BigInt(one.length - 1)),
      /expected , or \} at byte 53, got the end/,
    ],
    ["white space before the header", fileOf(" {}"), /expected \{ at its start, got byte 0x20/],
    ["a byte order mark", fileOf("\ufeff{}"), /expected \{ at its start, got byte 0xef/],
    ["a list", fileOf("[]"), /expected \{ at its start, got byte 0x5b/],
    ["two objects", fileOf("{}{}"), /header: expected nothing more at byte 2/],
    ["a header padded with zeros", fileOf("{}\0\0"), /header: expected nothing more at byte 2/],
    [
      "a header that is not UTF-8",
      fileOf([0x7b, 0x22, 0xff, 0x22, 0x7d]),
      /header: expected UTF-8 at byte 2/,
    ],
    [
      "a tensor twice",
      fileOf(`{"t":${entry("U8", "[0]", "[0,0]")},"t":${entry("U8", "[0]", "[0,0]")}}`),
      /expected every name once at byte/,
    ],
    [
      "metadata twice",
      fileOf('{"__metadata__":{},"__metadata__":{}}'),
      /expected every name once at byte 19/,
    ],
    [
      "metadata with a name twice",
      fileOf('{"__metadata__":{"a":"1","a":"2"}}'),
      /expected every name once at byte 25/,
    ],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), /expected a string at byte 21, got "1\}\}"/],
    ["metadata of null", fileOf('{"__metadata__":null}'), /expected \{ at byte 16/],
    ["nested metadata", fileOf('{"__metadata__":{"a":{}}}'), /expected a string at byte 21/],
    ["a number for a tensor", fileOf('{"t":5}'), /expected \{ at byte 5/],
    [
      "no dtype",
      t('"shape":[2],"data_offsets":[0,8]'),
      /^safetensors tensor "t": expected a member "dtype", got undefined$/,
    ],
    [
      "no shape",
      t('"dtype":"F32","data_offsets":[0,8]'),
      /tensor "t": expected a member "shape", got undefined/,
    ],
    [
      "no offsets",
      t('"dtype":"F32","shape":[2]'),
      /expected a member "data_offsets" of two sizes, got undefined/,
    ],
    [
      "one offset",
      t('"dtype":"F32","shape":[2],"data_offsets":[8]'),
      /"data_offsets" of two sizes, got an array of 1/,
    ],
    [
      "three offsets",
      t('"dtype":"F32","shape":[2],"data_offsets":[0,4,8]'),
      /expected at most 2 sizes at byte/,
    ],
    [
      "a dtype twice",
      t('"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]'),
      /expected every name once/,
    ],
    [
      "another member",
      t('"dtype":"F32","shape":[2],"data_offsets":[0,8],"order":"F"'),
      /members "dtype", "shape" and "data_offsets", got "order"/,
    ],
    [
      "an unknown dtype",
      t('"dtype":"F24","shape":[2],"data_offsets":[0,8]'),
      /"dtype" to be one of BOOL, .*, got "F24"/,
    ],
    ["a dtype in lower case", t('"dtype":"f32","shape":[2],"data_offsets":[0,8]'), /got "f32"/],
    [
      "a dtype from a prototype",
      t('"dtype":"constructor","shape":[2],"data_offsets":[0,8]'),
      /got "constructor"/,
    ],
    ["a dtype of null", t('"dtype":null,"shape":[2],"data_offsets":[0,8]'), /expected a string at byte/],
    [
      "a shape of 2.0",
      t('"dtype":"F32","shape":[2.0],"data_offsets":[0,8]'),
      /expected a whole number .*, got "2.0\]/,
    ],
    [
      "a negative size",
      t('"dtype":"F32","shape":[-2],"data_offsets":[0,8]'),
      /expected a whole number .*, got "-2\]/,
    ],
    [
      "a shape of nine sizes",
      t('"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1],"data_offsets":[0,8]'),
      /at most 8 sizes/,
    ],
    ["a size for a shape", t('"dtype":"F32","shape":2,"data_offsets":[0,8]'), /expected \[ at byte/],
    [
      "more bytes than the shape",
      t('"dtype":"F32","shape":[1],"data_offsets":[0,8]'),
      /"data_offsets" 4 bytes apart \(F32 \[1\]\), got "0 to 8"/,
    ],
    ["fewer bytes than the shape", t('"dtype":"F32","shape":[3],"data_offsets":[0,8]'), /12 bytes apart/],
    [
      "turned offsets",
      t('"dtype":"F32","shape":[2],"data_offsets":[8,0]'),
      /8 bytes apart \(F32 \[2\]\), got "8 to 0"/,
    ],
    [
      "a product past 2^53",
      t('"dtype":"F32","shape":[94906267,94906267],"data_offsets":[0,8]'),
      /"shape" of at most 2\^53 − 1 bytes/,
    ],
    [
      "a product that wraps to 8",
      t('"dtype":"U8","shape":[4294967296,4294967296,8],"data_offsets":[0,8]'),
      /"shape" of at most/,
    ],
    [
      "a product past 2^53, then 0",
      t('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]', 0),
      /"shape" of at most/,
    ],
    [
      "offsets past the data",
      t('"dtype":"F32","shape":[2],"data_offsets":[0,8]', 7),
      /within the file's 7 bytes of data, got 8/,
    ],
    [
      "offsets far past the data",
      t('"dtype":"U8","shape":[9007199254740991],"data_offsets":[0,9007199254740991]'),
      /within the file's 8 bytes/,
    ],
    [
      "a start past the data",
      t('"dtype":"F32","shape":[2],"data_offsets":[8,16]', 8),
      /its data at 0, without holes or overlaps, got 8/,
    ],
    [
      "bytes behind the last tensor",
      t('"dtype":"F32","shape":[2],"data_offsets":[0,8]', 9),
      /^safetensors file: expected 8 bytes of data, got 9$/,
    ],
    ["data without tensors", fileOf("{}", [1]), /expected 0 bytes of data, got 1/],
    [
      "a hole",
      two("[0,4]", "[5,9]", 9),
      /tensor "b": expected its data at 4, without holes or overlaps, got 5/,
    ],
    [
      "an overlap",
      two("[0,4]", "[3,7]", 7),
      /tensor "b": expected its data at 4, without holes or overlaps, got 3/,
    ],
    ["tensors at one place", two("[0,4]", "[0,4]", 4), /tensor "b": expected its data at 4, .* got 0/],
    ["a hole at the start", two("[1,5]", "[5,9]", 9), /tensor "a": expected its data at 0, .* got 1/],
    [
      "an empty tensor outside",
      fileOf(`{"e":${entry("U8", "[0]", "[5,5]")}}`),
      /tensor "e": expected its data at 0, .* got 5/,
    ],
  ])("refuses %s", (_, file, message) => {
    expect(() => parseSafetensors(file)).toThrow(FormatError);
    expect(() => parseSafetensors(file)).toThrow(message);
  });

  it("refuses a header of more than 100 MB", () => {
    const file = new Uint8Array(100_000_016).fill(0x20);
    file.set(fileOf("{}", [], 100_000_008n));
    expect(() => parseSafetensors(file)).toThrow(/a header of at most 100000000 bytes .*, got 100000008/);
  });

  const detached = new Uint8Array(64);
  structuredClone(detached, { transfer: [detached.buffer] });
  it.each<[string, unknown, new () => Error, RegExp]>([
    ["nothing", undefined, TypeError, /"bytes" expected a Uint8Array, got undefined/],
    ["a buffer", new ArrayBuffer(64), TypeError, /"bytes" .* an object/],
    ["words", new Uint16Array(64), TypeError, /"bytes" .* Uint16Array\(64\)/],
    ["clamped bytes", new Uint8ClampedArray(64), TypeError, /"bytes" .* Uint8ClampedArray/],
    ["text", "{}", TypeError, /"bytes" .* "\{\}"/],
    ["a pretender", Object.create(Uint8Array.prototype), TypeError, /"bytes"/],
    ["a proxy", new Proxy(new Uint8Array(64), {}), TypeError, /"bytes"/],
    ["a detached array", detached, FormatError, /at least 8 bytes, got 0/],
  ])("refuses %s for bytes", (_, given, type, message) => {
    const act = (): unknown => Reflect.apply(parseSafetensors, undefined, [given]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
