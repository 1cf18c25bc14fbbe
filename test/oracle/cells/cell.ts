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

export interface OracleCell {
  /** G: how many blocks of H rows the weights have. */
  readonly gates: number;
  /** Whether there is a recurrent product: else no W_hh, no b_hh, and `recurrent` is empty. */
  readonly recurs: boolean;
  /** Whether the state has a c beside its h. */
  readonly keepsC: boolean;
  forward(step: CellStep): CellState;
  /** From the gradient of what `forward` returned, that of what it read; works the step out anew. */
  backward(step: CellStep, gradient: CellState): CellStep;
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
