/** What is found in state dicts of all kinds, and what options choose. */

import { describe, expect, it } from "vitest";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors-file.js";
import type { CompleteOptions, Network } from "../../../src/network/types.js";
import { linear, recurrent, stateDict, without, type Shapes } from "./state-dicts.js";

const embedding: Shapes = { "emb.weight": [7, 4] };
/** Vectors as wide as the states, so that shapes do not say what a weight is for. */
const square = recurrent("lstm.", 4, 10);
const free = (name: string, rows = 7): Shapes => ({ [`${name}.weight`]: [rows, 10] });

describe("fromPyTorch finds", () => {
  it.each<[string, Shapes, FromPyTorchOptions, Partial<CompleteOptions>]>([
    ["a bare module", recurrent("", 3), {}, { cell: "gru", inputSize: 4, hiddenSize: 10, outputSize: 0 }],
    ["an nn.RNN", recurrent("rnn.", 1), {}, { cell: "elman" }],
    ["an nn.RNN said to be elman", recurrent("rnn.", 1), { cell: "elman" }, { cell: "elman" }],
    ["an nn.RNN of relu", recurrent("rnn.", 1), { cell: "elman-relu" }, { cell: "elman-relu" }],
    ["one unit", recurrent("r.", 4, 1, 1), { cell: "lstm" }, { cell: "lstm", hiddenSize: 1, inputSize: 1 }],
    [
      "a module behind DataParallel",
      { ...recurrent("module.lstm."), ...linear("module.fc") },
      {},
      { outputSize: 2 },
    ],
    ["names with line breaks", { ...recurrent("a\n.b."), ...linear("\n") }, {}, { outputSize: 2 }],
    [
      "one output a sequence",
      { ...recurrent(), ...linear() },
      { output: "sequence" },
      { output: "sequence", outputSize: 2 },
    ],
    [
      "a head without a bias",
      without({ ...recurrent(), ...linear() }, "fc.bias"),
      {},
      { outputSize: 2, embeddingSize: 0 },
    ],
    [
      "an embedding alone",
      { ...recurrent(), ...embedding },
      {},
      { inputSize: 7, embeddingSize: 4, outputSize: 0 },
    ],
    [
      "head and embedding, in any order, neither with a bias",
      without({ ...linear(), ...recurrent(), ...embedding }, "fc.bias"),
      {},
      { inputSize: 7, embeddingSize: 4, outputSize: 2 },
    ],
    [
      "a bias where shapes do not tell head from embedding",
      { ...linear(), ...square, ...free("emb") },
      {},
      { inputSize: 7, embeddingSize: 10, outputSize: 2 },
    ],
    [
      "the one weight as the embedding, where a head is refused",
      { ...square, ...free("emb") },
      { head: null },
      { embeddingSize: 10, outputSize: 0 },
    ],
    [
      "the one weight as the head, where an embedding is refused",
      { ...square, ...free("fc") },
      { embedding: null },
      { embeddingSize: 0, outputSize: 7 },
    ],
    [
      "the head that is chosen",
      { ...square, ...free("a"), ...free("b", 3) },
      { head: "b" },
      { inputSize: 7, outputSize: 3 },
    ],
    [
      "the embedding that is chosen",
      { ...square, ...free("a"), ...free("b", 3) },
      { embedding: "b" },
      { inputSize: 3, outputSize: 7 },
    ],
    [
      "both that are chosen",
      { ...square, ...free("a"), ...free("b", 3), ...linear("c") },
      { embedding: "b", head: "c." },
      { inputSize: 3, outputSize: 2 },
    ],
    [
      "one weight, chosen for both",
      { ...square, ...free("a") },
      { embedding: "a", head: "a" },
      { inputSize: 7, outputSize: 7 },
    ],
    [
      "no head where none is wanted",
      { ...recurrent(), ...linear(), ...linear("b", 3) },
      { head: null },
      { outputSize: 0 },
    ],
    [
      "no embedding where none is wanted",
      { ...recurrent(), ...linear(), ...embedding, "e.weight": [3, 3] },
      { embedding: null },
      { inputSize: 4, embeddingSize: 0, outputSize: 2 },
    ],
    [
      "an embedding beside a chosen head and others",
      { ...recurrent(), ...linear(), ...linear("b", 3), ...embedding },
      { head: "fc" },
      { embeddingSize: 4, outputSize: 2 },
    ],
    [
      "the recurrent module that is chosen",
      { ...recurrent("a."), ...recurrent("b.", 3), ...linear() },
      { rnn: "b" },
      { cell: "gru" },
    ],
    ["the same by its dot", { ...recurrent("a."), ...recurrent("b.", 3) }, { rnn: "b." }, { cell: "gru" }],
    ["the one without a prefix", { ...recurrent("a."), ...recurrent("", 3) }, { rnn: "" }, { cell: "gru" }],
    [
      "a head without a prefix",
      { ...recurrent("a."), weight: [3, 10], bias: [3], ...linear() },
      { head: "" },
      { outputSize: 3 },
    ],
    [
      "whatever is left out, of any type",
      { ...recurrent(), ...linear(), "I64 x.weight": [1, 1] },
      { head: "fc" },
      { outputSize: 2 },
    ],
  ])("%s", (_, shapes, options, expected) => {
    using network = fromPyTorch(stateDict(shapes), options);
    expect(network.options).toMatchObject({
      layers: 1,
      bidirectional: false,
      output: "step",
      dropout: 0,
      ...expected,
    });
  });

  const tied = (bytes: Uint8Array): Uint8Array => {
    const { tensors } = readSafetensors(bytes);
    const [weight] = [...tensors].filter(([name]) => name === "emb.weight").map(([, tensor]) => tensor);
    return writeSafetensors(new Map([...tensors, ["fc.weight", weight]]));
  };
  it.each<[string, Shapes]>([
    ["with a bias", { ...square, ...free("emb"), "fc.weight": [7, 10], "fc.bias": [7] }],
    ["without one", { ...square, ...free("emb"), ...free("fc") }],
  ])("tied weights, %s", (_, shapes) => {
    const bytes = tied(stateDict(shapes));
    using network = fromPyTorch(bytes);
    expect(network.options).toMatchObject({ inputSize: 7, embeddingSize: 10, outputSize: 7 });
    expect(network.parameter("head.weight").read()).toEqual(network.parameter("embedding.weight").read());
    expect(new Uint8Array(network.parameter("head.weight").read().buffer)).toEqual(
      readSafetensors(bytes).tensors.get("fc.weight")?.data,
    );
  });
});

const parameters = (network: Network): Record<string, number[]> =>
  Object.fromEntries(network.parameters.map((one) => [one.name, [...one.read()]]));

describe("missing biases are zeros", () => {
  const whole = { ...recurrent("lstm.", 4, 4), ...linear() };
  it.each([["bias_ih_l0"], ["bias_hh_l0"], ["bias_ih_l0", "bias_hh_l0"]])("%s %s", (...names) => {
    const rest = without(whole, ...names.map((name) => `lstm.${name}`));
    const { tensors } = readSafetensors(stateDict(rest));
    using network = fromPyTorch(writeSafetensors(tensors));
    const read = parameters(network);
    for (const [name, [rows]] of Object.entries(whole)) {
      const ours = read[name.replace("lstm.", "rnn.").replace("fc.", "head.")];
      const data = tensors.get(name)?.data ?? new Uint8Array(4 * rows);
      expect(ours).toEqual([...new Float32Array(data.buffer)]);
      expect(ours.every((value) => value === 0)).toBe(!tensors.has(name));
    }
  });

  it("of a head", () => {
    using network = fromPyTorch(stateDict(without(whole, "fc.bias")));
    expect(parameters(network)["head.bias"]).toEqual([0, 0]);
  });

  it("of one layer and direction", () => {
    const reverse = Object.entries(recurrent()).map(([name, shape]) => [`${name}_reverse`, shape] as const);
    const both = { ...recurrent(), ...Object.fromEntries(reverse) };
    using network = fromPyTorch(stateDict(without(both, "lstm.bias_hh_l0_reverse")));
    const zero = Object.entries(parameters(network)).filter(([, values]) => values.every((x) => x === 0));
    expect(zero.map(([name]) => name)).toEqual(["rnn.bias_hh_l0_reverse"]);
  });
});

describe("numbers of each type", () => {
  /** An nn.RNN of one unit, whose input weight has these bytes. */
  const withWeight = (dtype: string, data: readonly number[]): Uint8Array => {
    const { tensors } = readSafetensors(stateDict(recurrent("rnn.", 1, 2, 1)));
    return writeSafetensors(
      tensors.set("rnn.weight_ih_l0", { dtype, shape: [1, 2], data: Uint8Array.from(data) }),
    );
  };
  const doubles = (...values: number[]): number[] => [...new Uint8Array(Float64Array.from(values).buffer)];

  it.each<[string, number[], number[]]>([
    ["F32", [0, 0, 192, 127, 1, 0, 0, 0], [NaN, 2 ** -149]],
    ["F16", [0, 0x3c, 1, 0x80], [1, -(2 ** -24)]],
    ["F16", [0, 0x7c, 0, 0x7e], [Infinity, NaN]],
    ["BF16", [0x80, 0x3f, 0x80, 0xff], [1, -Infinity]],
    ["F64", doubles(0.1, -Infinity), [Math.fround(0.1), -Infinity]],
    ["F64", doubles(NaN, 1e-300), [NaN, 0]],
    ["F64", doubles(3.4028235677973362e38, -0), [Math.fround(3.4028235677973362e38), -0]],
  ])("%s, %j", (dtype, data, expected) => {
    using network = fromPyTorch(withWeight(dtype, data));
    expect(parameters(network)["rnn.weight_ih_l0"]).toEqual(expected);
  });

  it("are refused where a double is beyond float32", () => {
    for (const value of [1e39, -1e39, 3.4028235677973366e38]) {
      expect(() => fromPyTorch(withWeight("F64", doubles(1, value)))).toThrow(
        `tensor "rnn.weight_ih_l0" expected numbers of float32's range, got ${value} at 1`,
      );
    }
  });
});
