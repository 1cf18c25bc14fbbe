/** The squared error, which values have by default: apart, so that it brings no other loss along. */

import type { Loss } from "../types.js";
import { createLoss, overStagedTargets, type LossDefinition } from "./definition.js";

/** What values have unless another loss is asked for. */
export const squaredError: LossDefinition = {
  name: "meanSquaredError",
  against: ["values"],
  apply: (place) => {
    const { kernels, constants } = place.engine;
    return overStagedTargets(place, ({ pointer, rows, stride }, targets, weights) =>
      kernels.squaredError(pointer, targets, weights, constants, place.scale, rows, stride),
    );
  },
};

/** Creates the squared error, (output − target)² without a ½, as `torch.nn.MSELoss`; values have it by default. */
export function meanSquaredError(): Loss {
  return createLoss({}, squaredError);
}
