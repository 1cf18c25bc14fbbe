import fc from "fast-check";
import { expect, it } from "vitest";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import type { Cell, CompleteOptions, Network } from "../../../src/network/types.js";
import { drawnExport, networkOf } from "./drawn-networks.js";

/** How many networks are drawn: BPTT_ONNX=500 for as many as the project promises. */
const NETWORKS = Number(process.env["BPTT_ONNX"] ?? 100);

/** The cells that ONNX has an operator of. */
const cells: readonly Cell[] = ["elman", "elman-relu", "gru", "lstm"];

const exports = fc.tuple(drawnExport, fc.constantFrom(...cells)).map(([{ options, exported }, cell]) => ({
  options: { ...options, cell, layerNorm: false },
  exported,
}));

/** What a graph says of a network. */
function sayable({ seed, dropout, initialization, ...rest }: CompleteOptions): Partial<CompleteOptions> {
  return rest;
}

function bitsOf(network: Network): [string, string][] {
  return network.parameters.map((parameter) => {
    const { buffer } = parameter.read();
    return [parameter.name, Buffer.from(buffer).toString("hex")];
  });
}

it(`gives back what toOnnx wrote, options and parameters bit for bit: ${NETWORKS} networks`, () => {
  fc.assert(
    fc.property(exports, ({ options, exported }) => {
      using network = networkOf(options);
      using again = fromOnnx(toOnnx(network, exported));
      expect(sayable(again.options)).toEqual(sayable(network.options));
      expect(bitsOf(again)).toEqual(bitsOf(network));
    }),
    { numRuns: NETWORKS },
  );
});
