/** Keeps of the influence what each unit's own parameters have done to the unit itself. */

import { elementAt, matrix, type Region } from "../../memory/regions.js";
import { isDiagonal } from "../../network/cells/cell.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import { layerSuffix } from "../../network/sizes.js";
import type { ParameterPlace } from "../../network/parameters/parameters.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { UnitDerivative } from "../../network/dynamics/unit-derivatives.js";
import { moveBiasInfluence, moveInfluence } from "../../wasm/generated/named-kernels.js";
import type { OnlineRule } from "./online-rule.js";

/** Parameters of a layer, whose step's gradient is dz ⊗ a. */
interface OwnParameters {
  readonly place: ParameterPlace;
  /** x, h_{t-1}, or 1: of a bias. */
  readonly a: "x" | "h" | "1";
  /** Bytes from the start of a row of dz to the blocks that these parameters bring to. */
  readonly dzAt: number;
}

export interface OwnInfluenceOptions {
  /** Whether a unit's past counts that comes back to it by the diagonal of W_hh, or only what stays within its state. */
  readonly throughWeights: boolean;
}

export class OwnInfluence implements OnlineRule {
  /** E of h, and of c where the cell has it: [B, P] each. */
  readonly memory: Readonly<Record<string, Rows>>;
  private readonly dynamics: Dynamics;
  private readonly throughWeights: boolean;
  private readonly influences: readonly Rows[];
  private readonly layers: readonly (readonly OwnParameters[])[];
  /** Tokens' rows of x, [B, I]; zeros between steps. */
  private readonly oneHot: Rows;
  /** ∂h/∂h, and ∂c/∂h, of each unit by itself: [B, H]. */
  private readonly byOwnH: readonly Rows[];

  constructor(dynamics: Dynamics, { throughWeights }: OwnInfluenceOptions) {
    const { batch, parts } = dynamics;
    const { cell, options } = parts;
    const names = cell.hasCellState ? ["h", "c"] : ["h"];
    this.dynamics = dynamics;
    this.throughWeights = throughWeights && !isDiagonal(dynamics.parts.cell);
    this.influences = names.map(() => dynamics.createGradients(batch));
    this.memory = Object.fromEntries(names.map((name, part) => [name, this.influences[part]]));
    this.layers = Array.from({ length: options.layers }, (_, l) => this.parametersOf(l));
    this.oneHot = dynamics.createRows(batch, options.inputSize);
    this.byOwnH = names.map(() => dynamics.createRows(batch, options.hiddenSize));
  }

  reset(): void {
    for (const rows of this.influences) rows.zero();
  }

  advance(): void {
    const { dynamics } = this;
    // The cotangents that come down through the layers above at this step.
    const direct = dynamics.vjp({ losses: true });
    const units = dynamics.unitDerivatives();
    for (let l = 0; l < this.layers.length; l++) this.move(l, units.of(l), direct.outsideGradients(l));
  }

  private parametersOf(layer: number): OwnParameters[] {
    const { cell, options, parameters } = this.dynamics.parts;
    const place = (name: string) => parameters.place(`rnn.${name}_${layerSuffix(layer, 0)}`);
    const input: OwnParameters[] = [
      { place: place("weight_ih"), a: "x", dzAt: 0 },
      { place: place("bias_ih"), a: "1", dzAt: 0 },
    ];
    if (isDiagonal(cell)) return input;
    const dzAt = (cell.blocks - cell.recurrentOrder.length) * matrix(1, options.hiddenSize).stride * 4;
    return [...input, { place: place("weight_hh"), a: "h", dzAt }, { place: place("bias_hh"), a: "1", dzAt }];
  }

  /**
   * Moves E_p ← Σ_q J_pq E_q + D_p ⊗ a for both parts of a layer's states; g += q·E_h, a unit's rows by its own
   * cotangent.
   */
  private move(layer: number, derivatives: readonly UnitDerivative[], q: Region): void {
    const { batch, parts, parameterCount } = this.dynamics;
    const { engine, cell, parameters } = parts;
    const { kernels, constants } = engine;
    const { input, h } = this.dynamics.stepInputs(layer);
    const x = "tokens" in input ? this.writeTokens(input.tokens, 1) : input.sources[0].pointer;
    const [e, c = 0] = this.influences.map((rows) => rows.pointer(0));
    const [hh, ch = 0] = derivatives.map((derivative, part) => this.ownH(layer, part, derivative));
    const [hc, cc = 0] = derivatives.map(({ byC }) => byC.pointer);
    const [dh, dc = 0] = derivatives.map(({ dz }) => dz.pointer);
    const { stride } = derivatives[0].dz;
    const H = stride / cell.blocks;
    for (const { place, a, dzAt } of this.layers[layer]) {
      const { gradient, trainable } = place;
      const at = gradient.pointer - parameters.gradients;
      // Member by member: with spreads the step of a small network takes twice the time.
      const by = {
        e: e + at,
        c: c === 0 ? 0 : c + at,
        g: trainable ? gradient.pointer : 0,
        a: a === "x" ? x : h.pointer,
        hh,
        hc,
        ch,
        cc,
        dh: dh + dzAt,
        dc: dc + dzAt,
        q: q.pointer,
        constants,
        B: batch,
        G: (a === "1" ? gradient.stride : gradient.rows) / H,
        H,
        width: gradient.stride,
        next: parameterCount,
        dStride: stride,
      };
      if (a === "1") moveBiasInfluence(kernels, by);
      else moveInfluence(kernels, by);
    }
    if ("tokens" in input) this.writeTokens(input.tokens, 0);
  }

  /** Pointer to the tokens' one-hot rows, with `value` where the tokens are. */
  private writeTokens(tokens: Region, value: number): number {
    const { i32 } = this.dynamics.parts.engine.arena;
    for (let b = 0; b < this.oneHot.count; b++) this.oneHot.set(b, i32[elementAt(tokens.pointer) + b], value);
    return this.oneHot.pointer(0);
  }

  /** Pointer to what a unit's h does to a part of itself, [B, H]: directly, and through each gate by W_hh's diagonal. */
  private ownH(layer: number, part: number, { dz, byH }: UnitDerivative): number {
    const { cell, engine, options, parameters } = this.dynamics.parts;
    if (!this.throughWeights) return byH.pointer;
    const { f32 } = engine.arena;
    const { pointer, stride } = parameters.place(`rnn.weight_hh_${layerSuffix(layer, 0)}`).value;
    const own = this.byOwnH[part];
    const width = own.size;
    const R = cell.recurrentOrder.length;
    for (let b = 0; b < own.count; b++) {
      const to = elementAt(own.pointer(b));
      const direct = elementAt(byH.pointer) + b * width;
      f32.copyWithin(to, direct, direct + width);
      // What begins anew does not see its state of before, through no gate.
      if (this.dynamics.begunAnew(b)) continue;
      for (let g = 0; g < R; g++) {
        const gate = elementAt(dz.pointer) + b * dz.stride + (cell.blocks - R + g) * width;
        const diagonal = elementAt(pointer) + g * width * stride;
        for (let i = 0; i < options.hiddenSize; i++)
          f32[to + i] += f32[gate + i] * f32[diagonal + i * (stride + 1)];
      }
    }
    return own.pointer(0);
  }
}
