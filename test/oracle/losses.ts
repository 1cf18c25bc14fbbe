/** Defines each loss of a step in float64, with its gradient. */

/** Names a loss of the library's, with its options. */
export type OracleLoss =
  | { name: "crossEntropy"; labelSmoothing?: number }
  | { name: "binaryCrossEntropy" | "meanSquaredError" | "meanAbsoluteError" }
  | { name: "huber"; delta?: number }
  | { name: "quantile"; levels: readonly number[] };

/** What a row of outputs says about its targets. */
export interface RowLoss {
  loss: number;
  /** Targets. */
  count: number;
  /** What a mean counts: targets, or outputs that have one. */
  divisor: number;
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Returns −Σ q·ln softmax(row), and adds Σq·softmax(row) − q to the gradient. */
export function crossEntropyOf(row: Float64Array, q: Float64Array, gradient: Float64Array): number {
  const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  const mass = q.reduce((sum, x) => sum + x, 0);
  let loss = 0;
  row.forEach((logit, k) => {
    gradient[k] += (mass * Math.exp(logit - largest)) / total - q[k];
    if (q[k] !== 0) loss += q[k] * (largest + Math.log(total) - logit);
  });
  return loss;
}

/** Returns the probabilities with the share `smoothing` of all of them spread evenly. */
export function smoothed(q: Float64Array, smoothing = 0): Float64Array {
  return q.map((x) => (1 - smoothing) * x + smoothing / q.length);
}

/** The loss of output x against target t, and its derivative with respect to x. */
export function elementLoss(
  loss: Exclude<OracleLoss, { name: "crossEntropy" }>,
  x: number,
  t: number,
  output: number,
): [number, number] {
  const d = x - t;
  switch (loss.name) {
    case "binaryCrossEntropy":
      return [softplus(x) - x * t, sigmoid(x) - t];
    case "meanSquaredError":
      return [d * d, 2 * d];
    case "meanAbsoluteError":
      return [Math.abs(d), Math.sign(d)];
    case "huber": {
      const { delta = 1 } = loss;
      if (Math.abs(d) <= delta) return [(d * d) / 2, d];
      return [delta * (Math.abs(d) - delta / 2), delta * Math.sign(d)];
    }
    case "quantile": {
      const q = loss.levels[output % loss.levels.length];
      return [Math.max(-q * d, (1 - q) * d), d > 0 ? 1 - q : d < 0 ? -q : 0];
    }
  }
}
