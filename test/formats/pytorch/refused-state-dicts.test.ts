/** State dicts that are no network, and options that do not fit them: each by the name of what is wrong. */

import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { engineFor } from "../../../src/memory/engine.js";
import { expectRefused, linear, recurrent, stateDict, without, type Shapes } from "./state-dicts.js";

const lstm = recurrent();
const withHead = { ...lstm, ...linear() };
/** The tensors of another layer or direction. */
const more = (suffix: string, inputs: number): Shapes =>
  Object.fromEntries(
    Object.entries(recurrent("lstm.", 4, inputs)).map(([name, shape]) => [
      name.replace("_l0", suffix),
      shape,
    ]),
  );
const long = `${"encoder.".repeat(10)}lstm.`;

describe("fromPyTorch refuses, and takes no memory for", () => {
  it.each<[string, Shapes, FromPyTorchOptions, RegExp]>([
    ["nothing", {}, {}, /expected tensors of one nn\.RNN, nn\.GRU or nn\.LSTM, got none, no weight_ih_l0$/],
    ["a head alone", linear(), {}, /expected tensors of one nn\.RNN, .* got none/],
    [
      "an nn.LSTMCell",
      { "cell.weight_ih": [40, 4], "cell.weight_hh": [40, 10] },
      {},
      /expected tensors of one nn\.RNN/,
    ],
    [
      "an nn.LSTMCell beside a module",
      { ...lstm, "cell.weight_ih": [40, 4] },
      {},
      /^tensor "cell.weight_ih" expected none beside/,
    ],
    [
      "two modules",
      { ...recurrent("a."), ...recurrent("b.c.", 3) },
      {},
      /got "a", "b\.c": "options\.rnn" chooses$/,
    ],
    [
      "three, one without a prefix",
      { ...recurrent("a."), ...recurrent(""), ...recurrent("c.") },
      {},
      /got "a", "", "c": /,
    ],
    [
      "a module that is not there",
      lstm,
      { rnn: "gru" },
      /^"options\.rnn" expected a prefix of the file's, got "gru": it has "lstm"$/,
    ],
    ["part of a prefix", lstm, { rnn: "lst" }, /^"options\.rnn" expected .* got "lst"/],
    ["a dot too many", lstm, { rnn: "lstm.." }, /^"options\.rnn" expected .* got "lstm\.\."/],
    [
      "a head that is not there",
      withHead,
      { head: "linear" },
      /^"options\.head" expected .*, got "linear": it has "fc"$/,
    ],
    [
      "a head that is not there, of none",
      lstm,
      { head: "fc" },
      /^"options\.head" expected .*, got "fc": it has none$/,
    ],
    [
      "an embedding that is not there",
      withHead,
      { embedding: "emb" },
      /^"options\.embedding" expected .*, got "emb": it has "fc"$/,
    ],
    ["the module as its own head", withHead, { head: "lstm" }, /^"options\.head" expected/],

    [
      "a projection",
      { ...lstm, "lstm.weight_hr_l0": [5, 10] },
      {},
      /^tensor "lstm\.weight_hr_l0" expected none: .*proj_size/,
    ],
    [
      "two gates",
      recurrent("rnn.", 2),
      {},
      /^tensor "rnn\.weight_hh_l0" expected \[10, 10\] or \[30, 10\] or \[40, 10\], got \[20, 10\]$/,
    ],
    [
      "part of a gate",
      { ...lstm, "lstm.weight_hh_l0": [39, 10] },
      {},
      /^tensor "lstm\.weight_hh_l0" expected .*, got \[39, 10\]$/,
    ],
    [
      "no units",
      { ...lstm, "lstm.weight_hh_l0": [0, 0] },
      {},
      /^tensor "lstm\.weight_hh_l0" expected \[G\*H, H\], got F32 \[0, 0\]$/,
    ],
    [
      "no inputs",
      { ...lstm, "lstm.weight_ih_l0": [40, 0] },
      {},
      /^tensor "lstm\.weight_ih_l0" expected \[G\*H, I\], got F32 \[40, 0\]$/,
    ],
    [
      "no W_hh",
      without(lstm, "lstm.weight_hh_l0"),
      {},
      /^tensor "lstm\.weight_hh_l0" expected \[G\*H, H\], got none$/,
    ],
    [
      "no W_ih",
      without(lstm, "lstm.weight_ih_l0"),
      {},
      /^tensor "lstm\.weight_ih_l0" expected \[G\*H, I\], got none$/,
    ],
    [
      "a W_hh of three dimensions",
      { ...lstm, "lstm.weight_hh_l0": [40, 10, 1] },
      {},
      /^tensor "lstm\.weight_hh_l0" expected/,
    ],
    [
      "another number of rows",
      { ...lstm, "lstm.weight_ih_l0": [30, 4] },
      {},
      /^tensor "lstm\.weight_ih_l0" expected F32 \[40, 4\], got F32 \[30, 4\]$/,
    ],
    [
      "a short bias",
      { ...lstm, "lstm.bias_hh_l0": [30] },
      {},
      /^tensor "lstm\.bias_hh_l0" expected F32 \[40\], got F32 \[30\]$/,
    ],
    [
      "a bias of two dimensions",
      { ...lstm, "lstm.bias_ih_l0": [40, 1] },
      {},
      /^tensor "lstm\.bias_ih_l0" expected F32 \[40\], got F32 \[40, 1\]$/,
    ],
    [
      "an unknown suffix",
      { ...lstm, "lstm.weight_ih_l0_forward": [40, 4] },
      {},
      /^tensor "lstm\.weight_ih_l0_forward" expected none beside/,
    ],
    [
      "a layer's number with a zero before",
      { ...lstm, "lstm.weight_ih_l01": [40, 4] },
      {},
      /^tensor "lstm\.weight_ih_l01" expected none beside/,
    ],

    [
      "a second layer of another width",
      { ...lstm, ...more("_l1", 9) },
      {},
      /^tensor "lstm\.weight_ih_l1" expected F32 \[40, 10\], got F32 \[40, 9\]$/,
    ],
    [
      "a hole between layers",
      { ...lstm, ...more("_l2", 10) },
      {},
      /^tensor "lstm\.weight_ih_l1" expected one below "lstm\.weight_ih_l2", got none$/,
    ],
    [
      "a layer far above",
      { ...lstm, "lstm.bias_ih_l99999999999999999999": [40] },
      {},
      /^tensor "lstm\.weight_ih_l1" expected one below "lstm\.bias_ih_l99999/,
    ],
    ["layers without the first", more("_l1", 10), {}, /^tensor "lstm\.weight_hh_l0" expected/],
    [
      "a second layer without its W_hh",
      without({ ...lstm, ...more("_l1", 10) }, "lstm.weight_hh_l1"),
      {},
      /^tensor "lstm\.weight_hh_l1" expected F32 or .* \[40, 10\], got none$/,
    ],
    [
      "a bias of a layer that is not there",
      { ...lstm, "lstm.bias_ih_l1": [40] },
      {},
      /^tensor "lstm\.weight_ih_l1" expected one below "lstm\.bias_ih_l1"/,
    ],
    [
      "the reverse of the first layer alone",
      { ...lstm, ...more("_l0_reverse", 4), ...more("_l1", 20) },
      {},
      /^tensor "lstm\.weight_ih_l1_reverse" expected .* \[40, 20\], got none$/,
    ],
    [
      "the reverse of the second layer alone",
      { ...lstm, ...more("_l1", 10), ...more("_l1_reverse", 10) },
      {},
      /^tensor "lstm\.weight_ih_l0_reverse" expected .* \[40, 4\], got none$/,
    ],
    [
      "a second layer that reads one of two directions",
      { ...lstm, ...more("_l0_reverse", 4), ...more("_l1", 10), ...more("_l1_reverse", 10) },
      {},
      /^tensor "lstm\.weight_ih_l1" expected F32 \[40, 20\], got F32 \[40, 10\]$/,
    ],
    ["the reverse way alone", more("_l0_reverse", 4), {}, /^tensor "lstm\.weight_hh_l0" expected/],
    [
      "a reverse bias alone",
      { ...lstm, "lstm.bias_ih_l0_reverse": [40] },
      {},
      /^tensor "lstm\.weight_ih_l0_reverse" expected .*, got none$/,
    ],

    [
      "another cell's gates",
      lstm,
      { cell: "gru" },
      /^"options\.cell" expected "lstm", got "gru": tensor "lstm\.weight_hh_l0" is \[40, 10\]$/,
    ],
    [
      "gates of an nn.RNN",
      recurrent("r.", 1),
      { cell: "lstm" },
      /^"options\.cell" expected "elman" or "elman-relu", got "lstm": tensor "r\.weight_hh_l0"/,
    ],

    [
      "batch normalisation",
      { ...withHead, "norm.weight": [12], "norm.bias": [12] },
      {},
      /^tensor "norm\.weight" expected none beside .*, got F32 \[12\] and 1 more$/,
    ],
    [
      "it even where a head is chosen",
      { ...withHead, "norm.running_mean": [12] },
      { head: "fc" },
      /^tensor "norm\.running_mean" expected none/,
    ],
    [
      "a convolution",
      { ...lstm, "conv.weight": [4, 4, 3] },
      {},
      /^tensor "conv\.weight" expected none beside .* got F32 \[4, 4, 3\]$/,
    ],
    ["a bias without a weight", { ...lstm, "fc.bias": [2] }, {}, /^tensor "fc\.bias" expected none beside/],
    [
      "a head's bias of another length",
      { ...withHead, "fc.bias": [3] },
      {},
      /^tensor "fc\.bias" expected none beside .*, got F32 \[3\]$/,
    ],
    [
      "a head's bias of two dimensions",
      { ...withHead, "fc.bias": [2, 1] },
      {},
      /^tensor "fc\.bias" expected none beside/,
    ],

    [
      "whole numbers",
      { ...without(lstm, "lstm.bias_ih_l0"), "I64 lstm.bias_ih_l0": [40] },
      {},
      /^tensor "lstm\.bias_ih_l0" expected F32 or F64 or F16 or BF16 \[40\], got I64 \[40\]$/,
    ],
    [
      "a quantised head",
      { ...lstm, "U8 fc.weight": [2, 10] },
      {},
      /^tensor "fc\.weight" expected F32 or F64 or F16 or BF16 \[2, 10\], got U8 \[2, 10\]$/,
    ],
    [
      "a name of more than 40 characters, whole",
      { ...recurrent(long), [`${long}bias_ih_l0`]: [3] },
      {},
      new RegExp(`"${long}bias_ih_l0" expected F32 \\[40\\]`),
    ],
  ])("%s", (_, shapes, options, message) => {
    expectRefused(shapes, options, message);
  });

  it("more layers than a network has", () => {
    const layers = Array.from({ length: 10_001 }, (_, k): Shapes => ({
      [`weight_ih_l${k}`]: [1, 1],
      [`weight_hh_l${k}`]: [1, 1],
    }));
    const bytes = stateDict(Object.assign({}, ...layers) as Shapes);
    expect(() => fromPyTorch(bytes)).toThrow(FormatError);
    expect(() => fromPyTorch(bytes)).toThrow(/"layers" expected an integer from 1 to 10000, got 10001$/);
  });

  it("the memory of a network whose numbers turn out wrong", () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const shapes = { ...without(lstm, "lstm.bias_hh_l0"), "F64 lstm.bias_hh_l0": [40] };
    const bytes = stateDict(shapes);
    new DataView(bytes.buffer).setFloat64(bytes.length - 8, 1e300, true);
    expect(() => fromPyTorch(bytes)).toThrow(
      /^tensor "lstm\.bias_hh_l0" expected numbers of float32's range/,
    );
    expect(arena.reserved).toBe(before);
  });
});
