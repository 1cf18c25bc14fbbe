/** Returns y = W x + b for one vector x, W being row-major, [rows, x.length]. */
export function affine(weight: Float64Array, bias: Float64Array, x: Float64Array): Float64Array {
  const y = bias.slice();
  for (let row = 0; row < y.length; row++) {
    for (let column = 0; column < x.length; column++) y[row] += weight[row * x.length + column] * x[column];
  }
  return y;
}

/** Returns dx = Wᵀ dy, and adds dW = dy xᵀ and db = dy to what is there. */
export function affineBackward(
  weight: Float64Array,
  x: Float64Array,
  dy: Float64Array,
  dWeight: Float64Array,
  dBias: Float64Array,
): Float64Array {
  const dx = new Float64Array(x.length);
  for (let row = 0; row < dy.length; row++) {
    dBias[row] += dy[row];
    for (let column = 0; column < x.length; column++) {
      const at = row * x.length + column;
      dx[column] += weight[at] * dy[row];
      dWeight[at] += dy[row] * x[column];
    }
  }
  return dx;
}
