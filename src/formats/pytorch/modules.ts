/** Sorts the tensors of a PyTorch state dict by the modules that they belong to, as their names and shapes tell. */

import { FormatError } from "../../errors.js";
import { quoteName } from "../float-tensors.js";
import type { Safetensors, StoredTensor } from "../safetensors.js";

/** Names of an nn.RNN, nn.GRU or nn.LSTM; `weight_hr` is there with proj_size. */
const RECURRENT =
  /^((?:.*\.)?)((?:weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)_l(?:0|[1-9][0-9]*)(?:_reverse)?)$/s;
const WEIGHT = /^((?:.*\.)?)weight$/s;

/** The tensors of an nn.RNN, nn.GRU or nn.LSTM, as a list: a map for each of very many would be large. */
export interface RecurrentTensors {
  /** What their names begin with: empty, or with a dot at its end. */
  readonly prefix: string;
  readonly list: readonly StoredTensor[];
}

/** An nn.RNN, nn.GRU or nn.LSTM. */
export interface RecurrentModule {
  /** What its tensors' names begin with: empty, or with a dot at its end. */
  readonly prefix: string;
  /** By the rest of their names, such as `weight_ih_l0`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** An nn.Linear, or, without a bias, an nn.Linear or nn.Embedding. */
export interface PlainModule {
  readonly prefix: string;
  /** Of two dimensions. */
  readonly weight: StoredTensor;
  /** As long as the weight has rows. */
  readonly bias: StoredTensor | undefined;
}

/** The modules in the tensors' order, and all tensors that belong to none of them. */
export interface StateDict {
  readonly recurrent: readonly RecurrentTensors[];
  readonly plain: readonly PlainModule[];
  readonly foreign: readonly StoredTensor[];
}

/** Sorts the tensors; each is in one module, or foreign. */
export function sortModules(tensors: Safetensors["tensors"]): StateDict {
  const recurrent = new Map<string, StoredTensor[]>();
  const plain: PlainModule[] = [];
  const left = new Map(tensors);
  for (const [name, tensor] of tensors) {
    const own = RECURRENT.exec(name);
    if (own !== null) {
      const [, prefix] = own;
      const before = recurrent.get(prefix);
      if (before === undefined) recurrent.set(prefix, [tensor]);
      else before.push(tensor);
      left.delete(name);
      continue;
    }
    const weight = WEIGHT.exec(name);
    if (weight === null || tensor.shape.length !== 2) continue;
    const [, prefix] = weight;
    const named = tensors.get(`${prefix}bias`);
    const bias = named?.shape.length === 1 && named.shape[0] === tensor.shape[0] ? named : undefined;
    plain.push({ prefix, weight: tensor, bias });
    left.delete(name);
    if (bias !== undefined) left.delete(bias.name);
  }
  return {
    recurrent: Array.from(recurrent, ([prefix, list]) => ({ prefix, list })),
    plain,
    foreign: [...left.values()],
  };
}

/** The most modules that a message lists. */
const MOST_LISTED = 100;

/** Lists what there is, for a message. */
export function list(texts: readonly string[]): string {
  const more = texts.length - MOST_LISTED;
  return texts.slice(0, MOST_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "") || "none";
}

/** Quotes a module's prefix without the dot, as an option takes it. */
export function quotePrefix({ prefix }: { readonly prefix: string }): string {
  return quoteName(prefix.replace(/\.$/, ""));
}

/** Returns the module that an option names, with or without the dot at its end; throws a FormatError where there is none. */
export function findModule<Module extends { readonly prefix: string }>(
  option: string,
  modules: readonly Module[],
  given: string,
): Module {
  const found =
    modules.find(({ prefix }) => prefix === given) ?? modules.find(({ prefix }) => prefix === `${given}.`);
  if (found !== undefined) return found;
  throw new FormatError(
    `"options.${option}" expected a prefix of the file's, got ${quoteName(given)}: it has ${list(modules.map(quotePrefix))}`,
  );
}
