/** Softmax cross-entropy of classes, which they have by default: apart, so that it brings no other loss along. */

import { elementAt } from "../../memory/regions.js";
import type { LossDefinition, LossPlace } from "./definition.js";

/** Takes the loss of classes, a share of each target smoothed over all of them. */
export function applyToClasses(place: LossPlace, smoothing: number): number {
  const { engine, window, outputs, array, weights, scale } = place;
  const { arena, kernels, constants } = engine;
  const { classes } = window.regions;
  arena.i32.set(array, elementAt(classes.pointer));
  const { pointer, rows, columns, stride } = outputs;
  return kernels.crossEntropy(
    pointer,
    classes.pointer,
    weights,
    constants,
    scale,
    smoothing,
    rows,
    columns,
    stride,
  );
}

/** What classes have unless another loss is asked for. */
export const plainCrossEntropy: LossDefinition = {
  name: "crossEntropy",
  against: ["classes"],
  joint: true,
  apply: (place) => applyToClasses(place, 0),
};
