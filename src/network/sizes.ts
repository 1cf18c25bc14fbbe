/** Derives sizes from a network's options. */

import type { CompleteOptions } from "./types.js";

/** Returns D, the number of directions. */
export function directionsOf({ bidirectional }: Pick<CompleteOptions, "bidirectional">): number {
  return bidirectional ? 2 : 1;
}

/** Returns the width of the outputs: O, or D·H without a head. */
export function outputWidth(options: CompleteOptions): number {
  return options.outputSize > 0 ? options.outputSize : directionsOf(options) * options.hiddenSize;
}

/** Returns the suffix of the parameter names of one layer and direction, as in PyTorch. */
export function layerSuffix(layer: number, direction: number): string {
  return `l${layer}${direction === 1 ? "_reverse" : ""}`;
}
