/** State dicts whose head or embedding cannot be told, or does not fit. */

import { describe, expect, it } from "vitest";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { expectRefused, linear, recurrent, stateDict, type Shapes } from "./state-dicts.js";

const lstm = recurrent();
const withHead = { ...lstm, ...linear() };
/** Its embedding is as wide as its states. */
const wide = { ...recurrent("lstm.", 4, 10), "emb.weight": [7, 10] };

describe("fromPyTorch refuses, and takes no memory for", () => {
  it.each<[string, Shapes, FromPyTorchOptions, RegExp]>([
    [
      "a head of another width",
      { ...lstm, ...linear("fc", 9) },
      {},
      /weight \[O, 10\].*weight \[I, 4\], .* got "fc\.weight" F32 \[2, 9\] with a bias: "options\.head"/,
    ],
    [
      "the same, chosen",
      { ...lstm, ...linear("fc", 9) },
      { head: "fc" },
      /^tensor "fc\.weight" expected F32 \[2, 10\], got F32 \[2, 9\]$/,
    ],
    [
      "the same, as the only one left",
      { ...lstm, ...linear("fc", 9) },
      { embedding: null },
      /^tensor "fc\.weight" expected F32 \[2, 10\], got F32 \[2, 9\]$/,
    ],
    [
      "a head without rows",
      { ...lstm, "fc.weight": [0, 10], "fc.bias": [0] },
      {},
      /^tensor "fc\.weight" expected at least one row, got F32 \[0, 10\]$/,
    ],
    [
      "an embedding without rows",
      { ...lstm, "emb.weight": [0, 4] },
      {},
      /^tensor "emb\.weight" expected at least one row, got F32 \[0, 4\]$/,
    ],
    [
      "an embedding of another width",
      { ...lstm, "emb.weight": [7, 5] },
      {},
      /got "emb\.weight" F32 \[7, 5\]: "options/,
    ],
    [
      "the same, chosen",
      { ...lstm, "emb.weight": [7, 5] },
      { embedding: "emb" },
      /^tensor "emb\.weight" expected F32 \[7, 4\], got F32 \[7, 5\]$/,
    ],
    [
      "an embedding with a bias",
      withHead,
      { embedding: "fc" },
      /^tensor "fc\.bias" expected none beside an embedding, got one/,
    ],
    [
      "two heads",
      { ...withHead, ...linear("b") },
      {},
      /got "fc\.weight" F32 \[2, 10\] with a bias, "b\.weight" F32 \[2, 10\] with a bias: "options/,
    ],
    [
      "two heads and an embedding",
      { ...withHead, ...linear("b"), "e.weight": [7, 4] },
      {},
      /"fc\.weight" .*, "b\.weight" .*, "e\.weight" F32 \[7, 4\]: /,
    ],
    [
      "two heads, the embedding being chosen",
      { ...withHead, ...linear("b"), "e.weight": [7, 4] },
      { embedding: "e" },
      /got "fc\.weight" .*, "b\.weight" .* with a bias: "options/,
    ],
    [
      "two embeddings",
      { ...lstm, "a.weight": [7, 4], "b.weight": [3, 4] },
      {},
      /got "a\.weight" F32 \[7, 4\], "b\.weight" F32 \[3, 4\]: /,
    ],
    [
      "two embeddings, the head being chosen",
      { ...withHead, "a.weight": [7, 4], "b.weight": [3, 4] },
      { head: "fc" },
      /got "a\.weight" F32 \[7, 4\], "b\.weight" F32 \[3, 4\]: /,
    ],
    [
      "one weight that is either",
      wide,
      {},
      /that can be told apart, got "emb\.weight" F32 \[7, 10\]: "options\.head" and "options\.embedding" choose/,
    ],
    [
      "two weights that are either",
      { ...wide, "fc.weight": [7, 10] },
      {},
      /got "emb\.weight" F32 \[7, 10\], "fc\.weight" F32 \[7, 10\]: /,
    ],
  ])("%s", (_, shapes, options, message) => {
    expectRefused(shapes, options, message);
  });

  it("lists of thousands, in a message that can be read", () => {
    const heads = Array.from({ length: 5000 }, (_, k): Shapes => ({ [`fc${k}.weight`]: [1, 1] }));
    const bytes = stateDict(Object.assign({}, lstm, ...heads) as Shapes);
    expect(() => fromPyTorch(bytes)).toThrow(/"fc99\.weight" F32 \[1, 1\] and 4900 more: "options/);
  });
});
