/** Labelled sequences for the tests of `bptt classify`, and the command's parts put together. */

import type { DataPlan } from "../../../src/cli/classify/classifier-data.js";
import type { Examples } from "../../../src/cli/sequences/examples.js";
import { createNetwork, type Network, type SequenceCodec } from "../../../src/index.js";
import { Random } from "../../../src/random.js";

export const planned: DataPlan = {
  heldOut: 0.25,
  seed: 1,
  batch: 8,
  weighting: "none",
};

/** Texts whose label is whether more of them is a or b, with a third letter in between, and the commonest label first. */
export function letterTexts(count: number, seed = 3): Examples {
  const random = new Random(seed);
  const texts = Array.from({ length: count }, () =>
    Array.from({ length: 3 + random.integer(6) }, () => "abc"[random.integer(3)]).join(""),
  );
  const of = (text: string, letter: string): number => text.split(letter).length;
  return {
    name: "letters",
    fields: { label: "label", sequence: ["text"], group: undefined },
    sequences: texts.map((text) => ({ text })),
    labels: texts.map((text) => (of(text, "a") >= of(text, "b") ? "a or same" : "more b")),
    lines: texts.map((_, i) => i + 2),
    groups: [],
  };
}

/** Such texts as a file. */
export function lettersCsv(count: number): string {
  const { sequences, labels } = letterTexts(count);
  const rows = sequences.map((one, i) => ("text" in one ? `${one.text},${labels[i]}\n` : ""));
  return `text,label\n${rows.join("")}`;
}

export function smallNetwork(codec: SequenceCodec, seed = 0): Network {
  return createNetwork({
    cell: "gru",
    inputSize: codec.inputSize,
    embeddingSize: codec.kind === "values" ? 0 : 4,
    hiddenSize: 8,
    outputSize: codec.labels.length,
    output: "sequence",
    seed,
  });
}
