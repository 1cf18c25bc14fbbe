import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { OwnInfluence } from "./own-influence.js";

/**
 * Creates a learner for SnAp-1 (Menick et al. 2020, "A practical sparse approximation for real time recurrent
 * learning", arXiv 2006.07232): of the influence only what a unit's own parameters have on the unit itself is
 * kept, so that it is as large as the parameters (twice that for an LSTM), and a step costs about as much as
 * its forward and backward. It is biased, without noise, and exact for one layer whose units do not see each
 * other ("mingru", "minlstm"), see `diagonalRtrl`.
 */
export function snap1(): Learner {
  return createOnlineLearner({
    name: "snap1",
    block: 1,
    factored: true,
    create: ({ dynamics }) => new OwnInfluence(dynamics, { throughWeights: true }),
  });
}
