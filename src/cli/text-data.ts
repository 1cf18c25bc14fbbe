/** Makes training data of a text: most of it to learn from, its end held out. */

import { CharVocabulary, tokenStream, type TrainingData } from "../index.js";
import { Failure } from "./failure.js";

/** The share of the text that is held out. */
const HELD_OUT = 0.05;

/** Characters of all excerpts together, which take a few tenths of a second to evaluate. */
const EXCERPTS = 16_384;

/** Cursors over the held-out part, which is short. */
const HELD_OUT_BATCH = 8;

/** Holds a text's vocabulary, its training windows and what is held out. */
export interface TextData {
  readonly vocabulary: CharVocabulary;
  readonly characters: number;
  readonly training: TrainingData;
  /** Windows, and so updates, in an epoch. */
  readonly windows: number;
  /** The held-out part, and excerpts of it for looks in between; undefined where the text is too short. */
  readonly heldOut: { readonly all: TrainingData; readonly excerpts: TrainingData } | undefined;
}

function holdOut(tokens: Int32Array, window: number): TextData["heldOut"] {
  const all = heldOutStream(tokens, window);
  const excerpts = heldOutStream(drawExcerpts(tokens), window);
  return all === undefined || excerpts === undefined ? undefined : { all, excerpts };
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

/** Returns the text as training data. Throws a Failure where it is empty, too short or malformed. */
export function readTextData(text: string, batch: number, window: number): TextData {
  if (text.length === 0) throw new Failure("the text is empty");
  let vocabulary: CharVocabulary;
  try {
    vocabulary = CharVocabulary.from(text);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
  const tokens = vocabulary.encode(text);
  const kept = tokens.length - Math.floor(tokens.length * HELD_OUT);
  const least = batch * (window + 1);
  if (kept < least) {
    throw new Failure(
      `the text has ${tokens.length} characters, and one update takes ${Math.ceil(least / (1 - HELD_OUT))} ` +
        `(--batch ${batch}, --window ${window}): choose smaller ones, or a longer text`,
    );
  }
  const training = tokenStream(tokens.subarray(0, kept), { batch, window });
  return {
    vocabulary,
    characters: tokens.length,
    training,
    windows: training.windows,
    heldOut: holdOut(tokens.subarray(kept), window),
  };
}
