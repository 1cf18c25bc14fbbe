import { requireNumber } from "../errors.js";
import { requireNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";

/** Returns the joint L2 norm of all gradients. */
export function gradientNorm(network: Network): number {
  const { engine, parameters } = requireNetwork(network).model;
  return Math.sqrt(engine.kernels.sumOfSquares(parameters.gradients, parameters.count));
}

/** Returns a limit, which is at least 0. Infinity: nothing is cut. */
function requireLimit(name: string, value: number): number {
  return value === Infinity ? value : requireNumber(name, value, { least: 0 });
}

/**
 * Scales all gradients so that their joint L2 norm is at most maxNorm; returns the norm before. As PyTorch's
 * clip_grad_norm_: the factor is maxNorm/(norm + 1e-6), where that is below 1. Gradients that are not finite stay.
 */
export function clipGradientNorm(network: Network, maxNorm: number): number {
  const { engine, parameters } = requireNetwork(network).model;
  const limit = requireLimit("maxNorm", maxNorm);
  const norm = gradientNorm(network);
  const factor = limit / (norm + 1e-6);
  if (factor < 1 && norm < Infinity) engine.kernels.scale(parameters.gradients, factor, parameters.count);
  return norm;
}

/** Holds every gradient within ±maxValue. */
export function clipGradientValue(network: Network, maxValue: number): void {
  const { engine, parameters } = requireNetwork(network).model;
  engine.kernels.clamp(parameters.gradients, requireLimit("maxValue", maxValue), parameters.count);
}
