/** Makes networks of PyTorch's state dicts. */

import { FormatError, describe, requireChoice, requireOptions } from "../../errors.js";
import { completeOptions } from "../../network/options.js";
import { parameterShapes } from "../../network/parameters/plan.js";
import type { Cell, CompleteOptions, Network, NetworkOptions, RuntimeOptions } from "../../network/types.js";
import { describeTensor, floatTypes, quoteName } from "../float-tensors.js";
import { loadParameters } from "../load-parameters.js";
import { parseSafetensors, type Safetensors, type StoredTensor } from "../safetensors.js";
import { sortModules, type PlainModule, type RecurrentModule } from "./modules.js";
import { chooseRecurrent, pytorchCells, readSizes, type PyTorchCell } from "./recurrent.js";
import { chooseRoles, type Roles } from "./roles.js";

/** Prefixes are those of the tensors' names, with or without the dot at their end. */
export interface FromPyTorchOptions {
  /** Default: what the shapes say, "elman" of an nn.RNN; "elman-relu" of one with `nonlinearity="relu"`, which a file does not tell. */
  cell?: Cell;
  /** The prefix of the nn.RNN, nn.GRU or nn.LSTM; default: the only one. "": names without a prefix. */
  rnn?: string;
  /** The prefix of the nn.Linear that reads the states; null: none; default: the only one that fits. */
  head?: string | null;
  /** The prefix of the nn.Embedding; null: none; default: the only one that fits. */
  embedding?: string | null;
  /** Default "step"; "sequence": the head reads the final states, [B, D*H]. */
  output?: "step" | "sequence";
}

/** The options, each read once. */
interface Checked {
  readonly cell: PyTorchCell | undefined;
  readonly rnn: string | undefined;
  readonly head: string | null | undefined;
  readonly embedding: string | null | undefined;
  readonly output: "step" | "sequence";
}

function requirePrefix(name: string, value: unknown, what = "a prefix"): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`"options.${name}" expected ${what}, got ${describe(value)}`);
}

function requirePrefixOrNull(name: string, value: unknown): string | null | undefined {
  return value === null ? null : requirePrefix(name, value, "a prefix or null");
}

function requireChecked(options: FromPyTorchOptions): Checked {
  const given = requireOptions("options", options, ["cell", "rnn", "head", "embedding", "output"]);
  const { cell, rnn, head, embedding, output = "step" } = given;
  return {
    cell: cell === undefined ? undefined : requireChoice("options.cell", cell, pytorchCells),
    rnn: requirePrefix("rnn", rnn),
    head: requirePrefixOrNull("head", head),
    embedding: requirePrefixOrNull("embedding", embedding),
    output: requireChoice("options.output", output, ["step", "sequence"]),
  };
}

/** What a file of `torch.save` begins with: a zip archive. */
const ZIP = [0x50, 0x4b, 0x03, 0x04];

/** Parses the file; says so where it is a file of `torch.save` instead. */
function parseFile(bytes: Uint8Array): Safetensors {
  try {
    return parseSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof FormatError && ZIP.every((byte, i) => bytes[i] === byte))) throw error;
    throw new FormatError(
      "safetensors file: expected one, got a zip archive, as torch.save writes: save_file of safetensors.torch writes the former",
      { cause: error },
    );
  }
}

/** Completes the options by the network's own check: more layers than a network has are the file's fault. */
function completeFileOptions(options: NetworkOptions): CompleteOptions {
  try {
    return completeOptions(options);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new FormatError(`PyTorch's tensors: ${message}`, { cause: error });
  }
}

/** Returns the rows of a module's weight; throws a FormatError for none, which would mean that there is no such module. */
function rowsOf({ weight }: PlainModule): number {
  const [rows] = weight.shape;
  if (rows > 0) return rows;
  throw new FormatError(
    `tensor ${quoteName(weight.name)} expected at least one row, got ${describeTensor(weight)}`,
  );
}

/** Returns the tensors of all parameters in the parameters' order, undefined for a missing bias; throws a FormatError that names one. */
function requireTensors(
  options: CompleteOptions,
  { prefix, tensors }: RecurrentModule,
  { head, embedding }: Roles,
): (StoredTensor | undefined)[] {
  const others = new Map([
    ["embedding.weight", embedding?.weight],
    ["head.weight", head?.weight],
    ["head.bias", head?.bias],
  ]);
  return Array.from(parameterShapes(options), ([name, shape]) => {
    const own = name.replace(/^rnn\./, "");
    const tensor = others.get(name) ?? tensors.get(own);
    if (tensor === undefined && own.startsWith("bias_")) return undefined;
    if (tensor === undefined && name === "head.bias") return undefined;
    const known = tensor !== undefined && floatTypes.includes(tensor.dtype);
    if (known && tensor.shape.join() === shape.join()) return tensor;
    const types = known ? tensor.dtype : floatTypes.join(" or ");
    throw new FormatError(
      `tensor ${quoteName(tensor?.name ?? prefix + own)} expected ${types} [${shape.join(", ")}], got ${describeTensor(tensor)}`,
    );
  });
}

/** Returns whether both weights have the same values, bit for bit: tied weights. */
function sameWeights(data: Uint8Array, a: PlainModule, b: PlainModule): boolean {
  if (describeTensor(a.weight) !== describeTensor(b.weight)) return false;
  const [first, second] = [a, b].map(({ weight }) => data.subarray(weight.begin, weight.end));
  return first.every((byte, i) => byte === second[i]);
}

/**
 * Makes a network of a PyTorch state dict that is saved as safetensors: one nn.RNN, nn.GRU or nn.LSTM, an nn.Embedding before it
 * and an nn.Linear behind it if there are any, under whatever names; F32, F64, F16 or BF16. From a `.pt` file, in Python:
 *
 * ```python
 * import torch; from safetensors.torch import save_file
 * save_file({k: v.clone().contiguous() for k, v in torch.load("model.pt", map_location="cpu").items()}, "model.safetensors")
 * ```
 *
 * (`.state_dict().items()` where the file holds a whole model; `clone` parts tied weights, which `save_file` refuses.)
 *
 * The recurrent module is what has a `weight_ih_l0`; its cell, layers and directions follow from names and shapes. The head is a
 * weight of two dimensions, [O, D·H], with or without a bias; the embedding is [I, E], E the width of the recurrent module's
 * inputs, without one. Missing biases are zeros. What remains undecided an option chooses; the other candidates for that place,
 * weights of two dimensions with their bias, are then left out. A state dict says nothing of dropout: it is 0.
 *
 * `runtime`: the build, and a pool of threads to run on, as of `createNetwork`.
 *
 * Throws a FormatError for bytes that are no safetensors file; for several candidates, all of which it names; for options that
 * name what is not in the file, or do not fit it; for any other tensor, missing ones, wrong shapes, another type, a projection
 * (`proj_size`), and a finite F64 beyond float32, which it names. NaN and infinities are taken. Throws a TypeError or RangeError
 * for wrong arguments; an OutOfMemoryError. No memory is taken before shapes and types are checked.
 */
export function fromPyTorch(
  bytes: Uint8Array,
  options: FromPyTorchOptions = {},
  runtime?: RuntimeOptions,
): Network {
  const { cell: wanted, rnn, head: headWish, embedding: embeddingWish, output } = requireChecked(options);
  const { tensors, data } = parseFile(bytes);
  const { recurrent, plain, foreign } = sortModules(tensors);
  const module = chooseRecurrent(recurrent, rnn);
  if (foreign.length > 0) {
    const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : "";
    throw new FormatError(
      `tensor ${quoteName(foreign[0].name)} expected none beside a recurrent module, a head and an embedding, ` +
        `got ${describeTensor(foreign[0])}${more}`,
    );
  }
  const { cell, width, hiddenSize, layers, bidirectional } = readSizes(module, wanted);
  const roles = chooseRoles(
    plain,
    { inputs: width, states: (bidirectional ? 2 : 1) * hiddenSize },
    { head: headWish, embedding: embeddingWish },
    (a, b) => sameWeights(data, a, b),
  );
  const complete = completeFileOptions({
    cell,
    hiddenSize,
    layers,
    bidirectional,
    output,
    inputSize: roles.embedding === undefined ? width : rowsOf(roles.embedding),
    embeddingSize: roles.embedding === undefined ? 0 : width,
    outputSize: roles.head === undefined ? 0 : rowsOf(roles.head),
  });
  return loadParameters(complete, runtime, data, requireTensors(complete, module, roles));
}
