import { requireInteger, requireOptions } from "../../errors.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { Random } from "../../random.js";
import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { balance, drawSigns, wordsOfSigns, type OnlineRule } from "./online-rule.js";

/** Configures `uoro`. */
export interface UoroOptions {
  /** Steps of a block, within which back-propagation is exact, at least 1; default 1. */
  block?: number;
}

/**
 * Creates a learner for unbiased online recurrent optimization (UORO; Tallec & Ollivier 2017, "Unbiased
 * online recurrent optimization", arXiv 1702.05043). It keeps the influence of the parameters on the state as
 * one product s̃·θ̃ of random signs, whose mean is the influence itself. The gradient is unbiased at fixed
 * parameters, takes about five times the operations of a forward pass, and is noisy; longer blocks, and
 * averages over a batch, whose samples have a θ̃ each, reduce the noise.
 *
 * Throws a TypeError or RangeError for a bad option. Training throws a RangeError for a bidirectional
 * network.
 */
export function uoro(options: UoroOptions = {}): Learner {
  const { block = 1 } = requireOptions("options", options, ["block"]);
  requireInteger("block", block, 1);
  return createOnlineLearner({
    name: "uoro",
    block,
    create: ({ dynamics, random }) => new RankOne(dynamics, random()),
  });
}

class RankOne implements OnlineRule {
  /** The factors of the influence s̃·θ̃: s̃, [B, S], and θ̃, [B, P]. */
  readonly memory: { readonly state: Rows; readonly parameters: Rows };
  private readonly dynamics: Dynamics;
  private readonly random: Random;
  /** Random signs ν, [B, S], and ν·∂s/∂θ within the block for one sample, [1, P]. */
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
    // J·s̃ is 0 where a sample began anew; what is left of the past is noise.
    for (let b = 0; b < dynamics.batch; b++) if (dynamics.begunAnew(b)) parameters.zero(b);
    const { units } = dynamics.layout;
    dynamics.drawEach(random, wordsOfSigns(units), (b) => {
      drawSigns(signs, b, units, random);
    });
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
