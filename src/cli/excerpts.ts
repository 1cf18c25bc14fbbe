/** Takes excerpts of a text, to measure a network that reads it. */

import type { CharVocabulary, Sequence, Target } from "../index.js";
import { Failure } from "./failure.js";

export interface Excerpts {
  readonly sequence: Sequence;
  /** The next character at every step. */
  readonly target: Target;
  /** Number of characters of the text that the network does not know; they are left out. */
  readonly unknown: number;
}

/**
 * Takes `batch` excerpts of `window` characters, evenly spread; fewer where the text has not so many. Throws
 * a Failure where it has none.
 */
export function takeExcerpts(
  path: string,
  text: string,
  vocabulary: CharVocabulary,
  { window, batch }: { window: number; batch: number },
): Excerpts {
  const tokens = vocabulary.encode(text, { unknown: "skip" });
  const unknown = Array.from(text).length - tokens.length;
  const most = Math.floor(tokens.length / (window + 1));
  if (most < 1) {
    const left = unknown > 0 ? ` that the model knows` : "";
    throw new Failure(
      `${path} has ${tokens.length} characters${left}, and an excerpt takes ${window + 1}: choose a smaller --window`,
    );
  }
  const B = Math.min(batch, most);
  const part = Math.floor(tokens.length / B);
  const take = (ahead: number): Int32Array =>
    Int32Array.from({ length: window * B }, (_, i) => tokens[(i % B) * part + Math.floor(i / B) + ahead]);
  return {
    sequence: { steps: window, batch: B, tokens: take(0) },
    target: { classes: take(1) },
    unknown,
  };
}
