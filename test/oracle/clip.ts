import type { Tensors } from "./model.js";

/** Scales all gradients by min(1, maxNorm / (norm + 1e-6)), and returns norm, their joint L2 norm. */
export function clipNorm(gradients: Tensors, maxNorm: number): number {
  let squares = 0;
  for (const gradient of gradients.values()) for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  const scale = Math.min(1, maxNorm / (norm + 1e-6));
  for (const gradient of gradients.values()) gradient.forEach((value, i) => (gradient[i] = value * scale));
  return norm;
}

/** Moves every number of the gradients into [−maxValue, maxValue]. */
export function clipValue(gradients: Tensors, maxValue: number): void {
  for (const gradient of gradients.values())
    gradient.forEach((value, i) => (gradient[i] = Math.min(maxValue, Math.max(-maxValue, value))));
}
