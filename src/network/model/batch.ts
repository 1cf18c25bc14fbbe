/** The inputs that a pass works on, checked where they came in. */

export type InputKind = "tokens" | "values";

export type Tokens = Uint8Array | Uint16Array | Int32Array;

/** A sequence; what stands past a length is 0. */
export interface Inputs {
  /** T. */
  readonly steps: number;
  /** B. */
  readonly batch: number;
  readonly kind: InputKind;
  /** [T, B] tokens, or [T, B, I] values. */
  readonly array: Tokens | Float32Array;
  /** [B], each in [0, T]; undefined: all T. */
  readonly lengths: Int32Array | undefined;
}

/** Steps that are no padding, of all sequences, within steps [from, to). */
export function countSteps(
  { steps, batch, lengths }: Omit<Inputs, "kind" | "array">,
  from = 0,
  to = steps,
): number {
  if (lengths === undefined) return (to - from) * batch;
  return lengths.reduce((sum, length) => sum + Math.min(to, Math.max(from, length)) - from, 0);
}
