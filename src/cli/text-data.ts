/** Makes training data of a text: most of it to learn from, its end held out. */

import { tokenStream, type TrainingData, type Vocabulary } from "../index.js";
import { Failure } from "./failure.js";
import { encodeText, tokenKind, type VocabularyPlan } from "./text-vocabulary.js";

/** The share of the text that is held out. */
const HELD_OUT = 0.05;

/** Tokens of all excerpts together, which take a few tenths of a second to evaluate. */
const EXCERPTS = 16_384;

/** Cursors over the held-out part, which is short. */
const HELD_OUT_BATCH = 8;

interface HeldOut {
  readonly tokens: Int32Array;
  readonly all: TrainingData;
  readonly excerpts: TrainingData;
}

/** Holds a text's vocabulary, its training windows and what is held out. */
export interface TextData {
  readonly vocabulary: Vocabulary;
  /** The number of tokens, those held out among them. */
  readonly tokens: number;
  readonly training: TrainingData;
  /** Windows, and so updates, in an epoch. */
  readonly windows: number;
  /** The held-out part, and excerpts of it for looks in between; undefined where the text is too short. */
  readonly heldOut: HeldOut | undefined;
}

function holdOut(tokens: Int32Array, window: number): HeldOut | undefined {
  const all = heldOutStream(tokens, window);
  const excerpts = heldOutStream(drawExcerpts(tokens), window);
  return all === undefined || excerpts === undefined ? undefined : { tokens, all, excerpts };
}

/** Returns a stretch for each cursor, evenly spread, since a text may change its kind on the way. */
function drawExcerpts(tokens: Int32Array): Int32Array {
  if (tokens.length <= EXCERPTS) return tokens;
  const length = EXCERPTS / HELD_OUT_BATCH;
  const part = Math.floor(tokens.length / HELD_OUT_BATCH);
  const excerpts = new Int32Array(EXCERPTS);
  for (let b = 0; b < HELD_OUT_BATCH; b++) {
    excerpts.set(tokens.subarray(b * part, b * part + length), b * length);
  }
  return excerpts;
}

/** Returns windows of up to `window` steps that leave out the fewest tokens; undefined for less than two. */
function heldOutStream(tokens: Int32Array, window: number): TrainingData | undefined {
  const batch = Math.max(1, Math.min(HELD_OUT_BATCH, Math.floor(tokens.length / (window + 1))));
  const steps = Math.min(window, Math.floor(tokens.length / batch) - 1);
  return steps >= 1 ? tokenStream(tokens, { batch, window: steps }) : undefined;
}

/** Returns the text as training data. Throws a Failure where it is empty or too short. */
export function readTextData(
  text: string,
  { vocabulary: plan, batch, window }: { vocabulary: VocabularyPlan; batch: number; window: number },
): TextData {
  if (text.length === 0) throw new Failure("the text is empty");
  const { vocabulary, learned, heldOut } = encodeText(plan, text, HELD_OUT);
  const tokens = learned.length + heldOut.length;
  const least = batch * (window + 1);
  if (learned.length < least) {
    throw new Failure(
      `the text has ${tokens} ${tokenKind(vocabulary).many}, and one update takes ${Math.ceil(least / (1 - HELD_OUT))} ` +
        `(--batch ${batch}, --window ${window}): choose smaller ones, or a longer text`,
    );
  }
  const training = tokenStream(learned, { batch, window });
  return { vocabulary, tokens, training, windows: training.windows, heldOut: holdOut(heldOut, window) };
}
