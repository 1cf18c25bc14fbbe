import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { OwnInfluence } from "./own-influence.js";

/**
 * Creates a learner for random feedback local online learning (Murray 2019, "Local online learning in recurrent networks
 * with random feedback", eLife 8:e43299), with the head's own weights as feedback: of the influence only what stays
 * within a unit's state is kept, and nothing that comes back through W_hh. An eligibility trace of each parameter, E ←
 * d·E + D ⊗ a with d the unit's own leak (a GRU's z, an LSTM's f by way of c, 0 for an Elman layer, which remembers by
 * W_hh alone), then g += q·E. As large as the parameters (twice that for an LSTM); a step costs about as much as its
 * forward and backward. Biased, without noise: a baseline that other rules are compared with. Exact for one layer of a
 * cell without W_hh ("mingru", "minlstm"), where it is `diagonalRtrl`. Throws a RangeError at work for a bidirectional
 * network, and for one with an embedding.
 */
export function rflo(): Learner {
  return createOnlineLearner({
    name: "rflo",
    block: 1,
    factored: true,
    create: ({ dynamics }) => new OwnInfluence(dynamics, { throughWeights: false }),
  });
}
