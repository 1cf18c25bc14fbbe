import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { OwnInfluence } from "./own-influence.js";

/**
 * Creates a learner for real-time recurrent learning with cells whose units do not see each other's
 * states, those without a W_hh ("mingru", "minlstm"). The influence of a unit's parameters then stays within the unit, so that G ← J·G + I, g += q·G
 * take P floats for each sample and about as much time as a forward and a backward step (minGRU:
 * E_z ← (1 − z)·E_z + z·(1 − z)·(c − h_{t-1})·xᵀ, E_c ← (1 − z)·E_c + z·xᵀ). The gradient is exact for one
 * layer at fixed parameters, however long ago they mattered. With stacked layers it is an approximation: each
 * layer takes the error that comes down through the layers above at the same step, but not its past's effect
 * through theirs.
 *
 * Training throws a RangeError for another cell, for a bidirectional network, and for one with an embedding.
 */
export function diagonalRtrl(): Learner {
  return createOnlineLearner({
    name: "diagonalRtrl",
    block: 1,
    factored: true,
    diagonal: true,
    create: ({ dynamics }) => new OwnInfluence(dynamics, { throughWeights: false }),
  });
}
