/** Implements arithmetic on vectors, and on matrices as lists of rows. */

export function zeros(length: number): Float64Array {
  return new Float64Array(length);
}

/** Returns the unit vector e_i. */
export function unit(length: number, i: number): Float64Array {
  const vector = zeros(length);
  vector[i] = 1;
  return vector;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Returns the L2 norm of a vector, or of all rows of a matrix. */
export function norm(...rows: readonly Float64Array[]): number {
  return Math.sqrt(rows.reduce((sum, row) => sum + dot(row, row), 0));
}

/** Computes into += factor·add. */
export function addScaled(into: Float64Array, factor: number, add: ArrayLike<number>): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * add[i];
}

/** Returns a·x + b·y. */
export function combine(a: number, x: Float64Array, b: number, y: Float64Array): Float64Array {
  const sum = zeros(x.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * x[i] + b * y[i];
  return sum;
}

/** Returns a row vector times a matrix. */
export function rowTimes(row: ArrayLike<number>, matrix: readonly Float64Array[]): Float64Array {
  const product = zeros(matrix[0].length);
  for (let i = 0; i < row.length; i++) addScaled(product, row[i], matrix[i]);
  return product;
}

export function matrixTimes(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  return a.map((row) => rowTimes(row, b));
}
