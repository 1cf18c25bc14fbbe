export {
  DisposedError,
  DivergenceError,
  FormatError,
  InvalidStateError,
  OutOfMemoryError,
} from "./errors.js";
export { supportedBuilds } from "./wasm/load.js";
export { createNetwork } from "./network/create-network.js";
export { softmax } from "./network/softmax.js";
export type * from "./network/types.js";
export { adagrad, type AdagradOptions } from "./optimize/adagrad.js";
export { adam, adamW, type AdamOptions } from "./optimize/adam.js";
export { clipGradientNorm, clipGradientValue } from "./optimize/clip.js";
export type { Optimizer } from "./optimize/optimizer.js";
export { rmsprop, type RmspropOptions } from "./optimize/rmsprop.js";
export { sgd, type SgdOptions } from "./optimize/sgd.js";
