/** Checks and completes a network's options. */

import {
  describe,
  requireBoolean,
  requireChoice,
  requireInteger,
  requireNumber,
  requireOptions,
} from "../errors.js";
import { engineFor, type Engine } from "../memory/engine.js";
import { isDiagonal, type CellDefinition } from "./cells/cell.js";
import { cellNames, cells, quotedCells } from "./cells/by-name.js";
import type { Cell, CompleteOptions, Initialization, NetworkOptions, RuntimeOptions } from "./types.js";

/** Sizes that a pointer can reach at all; memory ends long before products of them. */
const MOST = 0x4000_0000;

const isNormalizable = ({ normalized }: CellDefinition): boolean => normalized !== undefined;

/** The largest bias: far above anything of use, and finite in float32. */
const LARGEST_BIAS = 1e30;

const MOST_LAYERS = 10_000;

function completeInitialization(given: Initialization | undefined, cell: Cell): Initialization {
  const { recurrent, forgetBias } =
    given === undefined ? {} : requireOptions("initialization", given, ["recurrent", "forgetBias"]);
  if (forgetBias !== undefined) {
    requireNumber("initialization.forgetBias", forgetBias, { least: -LARGEST_BIAS, most: LARGEST_BIAS });
    if (cells[cell].forgetGate === undefined) {
      const others = quotedCells(({ forgetGate }) => forgetGate !== undefined);
      throw new RangeError(
        `"initialization.forgetBias" expected none for cell "${cell}", got ${forgetBias}: it is for cell ${others}`,
      );
    }
  }
  if (recurrent !== undefined)
    requireChoice("initialization.recurrent", recurrent, ["uniform", "orthogonal", "identity"]);
  const bias = forgetBias === undefined ? {} : { forgetBias };
  if (isDiagonal(cells[cell])) {
    if (recurrent === undefined) return Object.freeze(bias);
    throw new RangeError(
      `"initialization.recurrent" expected none for cell "${cell}", got "${recurrent}": it is for cells with a W_hh`,
    );
  }
  return Object.freeze({ recurrent: recurrent ?? "uniform", ...bias });
}

/** Returns the share that training drops; throws a RangeError where there is nothing to drop. */
function requireDropout(dropout: unknown, layers: number): number {
  const share = requireNumber("dropout", dropout, { least: 0, below: 1 });
  if (share > 0 && layers === 1)
    throw new RangeError(
      `"dropout" expected 0 for a network of one layer, got ${share}: it drops outputs between layers, of all but the last`,
    );
  return share;
}

function requireLayerNorm(given: boolean, cell: Cell): boolean {
  if (!requireBoolean("layerNorm", given) || isNormalizable(cells[cell])) return given;
  throw new RangeError(
    `"layerNorm" expected false for cell "${cell}", got true: it is for cell ${quotedCells(isNormalizable)}`,
  );
}

/** Fills in every default. Throws a TypeError or RangeError that names the option. */
export function completeOptions(options: NetworkOptions): CompleteOptions {
  const given = requireOptions("options", options, [
    "inputSize",
    "hiddenSize",
    "outputSize",
    "cell",
    "layers",
    "bidirectional",
    "dropout",
    "output",
    "embeddingSize",
    "layerNorm",
    "seed",
    "initialization",
  ]);
  const {
    cell = "elman",
    layers = 1,
    bidirectional = false,
    dropout = 0,
    output = "step",
    embeddingSize = 0,
    layerNorm = false,
    seed = 0,
  } = given;
  requireChoice("cell", cell, cellNames);
  return Object.freeze({
    inputSize: requireInteger("inputSize", given.inputSize, 1, MOST),
    hiddenSize: requireInteger("hiddenSize", given.hiddenSize, 1, MOST),
    outputSize: requireInteger("outputSize", given.outputSize, 0, MOST),
    cell,
    layers: requireInteger("layers", layers, 1, MOST_LAYERS),
    bidirectional: requireBoolean("bidirectional", bidirectional),
    dropout: requireDropout(dropout, layers),
    output: requireChoice("output", output, ["step", "sequence"]),
    embeddingSize: requireInteger("embeddingSize", embeddingSize, 0, MOST),
    layerNorm: requireLayerNorm(layerNorm, cell),
    seed: requireInteger("seed", seed, Number.MIN_SAFE_INTEGER),
    initialization: completeInitialization(given.initialization, cell),
  });
}

/** Returns the engine that was asked for. Throws a TypeError or RangeError that names the option. */
export function requireRuntime(runtime: RuntimeOptions | undefined): Engine {
  if (runtime === undefined) return engineFor();
  const { build, threads } = requireOptions("runtime", runtime, ["build", "threads"]);
  if (threads !== undefined && (typeof threads !== "object" || (threads as unknown) === null))
    throw new TypeError(`"threads" expected a pool of createThreadPool, got ${describe(threads)}`);
  return engineFor(build, threads);
}
