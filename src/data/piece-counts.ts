/** Counts the words, symbols and white space of a text, and says which of them a vocabulary has. */

import { requireInteger, requireOptions } from "../errors.js";
import { PieceCutter, simplerPieces, UNKNOWN, type TakePiece } from "./pieces.js";

/** Configures `WordVocabulary.from` and `readWordVocabulary`. */
export interface WordVocabularyOptions {
  /** How often the text must have a word for it to be a token; default 2: what occurs once teaches the unknown token. */
  minCount?: number;
  /** The most tokens, the unknown one among them: the most frequent words are kept; default no limit. */
  maxSize?: number;
}

const LARGEST = 0x7fff_ffff;

export function requireWordCut(options: WordVocabularyOptions): Required<WordVocabularyOptions> {
  const { minCount = 2, maxSize = LARGEST } = requireOptions("options", options, ["minCount", "maxSize"]);
  return {
    minCount: requireInteger("minCount", minCount, 1),
    maxSize: requireInteger("maxSize", maxSize, 2, LARGEST),
  };
}

/** Returns the piece in memory of its own: a slice would keep the text alive that it was cut out of. */
function detached(piece: string): string {
  return ` ${piece}`.slice(1);
}

/** Counts the pieces of a text, which may come in parts. */
export class PieceCounts {
  private readonly counts = new Map<string, number>();
  private readonly cutter = new PieceCutter();
  private readonly take: TakePiece = (piece) => {
    const count = this.counts.get(piece);
    if (count !== undefined) this.counts.set(piece, count + 1);
    else if (piece.trim() !== UNKNOWN) this.counts.set(detached(piece), 1);
  };

  /** Counts the pieces of the next part. */
  push(part: string): void {
    this.cutter.push(part, this.take);
  }

  /** Counts the pieces that are left, those of a last part among them. */
  finish(part = ""): void {
    this.cutter.finish(this.take, part);
  }

  /**
   * Returns what occurs often enough, the most frequent first, equals in the order of their code units. Throws a RangeError that
   * names the text where nothing does.
   */
  frequent(name: string, { minCount, maxSize }: Required<WordVocabularyOptions>): string[] {
    const counts = new Map(this.counts);
    for (const [piece, count] of this.counts) {
      if (count >= minCount) continue;
      for (const simpler of simplerPieces(piece)) counts.set(simpler, (counts.get(simpler) ?? 0) + count);
    }
    const words = [...counts]
      .filter(([, count]) => count >= minCount)
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, maxSize - 1)
      .map(([piece]) => piece);
    if (words.length > 0) return words;
    throw new RangeError(
      `"${name}" expected a word that occurs at least ${minCount} times (minCount), got none`,
    );
  }
}
