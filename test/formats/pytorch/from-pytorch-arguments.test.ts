/** Arguments of fromPyTorch that are wrong whatever the file. */

import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { fromPyTorch } from "../../../src/formats/pytorch/from-pytorch.js";
import { engineFor } from "../../../src/memory/engine.js";
import { invoke } from "../../network/untyped.js";
import { fileOf } from "../files.js";
import { linear, recurrent, stateDict } from "./state-dicts.js";

const library = { fromPyTorch };

describe("fromPyTorch", () => {
  const good = stateDict({ ...recurrent(), ...linear() });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["null", null, TypeError, /^"options" expected an object, got null$/],
    ["text", "lstm", TypeError, /^"options" expected an object, got "lstm"$/],
    ["an unknown option", { name: "lstm" }, TypeError, /^"options" expected cell or rnn or .*, got "name"/],
    [
      "a cell that is none",
      { cell: "LSTM" },
      RangeError,
      /^"options\.cell" expected "elman" or .*, got "LSTM"$/,
    ],
    [
      "a cell that PyTorch has not",
      { cell: "mingru" },
      RangeError,
      /^"options\.cell" expected .*, got "mingru"$/,
    ],
    ["a cell of another type", { cell: 4 }, TypeError, /^"options\.cell" expected "elman" or .*, got 4$/],
    ["no module", { rnn: null }, TypeError, /^"options\.rnn" expected a prefix, got null$/],
    [
      "a head of another type",
      { head: false },
      TypeError,
      /^"options\.head" expected a prefix or null, got false$/,
    ],
    [
      "an embedding of another type",
      { embedding: 0 },
      TypeError,
      /^"options\.embedding" expected a prefix or null, got 0$/,
    ],
    [
      "another output",
      { output: "last" },
      RangeError,
      /^"options\.output" expected "step" or "sequence", got "last"$/,
    ],
  ])("refuses options of %s", (_, options, type, message) => {
    const act = (): unknown => invoke(library, "fromPyTorch", good, options);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("refuses a wrong runtime, and takes no memory for it", () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    expect(() => invoke(library, "fromPyTorch", good, {}, 5)).toThrow(
      /^"runtime" expected an object, got 5$/,
    );
    expect(() => invoke(library, "fromPyTorch", good, {}, { build: "quick" })).toThrow(RangeError);
    expect(arena.reserved).toBe(before);
  });

  it("refuses what is no safetensors file", () => {
    expect(() => fromPyTorch(fileOf("{}", [1]))).toThrow(FormatError);
    // What torch.save writes.
    expect(() => fromPyTorch(new TextEncoder().encode("PK\u0003\u0004 archive/data.pkl"))).toThrow(
      /^safetensors file: expected one, got a zip archive, as torch\.save writes/,
    );
    expect(() => fromPyTorch(Uint8Array.of(0x50, 0x4b))).toThrow(/at least 8 bytes, got 2$/);
    for (const bytes of [undefined, null, "x", [1], new ArrayBuffer(9)])
      expect(() => invoke(library, "fromPyTorch", bytes)).toThrow(/^"bytes" expected a Uint8Array, got/);
  });

  it("leaves the bytes alone, and does not change with them", () => {
    const bytes = good.slice();
    using network = fromPyTorch(bytes);
    expect(bytes).toEqual(good);
    const before = network.parameters.map((one) => one.read());
    bytes.fill(0);
    expect(network.parameters.map((one) => one.read())).toEqual(before);
  });
});
