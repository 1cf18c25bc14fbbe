import { requireInteger, requireOptions } from "../../errors.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import { PRODUCT_COLUMNS, type Rows } from "../../network/dynamics/rows.js";
import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import type { OnlineRule } from "./online-rule.js";

/**
 * Creates a learner for real-time recurrent learning (RTRL; Williams & Zipser 1989, "A learning algorithm for
 * continually running fully recurrent neural networks"). It carries the influence of every recurrent
 * parameter on every unit, G ← J·G + I, forwards in time, so that the gradient of each step, q·G, is exact at
 * fixed parameters, however long ago they mattered. It takes S·P floats for each sample and S²·P operations a
 * step, for S units of all states and P parameters: for small networks.
 *
 * Training throws a RangeError for a bidirectional network.
 */
export function rtrl(): Learner {
  return createOnlineLearner({ name: "rtrl", block: 1, create: ({ dynamics }) => new Influence(dynamics) });
}

/**
 * Creates a learner for RTRL in blocks of steps (Schmidhuber 1992, "A fixed size storage O(n³) time
 * complexity learning algorithm for fully recurrent continually running networks"): back-propagation within a
 * block, and the influence at its start for what came before. The gradient is that of `rtrl`, for about
 * (1 + S/block)·S·P operations a step. `block`, at least 1, is the number of steps; a block ends early where
 * a window does.
 *
 * Throws a TypeError or RangeError for a bad option. Training throws a RangeError for a bidirectional
 * network.
 */
export function blockRtrl(options: { block: number }): Learner {
  const block = requireInteger("block", requireOptions("options", options, ["block"]).block, 1);
  return createOnlineLearner({ name: "blockRtrl", block, create: ({ dynamics }) => new Influence(dynamics) });
}

/** Holds the influence matrix G = ∂s/∂θ of each sample, [B·S, P]. */
class Influence implements OnlineRule {
  readonly memory: { readonly influence: Rows };
  private readonly dynamics: Dynamics;
  /** A cotangent for each unit, [S, S]: ones on the diagonal, zeros in rows of padding. */
  private readonly identity: Rows;
  private readonly scratch: Rows;

  constructor(dynamics: Dynamics) {
    const { batch, stateSize, layout } = dynamics;
    this.dynamics = dynamics;
    this.memory = { influence: dynamics.createGradients(batch * stateSize) };
    this.identity = dynamics.createStates(stateSize);
    for (const unit of layout.units) this.identity.set(unit, unit, 1);
    this.scratch = dynamics.createRows(stateSize, PRODUCT_COLUMNS);
  }

  reset(): void {
    this.memory.influence.zero();
  }

  advance(): void {
    const { dynamics, identity } = this;
    const { influence } = this.memory;
    const { units } = dynamics.layout;
    const direct = dynamics.vjp({ losses: true });
    direct.accumulate();
    for (let b = 0; b < dynamics.batch; b++) {
      const first = b * dynamics.stateSize;
      for (const unit of units) dynamics.addToGradients(direct.start.get(b, unit), influence, first + unit);
      // Takes each unit's state at the block's end back to the states at its start and to the parameters.
      const adjoint = dynamics.vjp({ cotangent: identity, sample: b });
      influence.multiply(first, adjoint.start, this.scratch);
      for (const unit of units) adjoint.accumulateRow(unit, influence, first + unit);
    }
  }
}
