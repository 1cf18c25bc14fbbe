/** Makes what a network learns from of labelled sequences: a part to learn from, and a part that is held out. */

import {
  classWeights,
  SequenceCodec,
  sequenceSet,
  stratifiedSplit,
  type LabelledSequence,
  type SequenceContent,
  type SequenceItem,
  type TrainingData,
} from "../../index.js";
import { Failure } from "../failure.js";
import { FORM_OF_TOKENS, formOfNumbers, placeOf, requireForm, type Examples } from "../sequences/examples.js";
import type { ClassifyPlan, Weighting } from "./classify-options.js";

/** Sequences that are measured at a time. */
const MEASURE_BATCH = 64;

/** How sequences are parted, weighed and put together. */
export interface DataPlan extends Pick<ClassifyPlan, "heldOut" | "batch" | "weighting"> {
  /** Of what is held out, and of the order. */
  readonly seed: number;
}

export interface ClassifierData {
  readonly codec: SequenceCodec;
  /** [labels], how often each is learned from. */
  readonly counts: readonly number[];
  readonly training: TrainingData;
  /** Updates in an epoch. */
  readonly updates: number;
  /** What the loss is watched on, weighed as in training. */
  readonly watched: TrainingData;
  /** The same sequences, each counting the same. */
  readonly heldOut: TrainingData;
  readonly rows: { readonly training: number; readonly heldOut: number };
}

/** What a codec's message begins with, of the first of one sequence. */
const NAMED = /^"sequences\[0\]\.?([^"]*)" /;

/** Calls `encode`, and says where the sequence stands for which it throws. */
function located<Value>(examples: Examples, i: number, encode: () => Value): Value {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = error.message.replace(NAMED, (_, field: string) => (field === "" ? "" : `${field}: `));
    throw new Failure(`${placeOf(examples, i)}: ${message}`);
  }
}

function requireLearnedForm({ kind, inputSize }: SequenceCodec, examples: Examples): void {
  const forms = { text: "text", tokens: FORM_OF_TOKENS, values: formOfNumbers(inputSize) };
  requireForm(examples, forms[kind], "as the model learned from");
}

/** Returns what a network reads of the sequences. Throws a Failure that says where the first stands that does not fit. */
export function encodeInputs(codec: SequenceCodec, examples: Examples): SequenceItem["inputs"][] {
  requireLearnedForm(codec, examples);
  return examples.sequences.map((sequence, i) => located(examples, i, () => codec.inputs([sequence])[0]));
}

function labelled(sequence: SequenceContent, label: string): LabelledSequence {
  return { ...sequence, label };
}

/** Returns the sequences with their classes. Throws a Failure as `encodeInputs`, and for a label that was not learned. */
export function encodeItems(codec: SequenceCodec, examples: Examples): SequenceItem[] {
  requireLearnedForm(codec, examples);
  return examples.sequences.map((sequence, i) =>
    located(examples, i, () => codec.items([labelled(sequence, examples.labels[i])])[0]),
  );
}

/** Returns sequences to be measured, each counting the same. */
export function measuredSet(items: readonly SequenceItem[]): TrainingData {
  return sequenceSet(items, { batch: MEASURE_BATCH, bucket: true });
}

function weightsOf(
  items: readonly SequenceItem[],
  classes: number,
  weighting: Weighting,
): Float32Array | undefined {
  if (weighting === "none") return undefined;
  const weights = classWeights(items, { classes });
  return weighting === "root" ? weights.map(Math.sqrt) : weights;
}

function requireLabels({ name, fields, labels }: Examples): void {
  const [first, ...others] = new Set(labels);
  if (others.length === 0) {
    throw new Failure(
      `${name}: expected at least two labels in ${JSON.stringify(fields.label)}, got only ${JSON.stringify(first)}`,
    );
  }
}

/** Returns the data that a plan asks for, always the same for a seed. Throws a Failure that says what of the sequences does not do. */
export function makeClassifierData(examples: Examples, plan: DataPlan): ClassifierData {
  requireLabels(examples);
  const { sequences, labels, name, fields } = examples;
  const split = stratifiedSplit(labels, { heldOut: plan.heldOut, seed: plan.seed });
  if (split.heldOut.length === 0) {
    throw new Failure(
      `${name}: expected a label that comes twice, to hold out one, got ${labels.length} different ones: ` +
        `is ${JSON.stringify(fields.label)} the label?`,
    );
  }
  const codec = SequenceCodec.from(split.training.map((i) => labelled(sequences[i], labels[i])));
  const items = encodeItems(codec, examples);
  const [training, heldOut] = [split.training, split.heldOut].map((part) => part.map((i) => items[i]));
  const classes = codec.labels.length;
  const counts = new Map(codec.labels.map((label) => [label, 0]));
  for (const i of split.training) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  const weights = weightsOf(training, classes, plan.weighting);
  const weighing = weights === undefined ? {} : { classWeights: weights };
  const { batch, seed } = plan;
  return {
    codec,
    counts: [...counts.values()],
    training: sequenceSet(training, { batch, seed, shuffle: true, bucket: true, ...weighing }),
    updates: Math.ceil(training.length / batch),
    watched: sequenceSet(heldOut, { batch: MEASURE_BATCH, bucket: true, ...weighing }),
    heldOut: measuredSet(heldOut),
    rows: { training: training.length, heldOut: heldOut.length },
  };
}
