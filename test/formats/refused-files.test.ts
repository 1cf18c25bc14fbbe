import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { loadNetwork, readMetadata, saveNetwork } from "../../src/formats/network-file.js";
import { engineFor } from "../../src/memory/engine.js";
import { createNetwork } from "../../src/network/create-network.js";
import { fileOf, withHeader } from "./files.js";

const small = { inputSize: 5, hiddenSize: 3, outputSize: 4, seed: 11 };

describe("what is no file of a network", () => {
  const file = ((): Uint8Array => {
    using network = createNetwork(small);
    return saveNetwork(network, { note: "x" });
  })();
  const edit = (from: string, to: string): Uint8Array =>
    withHeader(file, (header) => header.replace(from, to));
  const text = ((): string => {
    using network = createNetwork(small);
    return JSON.stringify(network.options);
  })();
  /** The file with another text of options. */
  const optionsText = (options: string): Uint8Array => edit(JSON.stringify(text), JSON.stringify(options));
  const option = (from: string, to: string): Uint8Array => {
    if (!text.includes(from)) throw new Error(`no ${from} in the options`);
    return optionsText(text.replace(from, to));
  };
  const bias = `"head.bias":{"dtype":"F32","shape":[4],"data_offsets":[168,184]}`;

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(), /at least 8 bytes/],
    ["text", new TextEncoder().encode("It was a dark and stormy night."), /a header of at most/],
    ["a file cut short", file.slice(0, -1), /within the file's 183 bytes of data/],
    ["a file with a byte behind", Uint8Array.of(...file, 0), /expected 184 bytes of data, got 185/],
    [
      "a file without metadata",
      fileOf("{}"),
      /metadata "bptt.format" expected "1", .* got none: not a file of saveNetwork/,
    ],
    ["another program's file", fileOf('{"__metadata__":{"format":"pt"}}'), /"bptt.format" .* got none/],
    [
      "a later version",
      edit('"bptt.format":"1"', '"bptt.format":"2"'),
      /"bptt.format" expected "1", the version understood, got "2"/,
    ],
    [
      "no options",
      edit('"bptt.options"', '"bptt.option"'),
      /metadata "bptt.options" expected the options, got none/,
    ],
    ["options of nothing", optionsText(""), /metadata "bptt.options": expected \{ at byte 0, got the end/],
    ["options of null", optionsText("null"), /metadata "bptt.options": expected \{ at byte 0/],
    ["a list of options", optionsText("[]"), /expected \{ at byte 0/],
    ["options cut short", optionsText(text.slice(0, -1)), /metadata "bptt.options": expected , or \}/],
    ["options with more behind", optionsText(`${text}1`), /expected nothing more at byte/],
    [
      "an option twice",
      option('{"inputSize":5', '{"inputSize":5,"inputSize":5'),
      /expected every name once at byte 15/,
    ],
    [
      "an option of null",
      option('"layers":1', '"layers":null'),
      /expected a string, a number, true or false/,
    ],
    ["options deep in others", option('"uniform"', '{"a":1}'), /expected a string, a number, true or false/],
    [
      "a missing size",
      option('"hiddenSize":3,', ""),
      /metadata "bptt.options": "hiddenSize" expected an integer, got undefined/,
    ],
    [
      "a size of text",
      option('"hiddenSize":3', '"hiddenSize":"3"'),
      /"hiddenSize" expected an integer, got "3"/,
    ],
    ["half a size", option('"hiddenSize":3', '"hiddenSize":3.5'), /"hiddenSize" .* got 3.5/],
    ["an infinite size", option('"hiddenSize":3', '"hiddenSize":1e999'), /"hiddenSize" .* got Infinity/],
    ["an unknown cell", option('"elman"', '"mgu"'), /"cell" expected .* got "mgu"/],
    ["a cell from a prototype", option('"elman"', '"constructor"'), /"cell" expected .* got "constructor"/],
    ["a seed that is rounded", option('"seed":11', '"seed":9007199254740993'), /"seed" expected/],
    [
      "an unknown option",
      option('"layers":1', '"layers":1,"peephole":true'),
      /"bptt.options": "options" expected inputSize or .*, got "peephole"/,
    ],
    [
      "an option __proto__",
      option('"layers":1', '"layers":1,"__proto__":1'),
      /"options" expected .*, got "__proto__"/,
    ],
    ["an unknown initialization", option('"uniform"', '"normal"'), /"initialization.recurrent" .* "normal"/],
    [
      "an unknown part of it",
      option('"uniform"', '"uniform","gain":2'),
      /"initialization" expected recurrent or forgetBias, got "gain"/,
    ],
    ["no object of it", option('{"recurrent":"uniform"}', "1"), /expected \{ at byte/],
    [
      "another cell's tensors",
      option('"elman"', '"gru"'),
      /tensor "rnn.weight_ih_l0" expected F32 \[9, 5\], got F32 \[3, 5\]/,
    ],
    [
      "another width",
      option('"hiddenSize":3', '"hiddenSize":4'),
      /tensor "rnn.weight_ih_l0" expected F32 \[4, 5\], got F32 \[3, 5\]/,
    ],
    [
      "huge units",
      option('"hiddenSize":3', '"hiddenSize":1000000000'),
      /expected F32 \[1000000000, 5\], got F32 \[3, 5\]/,
    ],
    [
      "huge classes",
      option('"outputSize":4', '"outputSize":1000000000'),
      /"head.weight" expected F32 \[1000000000, 3\], got F32 \[4, 3\]/,
    ],
    [
      "huge tokens",
      option('"inputSize":5', '"inputSize":1000000000'),
      /expected F32 \[3, 1000000000\], got F32 \[3, 5\]/,
    ],
    [
      "many layers",
      option('"layers":1', '"layers":10000'),
      /expected tensors for 10000 layers, got 6 tensors/,
    ],
    [
      "two layers",
      option('"layers":1', '"layers":2'),
      /tensor "rnn.weight_ih_l1" expected F32 or F16 \[3, 3\], got none/,
    ],
    [
      "a missing direction",
      option('"bidirectional":false', '"bidirectional":true'),
      /tensor "rnn.weight_ih_l0_reverse" expected .*, got none/,
    ],
    [
      "no head for it",
      option('"outputSize":4', '"outputSize":0'),
      /tensor "head.weight" expected none of this name, got F32 \[4, 3\]/,
    ],
    [
      "a tensor of another name",
      edit('"head.bias"', '"head.bios"'),
      /tensor "head.bias" expected F32 or F16 \[4\], got none/,
    ],
    [
      "a tensor too many",
      edit(bias, `${bias},"x":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}`),
      /tensor "x" expected none of this name, got F16 \[0\]/,
    ],
    [
      "a turned tensor",
      edit('"shape":[3,5]', '"shape":[5,3]'),
      /"rnn.weight_ih_l0" expected F32 \[3, 5\], got F32 \[5, 3\]/,
    ],
    [
      "a tensor of one dimension more",
      edit('"shape":[4]', '"shape":[4,1]'),
      /"head.bias" expected F32 \[4\], got F32 \[4, 1\]/,
    ],
    [
      "whole numbers",
      edit('"head.bias":{"dtype":"F32"', '"head.bias":{"dtype":"I32"'),
      /"head.bias" expected F32 or F16 \[4\], got I32 \[4\]/,
    ],
    [
      "half as many doubles",
      edit(bias, bias.replace("F32", "F64").replace("[4]", "[2]")),
      /expected F32 or F16 \[4\], got F64 \[2\]/,
    ],
  ])("is refused, and takes no memory: %s", (_, bytes, message) => {
    const { arena } = engineFor();
    const before = [arena.reserved, arena.u8.length];
    expect(() => loadNetwork(bytes)).toThrow(FormatError);
    expect(() => loadNetwork(bytes)).toThrow(message);
    expect([arena.reserved, arena.u8.length]).toEqual(before);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["text", new TextEncoder().encode("It was a dark and stormy night."), /a header of at most/],
    ["another program's file", fileOf('{"__metadata__":{"format":"pt"}}'), /"bptt.format" .* got none/],
    ["a later version", edit('"bptt.format":"1"', '"bptt.format":"2"'), /"bptt.format" expected "1"/],
  ])("has no metadata to read: %s", (_, bytes, message) => {
    expect(() => readMetadata(bytes)).toThrow(FormatError);
    expect(() => readMetadata(bytes)).toThrow(message);
  });

  it.each([loadNetwork, readMetadata])("is a TypeError when it is not even bytes: %o", (read) => {
    for (const bytes of [undefined, null, "x", [1], new ArrayBuffer(9), new Uint16Array(9)]) {
      expect((): unknown => Reflect.apply(read, undefined, [bytes])).toThrow(TypeError);
    }
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["no object", 5, TypeError, /"runtime"/],
    ["null", null, TypeError, /"runtime"/],
    ["an unknown build", { build: "quick" }, RangeError, /"build"|build/],
    ["threads", { threads: {} }, TypeError, /"threads"/],
  ])("is not what a wrong runtime is taken for: %s", (_, runtime, type, message) => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const act = (): unknown => Reflect.apply(loadNetwork, undefined, [file, runtime]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
    expect(act).not.toThrow(FormatError);
    expect(arena.reserved).toBe(before);
  });

  it("is refused before a wrong runtime is", () => {
    expect((): unknown =>
      Reflect.apply(loadNetwork, undefined, [new Uint8Array(), { build: "quick" }]),
    ).toThrow(FormatError);
  });
});
