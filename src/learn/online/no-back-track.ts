import { elementAt, type Region } from "../../memory/regions.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { Random } from "../../random.js";
import type { Learner } from "../learner.js";
import { createOnlineLearner } from "./online-learner.js";
import { balance, drawSigns, wordsOfSigns, type OnlineRule } from "./online-rule.js";

/**
 * Creates a learner for NoBackTrack (Ollivier, Tallec & Charpiat 2015, "Training recurrent networks online
 * without backtracking", arXiv 1507.07680). It differs from `uoro` in that the sign of each unit is balanced
 * on its own, and the gradient of the present step is exact: less noise, at the cost of the norm of each
 * unit's own gradient. With stacked layers a unit also depends on parameters of the layers below, and the
 * norms take S passes backwards over the step.
 *
 * Training throws a RangeError for a bidirectional network, and for one with an embedding.
 */
export function noBackTrack(): Learner {
  return createOnlineLearner({
    name: "noBackTrack",
    block: 1,
    factored: true,
    create: ({ dynamics, random }) => new BalancedRankOne(dynamics, random()),
  });
}

class BalancedRankOne implements OnlineRule {
  /** The factors of the influence v ⊗ w: v, [B, S], and w, [B, P]. */
  readonly memory: { readonly state: Rows; readonly parameters: Rows };
  private readonly dynamics: Dynamics;
  private readonly random: Random;
  private readonly signs: Rows;
  /** Random signs over balancing factors, ε_i/ρ_i at unit i, [B, S]. */
  private readonly weighted: Rows;
  /** A cotangent for each unit, [S, S], where layers are stacked. */
  private readonly identity: Rows | undefined;

  constructor(dynamics: Dynamics, random: Random) {
    const { batch, stateSize, layout, parts } = dynamics;
    this.dynamics = dynamics;
    this.random = random;
    this.memory = { state: dynamics.createStates(batch), parameters: dynamics.createGradients(batch) };
    this.signs = dynamics.createStates(batch);
    this.weighted = dynamics.createStates(batch);
    if (parts.options.layers === 1) return;
    this.identity = dynamics.createStates(stateSize);
    for (const unit of layout.units) this.identity.set(unit, unit, 1);
  }

  reset(): void {
    this.memory.state.zero();
    this.memory.parameters.zero();
  }

  advance(): void {
    const { dynamics, signs, weighted } = this;
    const { state, parameters } = this.memory;
    const direct = dynamics.vjp({ losses: true });
    direct.accumulate();
    for (let b = 0; b < dynamics.batch; b++)
      dynamics.addToGradients(direct.start.dot(b, state, b), parameters, b);
    dynamics.jvp(state);
    // J·v is 0 where a sample began anew; what is left of the past is noise.
    for (let b = 0; b < dynamics.batch; b++) if (dynamics.begunAnew(b)) parameters.zero(b);
    const kept: number[] = [];
    dynamics.drawEach(this.random, wordsOfSigns(dynamics.layout.units) + 1, (b) => {
      kept.push(this.draw(b));
    });
    const along = dynamics.vjp({ cotangent: weighted });
    for (let b = 0; b < dynamics.batch; b++) {
      parameters.scale(b, 1 / kept[b]);
      along.accumulateRow(b, parameters, b);
      state.addScaled(b, 1, signs, b, kept[b]);
    }
  }

  /** Draws a sample's signs: fills `signs` with ρ_i ε_i and `weighted` with ε_i/ρ_i, and returns ε_0 ρ_0. */
  private draw(sample: number): number {
    const { dynamics, signs, weighted, random } = this;
    const { units } = dynamics.layout;
    const { state, parameters } = this.memory;
    const squares = this.rowSquares(sample);
    drawSigns(signs, sample, units, random);
    for (const unit of units) {
      // ρ_i is the square root of the norm; a unit that depends on no parameter is left out.
      const root = Math.sqrt(Math.sqrt(squares[unit]));
      const sign = signs.get(sample, unit);
      signs.set(sample, unit, root * sign);
      weighted.set(sample, unit, root > 0 ? sign / root : 0);
    }
    const sign = random.bits() & 1 ? 1 : -1;
    return sign * balance(parameters.norm(sample), state.norm(sample));
  }

  /** Returns ‖∂s_i/∂θ‖² within the step for each unit i, by its place in a row of the joint state. */
  private rowSquares(sample: number): Float64Array {
    const { dynamics, identity } = this;
    const { layout, stateSize, parts } = dynamics;
    const squares = new Float64Array(stateSize);
    if (identity === undefined) {
      // A unit's own parameters reach no other unit within the step: one derivative gives all rows.
      dynamics
        .unitDerivatives()
        .of(0)
        .forEach(({ dz }, part) => {
          const offset = layout.offset(0, part);
          this.addSquares(dz, sample, 0, sample, (i, square) => (squares[offset + i] += square));
        });
      return squares;
    }
    const adjoint = dynamics.vjp({ cotangent: identity, sample });
    for (let l = 0; l < parts.options.layers; l++) {
      const dz = adjoint.preactivationGradients(l);
      for (const unit of layout.units)
        this.addSquares(dz, unit, l, sample, (_, square) => (squares[unit] += square));
    }
    return squares;
  }

  /** Calls `add` for each block and unit of a row of a layer's dz with dz² times its inputs' squared norm. */
  private addSquares(
    dz: Region,
    row: number,
    layer: number,
    sample: number,
    add: (column: number, square: number) => void,
  ): void {
    const { cell, engine, options } = this.dynamics.parts;
    const { inputSquare, recurrentSquare } = this.dynamics.stepFactors(layer, sample);
    const { f32 } = engine.arena;
    const width = dz.stride / cell.blocks;
    const start = elementAt(dz.pointer) + row * dz.stride;
    for (let block = 0; block < cell.blocks; block++) {
      const byInput = block < cell.gates.length ? inputSquare : 0;
      const factor = byInput + (block >= cell.blocks - cell.recurrentOrder.length ? recurrentSquare : 0);
      for (let i = 0; i < options.hiddenSize; i++) add(i, factor * square(f32[start + block * width + i]));
    }
  }
}

function square(x: number): number {
  return x * x;
}
