/** Stores a network as a safetensors file: its parameters by PyTorch's names, its options in the metadata. */

import { describe, FormatError, requireChoice, requireOptions } from "../errors.js";
import { requireNetwork } from "../network/network.js";
import { completeOptions } from "../network/options.js";
import { parameterShapes } from "../network/parameters/plan.js";
import type {
  CompleteOptions,
  Network,
  NetworkOptions,
  Parameter,
  RuntimeOptions,
} from "../network/types.js";
import { describeTensor } from "./float-tensors.js";
import { HALF_OVERFLOW, narrowToHalves } from "./half.js";
import { loadParameters } from "./load-parameters.js";
import { requireMetadata } from "./metadata.js";
import {
  encodeSafetensors,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  type TensorSource,
} from "./safetensors.js";
import { StrictJson } from "./strict-json.js";

/** Prefix of the metadata keys that are the library's own. */
const OWN = "bptt.";
const FORMAT_KEY = `${OWN}format`;
const OPTIONS_KEY = `${OWN}options`;
/** The format's version, which goes up when older versions of the library would misread new files. */
const FORMAT = "1";

/** The types that parameters are saved in; the first is the default. */
const DTYPES = ["F32", "F16"] as const;

export interface SaveNetworkOptions {
  /**
   * Default "F32", bit for bit. "F16": half the size, each parameter rounded to 11 significant bits (below 2^-14 in magnitude to
   * whole 2^-24); NaN and infinities stay.
   */
  dtype?: (typeof DTYPES)[number];
}

/** Returns the file with these values of the parameters, by default theirs, and checked texts; what training keeps of its network. */
export function encodeNetwork(
  { options, parameters }: Network,
  sources: readonly TensorSource[] = parameters,
  texts: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const ownEntries = [
    [FORMAT_KEY, FORMAT],
    [OPTIONS_KEY, JSON.stringify(options)],
  ] as const;
  return encodeSafetensors(sources, new Map([...ownEntries, ...texts]));
}

/** Returns the parameter as F16; `read` throws a RangeError for a finite value that would become an infinity. */
function halfSource(parameter: Parameter): TensorSource {
  const { name, shape } = parameter;
  const read = (): Uint16Array => {
    const values = parameter.read();
    const at = values.findIndex((value) => Number.isFinite(value) && Math.abs(value) >= HALF_OVERFLOW);
    if (at >= 0) {
      throw new RangeError(
        `"options.dtype" expected "F32", got "F16": parameter "${name}" has ${values[at]} at ${at}, and F16 ends below ${HALF_OVERFLOW}`,
      );
    }
    return narrowToHalves(values);
  };
  return { name, shape, dtype: "F16", read };
}

/**
 * Returns a safetensors file with the network's options and parameters, and the given texts.
 * Gradients, trainability and optimizers are not part of it. Throws a TypeError for a text that is not a
 * string; a RangeError for a key that begins with "bptt.", a text that is not well-formed Unicode or too many
 * texts, and, of F16, for a parameter of 65520 or more in magnitude, which it names; and an OutOfMemoryError
 * when there is no room for the file.
 */
export function saveNetwork(
  network: Network,
  metadata: Record<string, string> = {},
  options: SaveNetworkOptions = {},
): Uint8Array {
  const { parameters } = requireNetwork(network);
  const texts = requireMetadata(metadata, { prefix: OWN, entries: 2 });
  const { dtype = "F32" } = requireOptions("options", options, ["dtype"]);
  requireChoice("options.dtype", dtype, DTYPES);
  return encodeNetwork(network, dtype === "F32" ? parameters : parameters.map(halfSource), texts);
}

/** Reads a file of saveNetwork, of the version understood; throws a FormatError for any other. */
function readNetworkFile(bytes: Uint8Array): Safetensors {
  const file = parseSafetensors(bytes);
  const format = file.metadata.get(FORMAT_KEY);
  if (format !== FORMAT) {
    const came = format === undefined ? "none: not a file of saveNetwork" : describe(format);
    throw new FormatError(
      `metadata "${FORMAT_KEY}" expected "${FORMAT}", the version understood, got ${came}`,
    );
  }
  return file;
}

/**
 * Completes options by the network's own check; an error in them is a FormatError of the file, and so is an unknown one: one of a
 * later version would be lost without a word.
 */
function completeFileOptions(given: object): CompleteOptions {
  try {
    // completeOptions itself checks that they are options.
    return completeOptions(given as NetworkOptions);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new FormatError(`metadata "${OPTIONS_KEY}": ${message}`, { cause: error });
  }
}

function oneLayer(options: { layers?: unknown; dropout?: unknown }): boolean {
  const { layers = 1, dropout } = options;
  return layers === 1 && typeof dropout === "number" && dropout > 0 && dropout < 1;
}

/** Returns the complete options; options that the file does not name have their defaults. */
function readOptions(metadata: ReadonlyMap<string, string>): CompleteOptions {
  const text = metadata.get(OPTIONS_KEY);
  if (text === undefined) throw new FormatError(`metadata "${OPTIONS_KEY}" expected the options, got none`);
  const json = new StrictJson(new TextEncoder().encode(text), `metadata "${OPTIONS_KEY}"`);
  const given: object = Object.fromEntries(
    json.readObject((name): unknown => {
      if (name !== "initialization") return json.readScalar();
      return Object.fromEntries(json.readObject(() => json.readScalar()));
    }),
  );
  json.finish();
  // Files of a network of one layer may have a dropout, which never did anything.
  return completeFileOptions(oneLayer(given) ? { ...given, dropout: 0 } : given);
}

/**
 * Returns the tensors of all parameters in the parameters' order; throws a FormatError for a wrong shape, or
 * a missing or additional tensor.
 */
function requireTensors(tensors: Safetensors["tensors"], options: CompleteOptions): StoredTensor[] {
  const { layers } = options;
  // Checked first: the names of ten thousand layers take megabytes, which a small file must not cost.
  if (layers > tensors.size) {
    throw new FormatError(`expected tensors for ${layers} layers, got ${tensors.size} tensors`);
  }
  const shapes = parameterShapes(options);
  const ordered = [...shapes].map(([name, shape]) => {
    const tensor = tensors.get(name);
    const dtype = DTYPES.find((known) => known === tensor?.dtype) ?? DTYPES.join(" or ");
    const expected = `${dtype} [${shape.join(", ")}]`;
    if (tensor === undefined || describeTensor(tensor) !== expected) {
      throw new FormatError(`tensor "${name}" expected ${expected}, got ${describeTensor(tensor)}`);
    }
    return tensor;
  });
  for (const [name, tensor] of tensors) {
    if (!shapes.has(name)) {
      throw new FormatError(
        `tensor ${describe(name)} expected none of this name, got ${describeTensor(tensor)}`,
      );
    }
  }
  return ordered;
}

/**
 * Loads a network from a file of saveNetwork: the same options and, bit for bit, the parameters in it, in the
 * build, and on the threads, that `runtime` asks for. Throws a TypeError for bytes that are no Uint8Array; a FormatError, before
 * any memory is taken, for anything that is not such a file; a TypeError or RangeError for a wrong `runtime`;
 * an OutOfMemoryError when there is no room.
 */
export function loadNetwork(bytes: Uint8Array, runtime?: RuntimeOptions): Network {
  const { metadata, tensors, data } = readNetworkFile(bytes);
  const options = readOptions(metadata);
  const stored = requireTensors(tensors, options);
  return loadParameters(options, runtime, data, stored);
}

/**
 * Returns the texts that saveNetwork was given. Throws a TypeError for bytes that are no Uint8Array, and a
 * FormatError for anything that is not a file of saveNetwork.
 */
export function readMetadata(bytes: Uint8Array): Record<string, string> {
  const { metadata } = readNetworkFile(bytes);
  return Object.fromEntries([...metadata].filter(([key]) => !key.startsWith(OWN)));
}
