/** Takes excerpts of a text, to measure a network that reads it. */

import type { Sequence, Target, Vocabulary } from "../index.js";
import { Failure } from "./failure.js";
import { readWith, tokenKind, type Reading } from "./text-vocabulary.js";

export interface Excerpts extends Pick<Reading, "unknown" | "note"> {
  readonly sequence: Sequence;
  /** The next token at every step. */
  readonly target: Target;
}

/**
 * Takes `batch` excerpts of `window` tokens, evenly spread; fewer where the text has not so many. Throws
 * a Failure where it has none.
 */
export function takeExcerpts(
  path: string,
  text: string,
  vocabulary: Vocabulary,
  { window, batch }: { window: number; batch: number },
): Excerpts {
  const { tokens, unknown, note } = readWith(vocabulary, text);
  const most = Math.floor(tokens.length / (window + 1));
  if (most < 1) {
    const left = unknown > 0 && vocabulary.unknown === undefined ? " that the model knows" : "";
    throw new Failure(
      `${path} has ${tokens.length} ${tokenKind(vocabulary).many}${left}, and an excerpt takes ${window + 1}: choose a smaller --window`,
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
    note,
  };
}
