import { matrix, vector, type Region } from "../../memory/regions.js";
import type { Dynamics } from "../../network/dynamics.js";
import type { ParameterPlace } from "../../network/parameters.js";
import type { Rows } from "../../network/rows.js";
import type { UnitDerivative } from "../../network/unit-derivatives.js";
import type { Learner } from "../learner.js";
import { createOnlineLearner, type OnlineRule } from "./online-learner.js";

/**
 * SnAp-1 (Menick et al. 2020, "A practical sparse approximation for real time recurrent learning", arXiv 2006.07232): of the
 * influence only what a unit's own parameters have on the unit itself is kept, so that it is as large as the parameters
 * (twice that for an LSTM), and a step costs about as much as its forward. Biased, without noise.
 */
export function snap1(): Learner {
  return createOnlineLearner({
    name: "snap1",
    block: 1,
    factored: true,
    create: ({ dynamics }) => new OwnInfluence(dynamics),
  });
}

/** J of a layer's units on themselves, [H] each: of part p by part q. */
type OwnJacobian = readonly (readonly Float32Array[])[];

export class OwnInfluence implements OnlineRule {
  /** E of h, and of c where the cell has it: [B, P] each. */
  readonly memory: Readonly<Record<string, Rows>>;
  private readonly dynamics: Dynamics;
  private readonly influences: readonly Rows[];
  private readonly before: Rows;
  /** Factors of a layer's rows: [G·H]. */
  private readonly keep: Region;
  private readonly factors: Region;

  constructor(dynamics: Dynamics) {
    const { batch, parts } = dynamics;
    const { cell, options } = parts;
    const names = cell.hasCellState ? ["h", "c"] : ["h"];
    this.dynamics = dynamics;
    this.influences = names.map(() => dynamics.createGradients(batch));
    this.memory = Object.fromEntries(names.map((name, part) => [name, this.influences[part]]));
    this.before = dynamics.createGradients(1);
    const rows = vector(cell.gates * matrix(1, options.hiddenSize).stride);
    this.keep = dynamics.createRows(1, rows.stride).region;
    this.factors = dynamics.createRows(1, rows.stride).region;
  }

  reset(): void {
    for (const rows of this.influences) rows.zero();
  }

  advance(): void {
    const { dynamics } = this;
    // The cotangents that come down through the layers above at this step.
    const direct = dynamics.vjp({ losses: true });
    const units = dynamics.unitDerivatives();
    for (let l = 0; l < dynamics.parts.options.layers; l++) {
      const outside = direct.outsideGradients(l);
      const derivatives = units.of(l);
      for (let b = 0; b < dynamics.batch; b++) {
        this.move(l, b, this.jacobian(l, b, derivatives));
        derivatives.forEach(({ dz }, part) => {
          this.addOwn(l, b, dz, part);
        });
        this.addGradient(l, b, outside);
      }
    }
  }

  private places(layer: number): ParameterPlace[] {
    const { parameters } = this.dynamics.parts;
    return ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map((name) =>
      parameters.place(`rnn.${name}_l${layer}`),
    );
  }

  private row({ pointer, stride }: Region, row: number, columns: number): Float32Array {
    const start = (pointer >>> 2) + row * stride;
    return this.dynamics.parts.engine.arena.f32.slice(start, start + columns);
  }

  /** Through what is direct, and through each gate by W_hh's diagonal. */
  private jacobian(layer: number, sample: number, derivatives: readonly UnitDerivative[]): OwnJacobian {
    const { cell, engine, options, parameters } = this.dynamics.parts;
    const { f32 } = engine.arena;
    const H = options.hiddenSize;
    const { pointer, stride } = parameters.place(`rnn.weight_hh_l${layer}`).value;
    const width = matrix(1, H).stride;
    return derivatives.map(({ dz, byH, byC }) => {
      const own = this.row(byH, sample, H);
      const gates = (dz.pointer >>> 2) + sample * dz.stride + (cell.blocks - cell.gates) * width;
      for (let g = 0; g < cell.gates; g++) {
        const diagonal = (pointer >>> 2) + g * width * stride;
        for (let i = 0; i < H; i++) own[i] += f32[gates + g * width + i] * f32[diagonal + i * (stride + 1)];
      }
      return cell.hasCellState ? [own, this.row(byC, sample, H)] : [own];
    });
  }

  /** E_p ← Σ_q J_pq E_q. */
  private move(layer: number, sample: number, jacobian: OwnJacobian): void {
    const [h, c] = this.influences;
    if (jacobian.length === 1) {
      for (const place of this.places(layer)) this.scaleRows(place, h, sample, jacobian[0][0]);
      return;
    }
    const [[hh, hc], [ch, cc]] = jacobian;
    this.before.copy(0, h, sample);
    for (const place of this.places(layer)) {
      this.scaleRows(place, h, sample, hh, c, sample, hc);
      this.scaleRows(place, c, sample, cc, this.before, 0, ch);
    }
  }

  /** The rows of each unit: to ← keep·to + factor·from. */
  private scaleRows(
    { value, gradient }: ParameterPlace,
    to: Rows,
    toRow: number,
    keep: Float32Array,
    from?: Rows,
    fromRow = 0,
    factor?: Float32Array,
  ): void {
    const { kernels, constants } = this.dynamics.parts.engine;
    const at = gradient.pointer - this.dynamics.parts.parameters.gradients;
    const source = from === undefined ? 0 : from.pointer(fromRow) + at;
    const target = to.pointer(toRow) + at;
    if (value.rows === 1) {
      this.scaleElements(target, keep, source, factor);
      return;
    }
    this.tile(this.keep, keep);
    if (factor !== undefined) this.tile(this.factors, factor);
    const [keepAt, factorAt] = [this.keep.pointer, this.factors.pointer];
    kernels.addScaledRows(target, source, keepAt, factorAt, constants, value.rows, value.stride);
  }

  /** The same of a bias, whose elements are the units. */
  private scaleElements(
    to: number,
    keep: Float32Array,
    from: number,
    factor: Float32Array | undefined,
  ): void {
    const { cell, engine, options } = this.dynamics.parts;
    const { f32 } = engine.arena;
    const width = matrix(1, options.hiddenSize).stride;
    for (let g = 0; g < cell.gates; g++) {
      const at = (to >>> 2) + g * width;
      for (let i = 0; i < keep.length; i++) {
        const added = factor === undefined ? 0 : factor[i] * f32[(from >>> 2) + g * width + i];
        f32[at + i] = keep[i] * f32[at + i] + added;
      }
    }
  }

  /** The units' factors for every gate's rows; of padding 0. */
  private tile({ pointer, stride }: Region, values: Float32Array): void {
    const { cell, engine } = this.dynamics.parts;
    const width = stride / cell.gates;
    for (let g = 0; g < cell.gates; g++) engine.arena.f32.set(values, (pointer >>> 2) + g * width);
  }

  /** E_p += D_p ⊗ a. */
  private addOwn(l: number, sample: number, dz: Region, part: number): void {
    const { dynamics } = this;
    const { layer, regions } = dynamics.layerParts(l);
    const { h, input } = dynamics.stepFactors(l, sample);
    const row = { ...dz, rows: 1, pointer: dz.pointer + sample * dz.stride * 4 };
    const shift = this.influences[part].pointer(sample) - dynamics.parts.parameters.gradients;
    layer.addGradients(row, h, input, regions, shift);
  }

  /** g += q·E_h, a unit's rows by the unit's own cotangent. */
  private addGradient(layer: number, sample: number, outside: Region): void {
    const { parts } = this.dynamics;
    const { kernels, constants } = parts.engine;
    const q = this.row(outside, sample, parts.options.hiddenSize);
    const [h] = this.influences;
    const ones = q.map(() => 1);
    for (const { gradient, trainable } of this.places(layer)) {
      if (!trainable) continue;
      const from = h.pointer(sample) + gradient.pointer - parts.parameters.gradients;
      if (gradient.rows === 1) this.scaleElements(gradient.pointer, ones, from, q);
      else {
        this.tile(this.factors, q);
        const { pointer, rows, stride } = gradient;
        kernels.addScaledRows(pointer, from, 0, this.factors.pointer, constants, rows, stride);
      }
    }
  }
}
