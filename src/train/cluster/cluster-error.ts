/**
 * Signals that ranks of a cluster cannot go on together: one failed, left, or was found to do something else than the others. It is
 * thrown on every rank but that which failed, whose own error it names.
 */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
  /** The ranks that failed, left, or differ from rank 0. */
  readonly ranks: readonly number[];

  constructor(message: string, ranks: readonly number[]) {
    super(message);
    this.ranks = ranks;
  }
}

/** Returns "rank 2" or "ranks 1 and 2", at most four by number. */
export function nameRanks(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  if (ranks.length > 4) return `${ranks.length} ranks (${ranks.slice(0, 4).join(", ")}, …)`;
  return `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks[ranks.length - 1]}`;
}
