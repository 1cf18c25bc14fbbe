import type { TrainingWindow } from "../../data/training-data.js";
import { describe, InvalidStateError, requireFloat32Array, requireObject } from "../../errors.js";
import type { LossFunction } from "../learner.js";

/**
 * Asks a loss function of the caller's own for loss and gradient of a window's outputs, and checks both; the
 * loss may be any number, NaN too. Throws a TypeError or RangeError for a bad answer, and an
 * InvalidStateError where the function moved `parameters`; without `parameters` the caller checks that.
 */
export function askLoss(
  lossFunction: LossFunction,
  outputs: Float32Array,
  window: TrainingWindow,
  parameters?: { readonly version: number },
): ReturnType<LossFunction> {
  const { length } = outputs;
  const before = parameters?.version;
  const result = requireObject("loss(…)", lossFunction(outputs, window));
  if (parameters?.version !== before)
    throw new InvalidStateError(
      `"loss" changed the network's parameters, between a forward and its backward`,
    );
  if ("then" in result) {
    throw new TypeError(
      `"loss(…)" expected { loss, gradient }, got a promise: a loss cannot be asynchronous`,
    );
  }
  const loss: unknown = result.loss;
  if (typeof loss !== "number")
    throw new TypeError(`"loss(…).loss" expected a number, got ${describe(loss)}`);
  const shape = `as many as outputs`;
  return { loss, gradient: requireFloat32Array("loss(…).gradient", result.gradient, length, shape) };
}
