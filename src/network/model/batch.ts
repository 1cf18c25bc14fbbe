/** Defines the inputs of a pass, which the public edge has checked. */

export type InputKind = "tokens" | "values";

export type Tokens = Uint8Array | Uint16Array | Int32Array;

/** Holds B input sequences of up to T steps, padded with 0 past each sequence's length. */
export interface Inputs {
  /** T, time steps. */
  readonly steps: number;
  /** B, sequences in the batch. */
  readonly batch: number;
  readonly kind: InputKind;
  /** [T, B] tokens, or [T, B, I] values, row-major. */
  readonly array: Tokens | Float32Array;
  /** [B], each sequence's length in [0, T]; undefined: every sequence has T steps. */
  readonly lengths: Int32Array | undefined;
  /**
   * [T, B], 1 where a sequence begins anew: the state before that step is dropped; else 0, past a sequence's length too.
   * Undefined: all are 0.
   */
  readonly resets: Uint8Array | undefined;
}

/** Returns the resets, or undefined where none is set. */
export function givenResets(resets: Uint8Array | undefined): Uint8Array | undefined {
  return resets?.includes(1) === true ? resets : undefined;
}

/** Returns whether a sequence begins anew in steps [first, first + steps). */
export function beginsAnew({ resets, batch }: Inputs, first: number, steps: number): boolean {
  return resets?.subarray(first * batch, (first + steps) * batch).includes(1) === true;
}

/** Returns the number of time steps in [from, to) that are no padding, summed over all sequences. */
export function countSteps(
  { steps, batch, lengths }: Pick<Inputs, "steps" | "batch" | "lengths">,
  from = 0,
  to = steps,
): number {
  if (lengths === undefined) return (to - from) * batch;
  return lengths.reduce((sum, length) => sum + Math.min(to, Math.max(from, length)) - from, 0);
}
