import type { CellState, CellStep, OracleCell } from "../cells/cell.js";

/**
 * Returns the derivative of `forward` along a tangent of what it reads. A cell works unit by unit, so that
 * `backward` from a 1 at every unit's h (or c) leaves each unit's own derivatives, side by side.
 */
export function cellTangent(cell: OracleCell, step: CellStep, tangent: CellStep): CellState {
  const H = step.h.length;
  const ones = new Float64Array(H).fill(1);
  const none = new Float64Array(cell.keepsC ? H : 0);
  const along = (from: CellState): Float64Array => {
    const d = cell.backward(step, from);
    const sums = new Float64Array(H);
    for (const part of ["input", "recurrent", "h", "c"] as const)
      d[part].forEach((slope, i) => (sums[i % H] += slope * tangent[part][i]));
    return sums;
  };
  return {
    h: along({ h: ones, c: none }),
    c: cell.keepsC ? along({ h: new Float64Array(H), c: ones }) : none,
  };
}
