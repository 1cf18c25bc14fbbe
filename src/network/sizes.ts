/** Sizes that follow from a network's options. */

import type { CompleteOptions } from "./types.js";

/** D. */
export function directionsOf({ bidirectional }: CompleteOptions): number {
  return bidirectional ? 2 : 1;
}

/** The width of the outputs is O, or D·H without a head. */
export function outputWidth(options: CompleteOptions): number {
  return options.outputSize > 0 ? options.outputSize : directionsOf(options) * options.hiddenSize;
}

/** The names of one layer's and direction's parameters end in this. */
export function layerSuffix(layer: number, direction: number): string {
  return `l${layer}${direction === 1 ? "_reverse" : ""}`;
}
