/** Measures how well outputs tell apart two kinds, each output by itself, in one pass over them. */

export class BinaryMetrics {
  private weight = 0;
  private right = 0;

  /** Adds rows: outputs [rows, O], logits; values [rows, O] in [0, 1], NaN for no target; weights [rows], default 1. */
  add(outputs: Float32Array, values: Float32Array, weights?: Float32Array): void {
    const width = weights === undefined ? 1 : values.length / weights.length;
    values.forEach((value, i) => {
      if (Number.isNaN(value)) return;
      const weight = weights === undefined ? 1 : weights[Math.floor(i / width)];
      this.weight += weight;
      if (outputs[i] > 0 === value > 0.5) this.right += weight;
    });
  }

  /** Returns the share of targets on whose side of one half the output's probability is: σ(x) > ½ where x > 0. NaN without any. */
  result(): number {
    return this.right / this.weight;
  }
}
