/** Files that PyTorch wrote give PyTorch's numbers. */

import { afterAll, describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { fromPyTorch } from "../../../src/formats/pytorch/from-pytorch.js";
import { toPyTorch } from "../../../src/formats/pytorch/to-pytorch.js";
import { builds } from "../../builds.js";
import { readExchangeCases } from "../../fixtures/exchange.js";

/** Float32 beside PyTorch's float32, over seven steps and three layers; F64 is read as float32. */
const TOLERANCE = 5e-5;

const cases = readExchangeCases();

describe("PyTorch's files", () => {
  let worst = 0;
  afterAll(() => {
    // BPTT_PRINT=1 prints how far off the worst output is.
    if (process.env["BPTT_PRINT"] !== undefined)
      process.stdout.write(`PyTorch's files: worst output off by ${worst.toExponential(1)}\n`);
  });

  it.each(cases.filter(({ error }) => error === undefined))(
    "give PyTorch's outputs, in every build: $name",
    ({ bytes, options, expected, sequence, outputs }) => {
      for (const build of builds) {
        using network = fromPyTorch(bytes, options, { build });
        expect(network.options).toMatchObject({ ...expected, dropout: 0, output: "step", layerNorm: false });
        expect(network.build).toBe(build);
        const ours = network.forward(sequence).outputs;
        expect(ours.length).toBe(outputs.length);
        const off = Math.max(...outputs.map((value, i) => Math.abs(value - ours[i])));
        expect(off).toBeLessThan(TOLERANCE);
        worst = Math.max(worst, off);
        using again = fromPyTorch(toPyTorch(network), { cell: network.options.cell }, { build });
        expect(again.forward(sequence).outputs).toEqual(ours);
      }
    },
  );

  it.each(cases.filter(({ error }) => error !== undefined))(
    "are refused by the tensor's name: $name",
    ({ bytes, options, error = "" }) => {
      expect(() => fromPyTorch(bytes, options)).toThrow(FormatError);
      expect(() => fromPyTorch(bytes, options)).toThrow(error);
    },
  );

  it("are of both sorts", () => {
    expect(cases.map(({ error }) => error ?? "read").sort()).toEqual([
      "norm.",
      "other",
      ...Array<string>(13).fill("read"),
    ]);
  });
});
