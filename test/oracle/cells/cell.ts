/** What a cell is to the oracle: one step of one sequence, between the matrix products and the next state. */

/** What one step reads, or the gradient of each of these. */
export interface CellStep {
  /** W_ih x_t + b_ih, [G*H]. */
  input: Float64Array;
  /** W_hh h_{t-1} + b_hh, [G*H]. */
  recurrent: Float64Array;
  /** h_{t-1}, [H]. */
  h: Float64Array;
  /** c_{t-1}, [H]; empty in a cell without one. */
  c: Float64Array;
}

export interface CellState {
  /** [H]. */
  h: Float64Array;
  /** [H]; empty in a cell without one. */
  c: Float64Array;
}

/** An activation is a gate, candidate or state of all units, [H], after what squashes it. */
export interface Activation {
  readonly values: Float64Array;
  readonly by: "sigmoid" | "tanh" | "relu" | "identity";
}

export interface OracleCell {
  /** G: how many blocks of H rows the weights have. */
  readonly gates: number;
  /** Whether there is a recurrent product: else no W_hh, no b_hh, and `recurrent` is empty. */
  readonly recurs: boolean;
  /** Whether the state has a c beside its h. */
  readonly keepsC: boolean;
  /** It is true where another gate multiplies the recurrent part of the last one, whose gradient then is not the input's. */
  readonly candidateApart?: boolean;
  /** What layer normalisation takes together; none: the cell does without. */
  readonly norm?: {
    /** Whether W_ih x + W_hh h is normalised as one, or each product by itself. */
    readonly joint: boolean;
    /** The blocks of each group, one after the other. A c is normalised too, on its way to h. */
    readonly groups: readonly number[];
  };
  /**
   * Returns gates and candidates by letter, in the order of the weights' blocks; under "h" where what comes of the only block
   * is the state.
   */
  activations(step: CellStep): Readonly<Record<string, Activation>>;
  forward(step: CellStep): CellState;
  /** From the gradient of what `forward` returned, that of what it read; works the step out anew. */
  backward(step: CellStep, gradient: CellState): CellStep;
}

export function activation(H: number, by: Activation["by"], unit: (j: number) => number): Activation {
  return { by, values: Float64Array.from({ length: H }, (_, j) => unit(j)) };
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
