/** The losses that the library has: whoever lists them reads it here. */

import { crossEntropy } from "./cross-entropy.js";
import { ctc } from "./ctc.js";
import { binaryCrossEntropy, huber, meanAbsoluteError } from "./element-losses.js";
import { quantile } from "./quantile.js";
import { meanSquaredError } from "./squared-error.js";

export { crossEntropy, type CrossEntropyOptions } from "./cross-entropy.js";
export { binaryCrossEntropy, huber, meanAbsoluteError, type HuberOptions } from "./element-losses.js";
export { ctc, type CtcOptions } from "./ctc.js";
export { quantile, type QuantileOptions } from "./quantile.js";
export { meanSquaredError } from "./squared-error.js";

/** Every loss by its name: to choose from, or to make one whose name comes from elsewhere. */
export const losses = {
  crossEntropy,
  binaryCrossEntropy,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  quantile,
  ctc,
} as const;

export type LossName = keyof typeof losses;
