/** Reads models of bptt, of PyTorch and of ONNX, told apart by what their files begin with. */

import { fromOnnx } from "../../formats/onnx/from-onnx.js";
import {
  FormatError,
  fromPyTorch,
  loadNetwork,
  OutOfMemoryError,
  readMetadata,
  type Network,
} from "../../index.js";
import { Failure } from "../failure.js";

/** What wrote a file. */
export type ModelOrigin = "bptt" | "PyTorch" | "ONNX";

export type PyTorchOptions = NonNullable<Parameters<typeof fromPyTorch>[1]>;

/** The first byte of a safetensors header, behind eight of its length. */
const BRACE = 0x7b;

/** What an archive of torch.save begins with: "PK", and the number of a zip's first record. */
const ARCHIVE = [0x50, 0x4b, 0x03, 0x04];

/** What an ONNX file may begin with: the tags of its version, producer, domain, text, graph and operators. */
const MODEL = [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/** Returns what wrote the file, as far as its beginning tells. Throws a Failure for another file, an archive of torch.save say. */
export function originOf(path: string, bytes: Uint8Array): ModelOrigin {
  if (bytes[8] !== BRACE) {
    if (ARCHIVE.every((byte, at) => bytes[at] === byte)) {
      throw new Failure(
        `${path} is an archive of torch.save, which only Python reads. There: ` +
          `from safetensors.torch import save_model; save_model(model, "model.safetensors")`,
      );
    }
    if (MODEL.includes(bytes[0])) return "ONNX";
    throw new Failure(
      `${path} is no model: neither a safetensors file, of bptt or of PyTorch, nor one of ONNX`,
    );
  }
  try {
    readMetadata(bytes);
    return "bptt";
  } catch (error) {
    if (error instanceof FormatError) return "PyTorch";
    throw error;
  }
}

/** Speaks of the command line's options where a message speaks of a function's. */
function asOptions(message: string): string {
  return message
    .replace(/"options\.(\w+)"/g, "--$1")
    .replace("null for none", "--no-head and --no-embedding say that there is none");
}

/** Loads a network of any of the three. `options`: for PyTorch's alone. Throws a Failure that names the file. */
export function readAnyModel(path: string, bytes: Uint8Array, options: PyTorchOptions = {}): Network {
  const origin = originOf(path, bytes);
  try {
    if (origin === "bptt") return loadNetwork(bytes);
    return origin === "ONNX" ? fromOnnx(bytes) : fromPyTorch(bytes, options);
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (!(error instanceof FormatError || error instanceof RangeError)) throw error;
    throw new Failure(`${path} cannot be read as a model of ${origin}: ${asOptions(error.message)}`);
  }
}
