/** What a learning rule sees of a cell: one step of one sequence, s_t = F(x_t, s_{t-1}, θ), and its derivatives. */

export interface Adjoint {
  /** Jᵀ of the cotangent, [S]. */
  state: Float64Array;
  /** Iᵀ of the cotangent, [P]. */
  parameters: Float64Array;
  /** [I]. */
  input: Float64Array;
  /** The cotangent of s_t with what came down within the step from the layers above, [S]. */
  through: Float64Array;
}

/** The parameters at which the step's influence is a product: ∂s_t/∂θ_p = d[·, rows[p]] a[columns[p]]. */
export interface Factor {
  /** [A]. */
  a: Float64Array;
  /** S rows of K: the derivatives of the joint state by the pre-activations. */
  d: readonly Float64Array[];
  /** Where these parameters begin in θ. */
  first: number;
  /** Of each of these parameters. */
  rows: Int32Array;
  /** Of each of these parameters. */
  columns: Int32Array;
}

export interface Recurrence {
  /** S. */
  readonly stateSize: number;
  /** θ, [P]: the array itself, so that who learns can move it. */
  readonly parameters: Float64Array;
  /** s_t of s_{t-1} and x_t. */
  forward(s: Float64Array, x: Float64Array): Float64Array;
  /** Reverse mode, from a cotangent of s_t. */
  vjp(s: Float64Array, x: Float64Array, cotangent: Float64Array): Adjoint;
  /** Forward mode: the derivative of s_t along ds, and along dθ where given. */
  jvp(s: Float64Array, x: Float64Array, ds: Float64Array, dTheta?: Float64Array): Float64Array;
  /** The whole influence ∂s_t/∂θ of one step as products. */
  factors(s: Float64Array, x: Float64Array): readonly Factor[];
  /** The elements of its own layer's state that a parameter reaches within one step, whatever its value and the inputs. */
  reach(parameter: number): readonly number[];
}
