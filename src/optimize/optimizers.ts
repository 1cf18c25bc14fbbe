/** The optimizers that the library has: whoever lists them reads it here. */

import { adagrad } from "./adagrad.js";
import { adam, adamW } from "./adam.js";
import { lion } from "./lion.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";

export { adagrad, type AdagradOptions } from "./adagrad.js";
export { adam, adamW, type AdamOptions } from "./adam.js";
export { lion, type LionOptions } from "./lion.js";
export type { Optimizer } from "./optimizer.js";
export { rmsprop, type RmspropOptions } from "./rmsprop.js";
export { sgd, type SgdOptions } from "./sgd.js";

/** Every optimizer by its name: to choose from, or to make one whose name comes from elsewhere. */
export const optimizers = { sgd, rmsprop, adagrad, adam, adamW, lion } as const;

export type OptimizerName = keyof typeof optimizers;
