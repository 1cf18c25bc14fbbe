import { describe, expect, it } from "vitest";
import { DisposedError } from "../../../src/errors.js";
import { toPyTorch } from "../../../src/formats/pytorch/to-pytorch.js";
import { pytorchCells } from "../../../src/formats/pytorch/recurrent.js";
import { readSafetensors } from "../../../src/formats/safetensors-file.js";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { normalizableCells } from "../../network/kinds.js";
import { invoke } from "../../network/untyped.js";

const small = { inputSize: 3, hiddenSize: 2, outputSize: 4 };

describe("toPyTorch", () => {
  it.each(cellNames.filter((cell) => !pytorchCells.some((known) => known === cell)))(
    "refuses a cell that PyTorch has not: %s",
    (cell) => {
      using network = createNetwork({ ...small, cell });
      expect(() => toPyTorch(network)).toThrow(RangeError);
      expect(() => toPyTorch(network)).toThrow(
        `"network" expected cell "elman" or "elman-relu" or "gru" or "lstm", got "${cell}"`,
      );
    },
  );

  it.each(normalizableCells)("refuses layer normalisation: %s", (cell) => {
    using network = createNetwork({ ...small, cell, layerNorm: true });
    expect(() => toPyTorch(network)).toThrow(RangeError);
    expect(() => toPyTorch(network)).toThrow(/^"network" expected layerNorm false, got true/);
  });

  it("needs other names only of what there is", () => {
    using network = createNetwork({ ...small, outputSize: 0 });
    const { tensors } = readSafetensors(toPyTorch(network, { rnn: "head", embedding: "head" }));
    expect([...tensors.keys()][0]).toBe("head.weight_ih_l0");
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["null", null, TypeError, /^"names" expected an object, got null$/],
    ["text", "rnn", TypeError, /^"names" expected an object, got "rnn"$/],
    ["an unknown module", { fc: "x" }, TypeError, /^"names" expected rnn or head or embedding, got "fc"/],
    ["a number", { rnn: 1 }, TypeError, /^"names.rnn" expected a string, got 1$/],
    ["no head, though there is one", { head: null }, TypeError, /^"names.head" expected a string, got null$/],
    ["half a pair", { head: "a\ud800" }, RangeError, /^"names.head" expected Unicode text/],
    [
      "a name twice",
      { head: "x", rnn: "x" },
      RangeError,
      /^"names.head" expected another name than "names.rnn", got "x" twice$/,
    ],
    [
      "a default's name",
      { rnn: "head." },
      RangeError,
      /^"names.head" expected another name than "names.rnn"/,
    ],
    [
      "no prefix twice",
      { rnn: "", embedding: "" },
      RangeError,
      /^"names.embedding" expected another .* got "" twice$/,
    ],
  ])("refuses names that are %s", (_, names, type, message) => {
    using network = createNetwork({ ...small, embeddingSize: 2 });
    const act = (): unknown => invoke({ toPyTorch }, "toPyTorch", network, names);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("takes networks that are alive, and nothing else", () => {
    const network = createNetwork(small);
    for (const given of [undefined, null, {}, { ...network }])
      expect(() => invoke({ toPyTorch }, "toPyTorch", given)).toThrow(TypeError);
    network.dispose();
    expect(() => toPyTorch(network)).toThrow(DisposedError);
  });
});
