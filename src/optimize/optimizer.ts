import type { Network } from "../network/types.js";

/** Moves a network's parameters along its gradients. Belongs to the first network it steps; another is refused. */
export interface Optimizer {
  /** May be set at any time; the next step uses it. */
  learningRate: number;
  /** One update from the gradients as they are; they stay as they are. */
  step(network: Network): void;
  /** Forgets moments, step count and network; the learning rate stays. */
  reset(): void;
}
