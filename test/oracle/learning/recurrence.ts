/**
 * Defines a cell as learning rules see it: a step of one sequence, s_t = F(x_t, s_{t-1}, θ), and derivatives.
 */

/** Holds what a cotangent of s_t becomes before the step; J = ∂s_t/∂s_{t-1}, I = ∂s_t/∂θ. */
export interface Adjoint {
  /** Jᵀ of the cotangent, [S]. */
  state: Float64Array;
  /** Iᵀ of the cotangent, [P]. */
  parameters: Float64Array;
  /** Gradient of x_t, [I]. */
  input: Float64Array;
  /** The cotangent of s_t with what came down within the step from the layers above, [S]. */
  through: Float64Array;
}

/**
 * A factor holds parameters whose influence in a step is a product, ∂s_t/∂θ_p = d[·, rows[p]] a[columns[p]].
 */
export interface Factor {
  /** What the parameters multiply, [A]. */
  a: Float64Array;
  /** S rows of K: the derivatives of the joint state by the pre-activations. */
  d: readonly Float64Array[];
  /** Index in θ at which these parameters begin. */
  first: number;
  /** Row of each of these parameters. */
  rows: Int32Array;
  /** Column of each of these parameters. */
  columns: Int32Array;
}

export interface Recurrence {
  /** S, the size of the joint state. */
  readonly stateSize: number;
  /** θ, [P]: the array itself, so that a rule's user can move it. */
  readonly parameters: Float64Array;
  /** Returns s_t of s_{t-1} and x_t. */
  forward(s: Float64Array, x: Float64Array): Float64Array;
  /** Returns the gradients from a cotangent of s_t: reverse mode. */
  vjp(s: Float64Array, x: Float64Array, cotangent: Float64Array): Adjoint;
  /** Returns the derivative of s_t along ds, and along dθ where given: forward mode. */
  jvp(s: Float64Array, x: Float64Array, ds: Float64Array, dTheta?: Float64Array): Float64Array;
  /** Returns the whole influence ∂s_t/∂θ of one step as products. */
  factors(s: Float64Array, x: Float64Array): readonly Factor[];
  /** Returns the elements of its own layer's state that a parameter can reach within one step. */
  reach(parameter: number): readonly number[];
}
