import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { DisposedError } from "../../src/errors.js";
import { loadNetwork, readMetadata, saveNetwork } from "../../src/formats/network-file.js";
import { MOST_MEMBERS } from "../../src/formats/strict-json.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, NetworkOptions } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { normalizableCells } from "../network/kinds.js";
import { partsOf, withHeader } from "./files.js";

const small: NetworkOptions = { inputSize: 5, hiddenSize: 3, outputSize: 4, seed: 11 };

function bitsOf(network: Network): [string, number[]][] {
  return network.parameters.map((parameter) => [
    parameter.name,
    [...new Uint32Array(parameter.read().buffer)],
  ]);
}

function tokensFor({ options }: Network, length: number): Uint8Array {
  const random = new Random(1);
  return Uint8Array.from({ length }, () => random.integer(options.inputSize));
}

/** Fills a network's parameters with all kinds of patterns: NaN, infinities, subnormals, −0. */
function writeOddValues(network: Network): void {
  const odd = [NaN, Infinity, -Infinity, 1e-45, -0, 3.4028234663852886e38, 1 / 3];
  network.parameters.forEach((parameter, offset) => {
    parameter.write(parameter.read().map((_, i) => odd[(i + offset) % odd.length]));
  });
}

describe("a saved network", () => {
  const table: [string, NetworkOptions][] = [
    ...cellNames.map((cell): [string, NetworkOptions] => [cell, { ...small, cell }]),
    ...cellNames.map((cell): [string, NetworkOptions] => [
      `${cell}, two layers both ways`,
      { ...small, cell, layers: 2, bidirectional: true, dropout: 0.1 + 0.2, embeddingSize: 6 },
    ]),
    ...normalizableCells.map((cell): [string, NetworkOptions] => [
      `${cell} with layerNorm`,
      { ...small, cell, layers: 2, bidirectional: true, layerNorm: true },
    ]),
    ["no head", { ...small, outputSize: 0 }],
    ["a row of one", { inputSize: 1, hiddenSize: 1, outputSize: 1 }],
    ["wide", { inputSize: 67, hiddenSize: 33, outputSize: 17 }],
    ["the lowest seed", { ...small, seed: Number.MIN_SAFE_INTEGER }],
    [
      "the highest seed",
      { ...small, seed: Number.MAX_SAFE_INTEGER, initialization: { recurrent: "orthogonal" } },
    ],
    [
      "a forget bias",
      { ...small, cell: "lstm", initialization: { recurrent: "identity", forgetBias: 1 / 3 } },
    ],
  ];

  it.each(table)("comes back the same, in every build: %s", (_, options) => {
    for (const build of builds) {
      using network = createNetwork(options, { build });
      network.parameters.forEach((parameter) => {
        parameter.write(parameter.read().map((value) => 2 * value)); // not what its seed gives
      });
      const file = saveNetwork(network);
      using loaded = loadNetwork(file, { build });
      expect(loaded.options).toStrictEqual(network.options);
      expect(loaded.build).toBe(build);
      expect(bitsOf(loaded)).toEqual(bitsOf(network));
      expect(saveNetwork(loaded)).toEqual(file);
      expect(loaded.parameters.every((parameter) => parameter.readGradient().every((g) => g === 0))).toBe(
        true,
      );
      const sequence = { steps: 4, batch: 2, tokens: tokensFor(network, 8) };
      expect(loaded.forward(sequence)).toEqual(network.forward(sequence));
    }
  });

  it("comes back with whatever values it had", () => {
    for (const cell of cellNames) {
      using network = createNetwork({ ...small, cell });
      writeOddValues(network);
      const file = saveNetwork(network);
      using loaded = loadNetwork(file);
      expect(bitsOf(loaded)).toEqual(bitsOf(network));
      expect(saveNetwork(loaded)).toEqual(file);
    }
  });

  it("learns on as the one that was saved", () => {
    using network = createNetwork({ ...small, cell: "gru" });
    using loaded = loadNetwork(saveNetwork(network));
    for (const one of [network, loaded]) {
      one.forward({ steps: 4, batch: 2, tokens: tokensFor(one, 8) });
      one.backward({ classes: Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3) });
    }
    for (const { name } of network.parameters) {
      expect(loaded.parameter(name).readGradient()).toEqual(network.parameter(name).readGradient());
    }
  });

  it("is a safetensors file with PyTorch's names, and its options", () => {
    using network = createNetwork(small);
    const { header, data } = partsOf(saveNetwork(network, { note: "x" }));
    const parsed: unknown = JSON.parse(header);
    expect(parsed).toEqual({
      __metadata__: { "bptt.format": "1", "bptt.options": JSON.stringify(network.options), note: "x" },
      "rnn.weight_ih_l0": { dtype: "F32", shape: [3, 5], data_offsets: [0, 60] },
      "rnn.weight_hh_l0": { dtype: "F32", shape: [3, 3], data_offsets: [60, 96] },
      "rnn.bias_ih_l0": { dtype: "F32", shape: [3], data_offsets: [96, 108] },
      "rnn.bias_hh_l0": { dtype: "F32", shape: [3], data_offsets: [108, 120] },
      "head.weight": { dtype: "F32", shape: [4, 3], data_offsets: [120, 168] },
      "head.bias": { dtype: "F32", shape: [4], data_offsets: [168, 184] },
    });
    const view = new DataView(data.buffer);
    const values = Array.from({ length: 46 }, (_, i) => view.getFloat32(i * 4, true));
    expect(values).toEqual(network.parameters.flatMap((parameter) => [...parameter.read()]));
  });

  it("is read from any place of any buffer", () => {
    using network = createNetwork(small);
    const file = saveNetwork(network, { note: "x" });
    const odd = new Uint8Array(file.length + 3);
    odd.set(file, 3);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const bytes of [odd.subarray(3), shared, Buffer.from(file)]) {
      using loaded = loadNetwork(bytes);
      expect(bitsOf(loaded)).toEqual(bitsOf(network));
      expect(readMetadata(bytes)).toEqual({ note: "x" });
    }
  });

  it("does not change with the bytes that it was read from, nor they with it", () => {
    using network = createNetwork(small);
    const file = saveNetwork(network);
    const copy = file.slice();
    using loaded = loadNetwork(file);
    loaded.parameters[0].write(loaded.parameters[0].read().fill(7));
    expect(file).toEqual(copy);
    file.fill(0);
    expect(loaded.parameters[1].read()).toEqual(network.parameters[1].read());
  });

  // Written by other programs, a file need not name what has a default.
  it("has the defaults of options that its file does not name", () => {
    using network = createNetwork({ inputSize: 5, hiddenSize: 3, outputSize: 4 });
    const text = JSON.stringify(JSON.stringify(network.options));
    const file = withHeader(saveNetwork(network), (header) =>
      header.replace(text, JSON.stringify('{"inputSize":5,"hiddenSize":3,"outputSize":4}')),
    );
    using loaded = loadNetwork(file);
    expect(loaded.options).toStrictEqual(network.options);
  });

  it("has no dropout where its file, of one layer, says of one that never did anything", () => {
    using network = createNetwork({ inputSize: 5, hiddenSize: 3, outputSize: 4 });
    const text = JSON.stringify(JSON.stringify(network.options));
    const old = JSON.stringify(JSON.stringify({ ...network.options, dropout: 0.5 }));
    const file = withHeader(saveNetwork(network), (header) => header.replace(text, old));
    using loaded = loadNetwork(file);
    expect(loaded.options).toStrictEqual(network.options);
  });
});

describe("metadata", () => {
  it.each<[string, Record<string, string>]>([
    ["none", {}],
    [
      "texts of all kinds",
      { vocabulary: '\n "\\abc\u2028é€😀\0', "": "", bptt: "free", Bptt_: "x", format: "pt" },
    ],
    [
      "names from everybody's prototype",
      Object.fromEntries([
        ["__proto__", "p"],
        ["constructor", "c"],
        ["toString", ""],
      ]),
    ],
    ["the format's own name", { __metadata__: "m", "rnn.weight_ih_l0": "t" }],
  ])("comes back as it was given: %s", (_, metadata) => {
    using network = createNetwork(small);
    const file = saveNetwork(network, metadata);
    const read = readMetadata(file);
    expect(Object.entries(read).sort()).toEqual(Object.entries(metadata).sort());
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    using loaded = loadNetwork(file);
    expect(bitsOf(loaded)).toEqual(bitsOf(network));
  });

  it("may be as long as a file holds", () => {
    using network = createNetwork(small);
    const vocabulary = Array.from({ length: 0x2_0000 }, (_, i) =>
      i >= 0xd800 && i < 0xe000 ? "" : String.fromCodePoint(i),
    ).join("");
    expect(readMetadata(saveNetwork(network, { vocabulary }))).toEqual({ vocabulary });
  });

  const many = Object.fromEntries(Array.from({ length: MOST_MEMBERS - 1 }, (_, i) => [`k${i}`, ""]));
  it.each<[string, unknown, new () => Error, RegExp]>([
    ["null", null, TypeError, /"metadata" expected an object, got null/],
    ["text", "note", TypeError, /"metadata" expected an object, got "note"/],
    ["a list", ["note"], TypeError, /"metadata" expected an object, got an array of 1/],
    [
      "a map",
      new Map([["a", "b"]]),
      TypeError,
      /"metadata" expected a plain object of strings, got an iterable/,
    ],
    ["a number", { note: 5 }, TypeError, /"metadata" key "note" expected a string, got 5/],
    [
      "undefined",
      { a: "b", note: undefined },
      TypeError,
      /"metadata" key "note" expected a string, got undefined/,
    ],
    ["an object", { note: {} }, TypeError, /"metadata" key "note" expected a string, got an object/],
    [
      "a key of the library's",
      { "bptt.format": "2" },
      RangeError,
      /key "bptt.format" expected not to begin with "bptt."/,
    ],
    [
      "a key that could be the library's",
      { "bptt.": "" },
      RangeError,
      /key "bptt." expected not to begin with "bptt."/,
    ],
    [
      "half of a surrogate pair",
      { note: "\ud83d" },
      RangeError,
      /key "note" expected Unicode text, got half of a surrogate pair/,
    ],
    [
      "half of a pair in a key",
      { "a\ude00": "" },
      RangeError,
      /expected Unicode text, got half of a surrogate pair/,
    ],
    ["too many entries", many, RangeError, /"metadata" expected at most 99998 entries, got 99999/],
  ])("is refused when it is %s", (_, metadata, type, message) => {
    using network = createNetwork(small);
    const act = (): unknown => Reflect.apply(saveNetwork, undefined, [network, metadata]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});

describe("saveNetwork", () => {
  it("takes networks that are alive, and nothing else", () => {
    const network = createNetwork(small);
    for (const given of [undefined, null, {}, { ...network }, "network"]) {
      expect((): unknown => Reflect.apply(saveNetwork, undefined, [given])).toThrow(TypeError);
    }
    network.dispose();
    expect(() => saveNetwork(network)).toThrow(DisposedError);
  });

  it("changes nothing: outputs are still to be gone back through", () => {
    using network = createNetwork(small);
    network.forward({ steps: 2, batch: 1, tokens: Uint8Array.of(1, 2) });
    const before = bitsOf(network);
    saveNetwork(network);
    expect(bitsOf(network)).toEqual(before);
    expect(network.backward({ classes: Int32Array.of(1, 2) }).count).toBe(2);
  });
});
