import { requireInteger, requireObject } from "../../errors.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { Random } from "../../random.js";
import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { balance, drawSigns, type OnlineRule } from "./online-rule.js";

export interface UoroOptions {
  /** Steps of a block, within which back-propagation is exact; default 1. */
  block?: number;
}

/**
 * Unbiased online recurrent optimization (Tallec & Ollivier 2017, "Unbiased online recurrent optimization",
 * arXiv 1702.05043): the influence of the parameters on the state kept as one product s̃·θ̃ of random signs, whose mean is the
 * influence itself. Unbiased at fixed parameters, in about five times the forward's operations, and noisy; longer blocks and
 * averages over a batch, whose samples have a θ̃ each, are less so.
 */
export function uoro(options: UoroOptions = {}): Learner {
  const { block = 1 } = requireObject("options", options);
  requireInteger("block", block, 1);
  return createOnlineLearner({
    name: "uoro",
    block,
    create: ({ dynamics, random }) => new RankOne(dynamics, random()),
  });
}

class RankOne implements OnlineRule {
  /** s̃, [B, S], and θ̃, [B, P]. */
  readonly memory: { readonly state: Rows; readonly parameters: Rows };
  private readonly dynamics: Dynamics;
  private readonly random: Random;
  /** ν, and what the block owes to the parameters along it. */
  private readonly signs: Rows;
  private readonly fresh: Rows;

  constructor(dynamics: Dynamics, random: Random) {
    const { batch } = dynamics;
    this.dynamics = dynamics;
    this.random = random;
    this.memory = { state: dynamics.createStates(batch), parameters: dynamics.createGradients(batch) };
    this.signs = dynamics.createStates(batch);
    this.fresh = dynamics.createGradients(1);
  }

  reset(): void {
    this.memory.state.zero();
    this.memory.parameters.zero();
  }

  advance(): void {
    const { dynamics, random, signs, fresh } = this;
    const { state, parameters } = this.memory;
    const direct = dynamics.vjp({ losses: true });
    direct.accumulate();
    for (let b = 0; b < dynamics.batch; b++)
      dynamics.addToGradients(direct.start.dot(b, state, b), parameters, b);
    dynamics.jvp(state);
    for (let b = 0; b < dynamics.batch; b++) drawSigns(signs, b, dynamics.layout.units, random);
    const along = dynamics.vjp({ cotangent: signs });
    for (let b = 0; b < dynamics.batch; b++) {
      fresh.zero();
      along.accumulateRow(b, fresh, 0);
      const old = balance(parameters.norm(b), state.norm(b));
      const now = balance(fresh.norm(0), signs.norm(b));
      state.addScaled(b, now, signs, b, old);
      parameters.addScaled(b, 1 / now, fresh, 0, 1 / old);
    }
  }
}
