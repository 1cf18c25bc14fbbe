/** A network's options, checked and completed. */

import { requireBoolean, requireChoice, requireInteger, requireNumber, requireObject } from "../errors.js";
import type { CompleteOptions, Initialization, NetworkOptions, RuntimeOptions } from "./types.js";

/** Sizes that a pointer can reach at all; memory ends long before products of them. */
const MOST = 0x4000_0000;

/** Refuses what later versions will have; `what` names the value that came. */
function requireAvailable(available: boolean, name: string, only: string, what: string): void {
  if (!available)
    throw new RangeError(`"${name}" expected ${only}, got ${what}: more is not available in this version`);
}

function completeInitialization(given: Initialization | undefined): Initialization {
  if (given === undefined) return Object.freeze({ recurrent: "uniform" });
  const { recurrent, forgetBias } = requireObject("initialization", given);
  if (forgetBias !== undefined) {
    requireNumber("initialization.forgetBias", forgetBias);
    throw new RangeError(
      `"initialization.forgetBias" expected none, got ${forgetBias}: it is for cell "lstm"`,
    );
  }
  return Object.freeze({
    recurrent: requireChoice("initialization.recurrent", recurrent ?? "uniform", [
      "uniform",
      "orthogonal",
      "identity",
    ]),
  });
}

/** Every default filled in. TypeError or RangeError names the option; what later versions will have is refused. */
export function completeOptions(options: NetworkOptions): CompleteOptions {
  const given = requireObject("options", options);
  const cell = requireChoice("cell", given.cell ?? "elman", ["elman", "elman-relu", "gru", "lstm"]);
  requireAvailable(cell === "elman" || cell === "elman-relu", "cell", '"elman" or "elman-relu"', `"${cell}"`);
  const outputSize = requireInteger("outputSize", given.outputSize, 0, MOST);
  requireAvailable(outputSize > 0, "outputSize", "at least 1", "0");
  const layers = requireInteger("layers", given.layers ?? 1, 1, MOST);
  requireAvailable(layers === 1, "layers", "1", `${layers}`);
  const bidirectional = requireBoolean("bidirectional", given.bidirectional ?? false);
  requireAvailable(!bidirectional, "bidirectional", "false", "true");
  const dropout = requireNumber("dropout", given.dropout ?? 0, { least: 0, below: 1 });
  requireAvailable(dropout === 0, "dropout", "0", `${dropout}`);
  const embeddingSize = requireInteger("embeddingSize", given.embeddingSize ?? 0, 0, MOST);
  requireAvailable(embeddingSize === 0, "embeddingSize", "0", `${embeddingSize}`);
  return Object.freeze({
    inputSize: requireInteger("inputSize", given.inputSize, 1, MOST),
    hiddenSize: requireInteger("hiddenSize", given.hiddenSize, 1, MOST),
    outputSize,
    cell,
    layers,
    bidirectional,
    dropout,
    embeddingSize,
    seed: requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER),
    initialization: completeInitialization(given.initialization),
  });
}

/** The build that was asked for; threads are refused. */
export function requireRuntime(runtime: RuntimeOptions | undefined): RuntimeOptions["build"] {
  if (runtime === undefined) return "auto";
  const { build, threads } = requireObject("runtime", runtime);
  requireAvailable(threads === undefined, "threads", "none", "a thread pool");
  return build;
}
