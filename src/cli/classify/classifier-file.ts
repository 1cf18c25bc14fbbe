/** Saves and loads classifiers: a network, and what it takes to read sequences as it learned them. */

import { requireInteger, requireObject } from "../../errors.js";
import {
  FormatError,
  loadNetwork,
  OutOfMemoryError,
  readMetadata,
  saveNetwork,
  SequenceCodec,
  type Network,
  type RuntimeOptions,
} from "../../index.js";
import { Failure } from "../failure.js";
import type { Trained } from "../fit/job.js";
import { TRAINING_KEY } from "../load-model.js";
import type { Fields } from "../sequences/examples.js";

/** The keys of a classifier's metadata: how data are read; and the codec of the sequences. */
export const CLASSIFIER_KEY = "classifier";
const CODEC_KEY = "sequences";

/** The version of what stands under CLASSIFIER_KEY. */
const FORMAT = 1;

export interface Classifier {
  readonly network: Network;
  readonly codec: SequenceCodec;
  readonly fields: Fields;
  /** [labels], how often each was learned from. */
  readonly counts: readonly number[];
}

/** Returns a classifier's file, which tells of its training too. */
export function saveClassifier({ network, codec, fields, counts }: Classifier, trained: Trained): Uint8Array {
  return saveNetwork(network, {
    [CLASSIFIER_KEY]: JSON.stringify({ format: FORMAT, ...fields, counts }),
    [CODEC_KEY]: JSON.stringify(codec),
    [TRAINING_KEY]: JSON.stringify(trained),
  });
}

function requireString(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new FormatError(`its ${name} is no string`);
}

function requireList(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new FormatError(`its ${name} is no list`);
}

/** Returns what `saveClassifier` wrote under CLASSIFIER_KEY. Throws an Error of any kind for anything else. */
function readFields(text: string, labels: number): Pick<Classifier, "fields" | "counts"> {
  const saved = requireObject(CLASSIFIER_KEY, JSON.parse(text) as object);
  const { format, label, sequence, group, counts }: Record<string, unknown> = { ...saved };
  requireInteger("format", format, FORMAT, FORMAT);
  const checked = requireList("counts", counts).map((count) => requireInteger("counts", count, 0));
  if (checked.length !== labels)
    throw new FormatError(`it counts ${checked.length} labels, and has ${labels}`);
  const fields = {
    label: requireString("label", label),
    sequence: requireList("sequence", sequence).map((one) => requireString("sequence", one)),
    group: group === undefined ? undefined : requireString("group", group),
  };
  return { fields, counts: checked };
}

function requireFit({ options }: Network, { kind, inputSize, labels }: SequenceCodec): void {
  const fits =
    options.output === "sequence" &&
    options.inputSize === inputSize &&
    options.outputSize === labels.length &&
    !(kind === "values" && options.embeddingSize > 0);
  if (!fits) throw new FormatError("its network is not of the size of its labels and sequences");
}

/** Returns a classifier. Throws a Failure for other files, and where kernels do not run. */
export function loadClassifier(path: string, bytes: Uint8Array, runtime: RuntimeOptions = {}): Classifier {
  let network: Network | undefined;
  try {
    const metadata = readMetadata(bytes);
    const codec = SequenceCodec.parse(metadata[CODEC_KEY] ?? "");
    const { fields, counts } = readFields(metadata[CLASSIFIER_KEY] ?? "", codec.labels.length);
    network = loadNetwork(bytes, runtime);
    requireFit(network, codec);
    return { network, codec, fields, counts };
  } catch (error) {
    network?.dispose();
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError && error.message.startsWith('"build"')) throw new Failure(error.message);
    if (error instanceof Error) throw new Failure(`${path} is no model of bptt classify: ${error.message}`);
    throw error;
  }
}
