/** Makes PyTorch's state dicts of networks. */

import { describe, requireOptions } from "../../errors.js";
import { requireNetwork } from "../../network/network.js";
import type { Network } from "../../network/types.js";
import { quoteName } from "../float-tensors.js";
import { requireWellFormed } from "../metadata.js";
import { encodeSafetensors } from "../safetensors.js";
import { pytorchCells } from "./recurrent.js";

const MODULES = ["rnn", "head", "embedding"] as const;

/** Names of the modules in PyTorch, with or without a dot at their end; "": the tensors' names without a prefix. */
export interface ToPyTorchNames {
  /** Of the nn.RNN, nn.GRU or nn.LSTM; default "rnn". */
  rnn?: string;
  /** Of the nn.Linear; default "head". */
  head?: string;
  /** Of the nn.Embedding; default "embedding". */
  embedding?: string;
}

type ModuleName = keyof ToPyTorchNames;

/** Returns what the names of each module's tensors begin with; throws unless those that are needed differ. */
function requirePrefixes(names: ToPyTorchNames, needed: readonly ModuleName[]): Map<string, string> {
  const given = requireOptions("names", names, MODULES);
  const modules = new Map<string, ModuleName>();
  const prefixes = new Map<string, string>();
  for (const module of MODULES) {
    const { [module]: name = module }: { [Module in ModuleName]?: unknown } = given;
    if (typeof name !== "string")
      throw new TypeError(`"names.${module}" expected a string, got ${describe(name)}`);
    requireWellFormed(`"names.${module}"`, name);
    const prefix = name === "" || name.endsWith(".") ? name : `${name}.`;
    prefixes.set(module, prefix);
    if (!needed.includes(module)) continue;
    const other = modules.get(prefix);
    if (other !== undefined) {
      throw new RangeError(
        `"names.${module}" expected another name than "names.${other}", got ${quoteName(name)} twice`,
      );
    }
    modules.set(prefix, module);
  }
  return prefixes;
}

/**
 * Returns the network's parameters as PyTorch's state dict, a safetensors file: what `load_state_dict` takes of a module with an
 * nn.RNN, nn.GRU or nn.LSTM, an nn.Embedding and an nn.Linear under these names. Bit for bit `fromPyTorch` gives them back. In
 * Python: `model.load_state_dict(safetensors.torch.load_file("model.safetensors"))`. Of "elman-relu" the nn.RNN needs
 * `nonlinearity="relu"`; options that are no parameters (dropout, output) are not in it.
 *
 * Throws a RangeError for a network of what PyTorch has not (minGRU, minLSTM, layer normalisation), and for names that are the
 * same or no well-formed Unicode; a TypeError for other wrong arguments; a DisposedError; an OutOfMemoryError.
 */
export function toPyTorch(network: Network, names: ToPyTorchNames = {}): Uint8Array {
  const { options, parameters } = requireNetwork(network);
  const { cell, layerNorm } = options;
  if (!pytorchCells.some((known) => known === cell)) {
    const known = pytorchCells.map((name) => JSON.stringify(name)).join(" or ");
    throw new RangeError(`"network" expected cell ${known}, got "${cell}": PyTorch has none`);
  }
  if (layerNorm)
    throw new RangeError(
      `"network" expected layerNorm false, got true: PyTorch's recurrent layers have none`,
    );
  const parts = parameters.map((parameter) => {
    const dot = parameter.name.indexOf(".");
    return { parameter, module: parameter.name.slice(0, dot), rest: parameter.name.slice(dot + 1) };
  });
  const needed = MODULES.filter((name) => parts.some(({ module }) => module === name));
  const prefixes = requirePrefixes(names, needed);
  return encodeSafetensors(
    parts.map(({ parameter, module, rest }) => ({
      name: `${prefixes.get(module) ?? ""}${rest}`,
      shape: parameter.shape,
      read: () => parameter.read(),
    })),
    // What Python's writer notes, and some readers ask for.
    new Map([["format", "pt"]]),
  );
}
