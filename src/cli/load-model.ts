/** Loads a network that `bptt train` saved, with the vocabulary that it reads and writes. */

import {
  FormatError,
  loadNetwork,
  loadVocabulary,
  OutOfMemoryError,
  readMetadata,
  type Network,
  type RuntimeOptions,
  type Vocabulary,
} from "../index.js";
import { Failure } from "./failure.js";

/** The key of the vocabulary in a model's metadata. */
export const VOCABULARY_KEY = "vocabulary";

/** The key of what a model's metadata tells of its training: JSON, the updates and the held-out loss of the best look. */
export const TRAINING_KEY = "training";

export interface TextModel {
  readonly network: Network;
  readonly vocabulary: Vocabulary;
}

/** Returns the network and its vocabulary. Throws a Failure for other files, and where kernels do not run. */
export function loadModel(path: string, bytes: Uint8Array, runtime: RuntimeOptions = {}): TextModel {
  try {
    const text = new Map(Object.entries(readMetadata(bytes))).get(VOCABULARY_KEY) ?? "";
    const vocabulary = text === "" ? undefined : loadVocabulary(text);
    const network = loadNetwork(bytes, runtime);
    const { inputSize, outputSize, bidirectional } = network.options;
    if (vocabulary?.size === inputSize && outputSize === inputSize && !bidirectional)
      return { network, vocabulary };
    network.dispose();
    throw new FormatError(
      "it is a network, but none that writes text: its metadata has no vocabulary of its size",
    );
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError && error.message.startsWith('"build"')) throw new Failure(error.message);
    if (error instanceof FormatError || error instanceof RangeError) {
      throw new Failure(`${path} is no model of bptt train: ${error.message}`);
    }
    throw error;
  }
}
