/** Tells from a model's metadata what it is for. */

import { FormatError, readMetadata } from "../index.js";
import { Failure } from "./failure.js";
import { VOCABULARY_KEY } from "./load-model.js";
import { CLASSIFIER_KEY } from "./classify/classifier-file.js";
import { FORECASTER_KEY } from "./forecast/forecaster-file.js";

/** For each kind the key of the metadata that only its models have. */
const keys = { text: VOCABULARY_KEY, classifier: CLASSIFIER_KEY, forecaster: FORECASTER_KEY } as const;

/** What models are for. A command has a row for each: a new kind does not compile before all have one. */
export type ModelKind = keyof typeof keys;

/** Returns what a model is for. Throws a Failure for other files. */
export function kindOfModel(path: string, bytes: Uint8Array): ModelKind {
  try {
    const metadata = new Map(Object.entries(readMetadata(bytes)));
    const kind = (Object.keys(keys) as ModelKind[]).find((one) => metadata.has(keys[one]));
    if (kind !== undefined) return kind;
  } catch (error) {
    if (error instanceof FormatError) throw new Failure(`${path} is no model of bptt: ${error.message}`);
    throw error;
  }
  throw new Failure(
    `${path} is a network, but no model of bptt train, forecast or classify: its metadata does not say what it reads`,
  );
}
