/** What training and evaluation ask of a network, of sequences and targets as callers give them. */

import { requireSequence, requireState } from "../../src/network/arguments.js";
import { requireTarget } from "../../src/network/target-arguments.js";
import { requireNetwork } from "../../src/network/network.js";
import * as scores from "../../src/network/score.js";
import * as passes from "../../src/network/training-pass.js";
import type { Network, Reduction, Sequence, State, Target } from "../../src/network/types.js";

function check(network: Network, sequence: Sequence, target: Target, state?: State) {
  const given = requireNetwork(network);
  const { options } = given;
  const inputs = requireSequence(sequence, options, "inputs", 0);
  const targets = requireTarget(target, inputs, options);
  return { given, inputs, targets, initial: requireState("state", state, inputs.batch, options) };
}

export function accumulateGradient(
  network: Network,
  sequence: Sequence,
  target: Target,
  state?: State,
  reduction?: Reduction,
): ReturnType<typeof passes.accumulateGradient> {
  const { given, inputs, targets, initial } = check(network, sequence, target, state);
  return passes.accumulateGradient(given, inputs, targets, initial, reduction);
}

export function score(
  network: Network,
  sequence: Sequence,
  target: Target,
  state?: State,
  look?: (outputs: Float32Array) => void,
): scores.Score {
  const { given, inputs, targets, initial } = check(network, sequence, target, state);
  return scores.score(given, inputs, targets, initial, look);
}
