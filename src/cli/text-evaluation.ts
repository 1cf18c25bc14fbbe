/** Measures a network that writes text on another text. */

import { evaluate, type Evaluation, type TrainingData, type TrainingWindow } from "../index.js";
import { Failure } from "./failure.js";
import type { TextModel } from "./load-model.js";
import { readWith, tokenKind, type TokenKind } from "./text-vocabulary.js";

/** Tokens from which on a text is read at several places at once, each of which begins without what stands before it. */
const LEAST_PART = 10_000;
const MOST_PARTS = 8;

/** Steps of a window; the state is carried from each to the next. */
const WINDOW = 128;

export interface TextFigures {
  /** What the model reads at each step. */
  readonly token: TokenKind["one"];
  /** Tokens that were to be told, each from those before it: all but the first. */
  readonly tokens: number;
  /** Characters that the model does not know, which are left out; words that it does not know, which are one token to it. */
  readonly unknown: number;
  /** Nats a token. */
  readonly loss: number;
  /** Bits a token. */
  readonly bits: number;
  readonly perplexity: number;
  /** The share of tokens that were the likeliest. */
  readonly accuracy: number;
}

/** Returns windows in which every token but the first is a target once. */
export function everyToken(tokens: Int32Array): TrainingData {
  const targets = tokens.length - 1;
  const B = Math.max(1, Math.min(MOST_PARTS, Math.floor(targets / LEAST_PART)));
  const part = Math.ceil(targets / B);
  function* windows(): Generator<TrainingWindow, void> {
    for (let from = 0; from < part; from += WINDOW) {
      const T = Math.min(WINDOW, part - from);
      const inputs = new Int32Array(T * B);
      const classes = new Int32Array(T * B).fill(-1);
      for (let b = 0; b < B; b++) {
        for (let t = 0; t < T; t++) {
          const at = b * part + from + t;
          if (at >= targets) continue;
          inputs[t * B + b] = tokens[at];
          classes[t * B + b] = tokens[at + 1];
        }
      }
      yield { inputs: { steps: T, batch: B, tokens: inputs }, targets: { classes }, carry: from > 0 };
    }
  }
  return { [Symbol.iterator]: windows };
}

/** Measures a model on a text that is called `name`, and says what it does not know. Throws a Failure for a text of less than two tokens. */
export async function measureText(
  { network, vocabulary }: TextModel,
  name: string,
  text: string,
): Promise<{ figures: TextFigures; note: string | undefined }> {
  const { tokens, unknown, note } = readWith(vocabulary, text);
  const { one } = tokenKind(vocabulary);
  if (tokens.length < 2) {
    throw new Failure(
      `${name} has ${tokens.length === 0 ? "no" : "one"} ${one}${vocabulary.unknown === undefined ? " that the model knows" : ""}: two are needed`,
    );
  }
  const {
    loss,
    bits = NaN,
    perplexity = NaN,
    accuracy = NaN,
  }: Evaluation = await evaluate(network, everyToken(tokens));
  return {
    figures: { token: one, tokens: tokens.length - 1, unknown, loss, bits, perplexity, accuracy },
    note,
  };
}
