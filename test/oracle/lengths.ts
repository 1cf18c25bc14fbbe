/** Calls `visit` with the index t·B + b of each step that stands before its sequence's length. */
export function eachStep(steps: number, lengths: readonly number[], visit: (index: number) => void): void {
  for (let t = 0; t < steps; t++) {
    for (let b = 0; b < lengths.length; b++) if (t < lengths[b]) visit(t * lengths.length + b);
  }
}
