/** Enumerates all patterns of draws with their probability, for the exact mean of a random gradient. */

import type { Draw } from "./problem.js";
import { addScaled, norm, zeros } from "./vectors.js";

export interface Enumeration {
  /** Mean of the gradient, weighted by probability. */
  mean: Float64Array;
  /** Probability of all patterns together: 1, but for rounding. */
  probability: number;
  /** Number of patterns of draws. */
  patterns: number;
  /** Noise of the gradient, tr Cov / ‖mean‖². */
  noise: number;
}

interface Choice {
  taken: boolean;
  probability: number;
}

/**
 * Runs `estimate` once for each pattern of draws that it can meet. A later draw may depend on earlier ones.
 */
export function enumerate(estimate: (draw: Draw) => Float64Array, most = 2 ** 16): Enumeration {
  const path: Choice[] = [];
  let mean: Float64Array | undefined;
  let squares = 0;
  let probability = 0;
  let patterns = 0;
  do {
    let at = 0;
    const gradient = estimate((p) => {
      if (at === path.length) path.push({ taken: true, probability: p });
      return path[at++].taken;
    });
    const weight = path.reduce((product, { taken, probability: p }) => product * (taken ? p : 1 - p), 1);
    mean ??= zeros(gradient.length);
    addScaled(mean, weight, gradient);
    squares += weight * norm(gradient) ** 2;
    probability += weight;
    if (++patterns > most) throw new RangeError(`more than ${most} patterns of draws`);
  } while (advance(path));
  const square = norm(mean) ** 2;
  return { mean, probability, patterns, noise: squares / square - 1 };
}

/**
 * Advances to the next pattern: the last draw that was true becomes false, and later ones are drawn anew.
 * Returns false after the last pattern.
 */
function advance(path: Choice[]): boolean {
  while (path.length > 0 && !path[path.length - 1].taken) path.pop();
  if (path.length === 0) return false;
  path[path.length - 1].taken = false;
  return true;
}
