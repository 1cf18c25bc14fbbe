/** Normalises a layer's W_ih x_t, for all T·B rows at once: z (+)= g ⊙ x̂ (Ba, Kiros & Hinton 2016, arXiv 1607.06450). */

import type { Engine } from "../../memory/engine.js";
import type { Region } from "../../memory/regions.js";
import type { CellNorm, CellRun, NormGroup } from "../cells/cell.js";
import type { ParameterPlace } from "../parameters/parameters.js";

export class InputNorm {
  private readonly engine: Engine;
  private readonly groups: readonly NormGroup[];
  private readonly gain: ParameterPlace;

  /** `gain`: that of W_ih x_t, [G·H]. */
  constructor(engine: Engine, { inputGroups }: CellNorm, gain: ParameterPlace) {
    this.engine = engine;
    this.groups = inputGroups;
    this.gain = gain;
  }

  /** Normalises u, W_ih x_t, in place, and adds it, times the gain, to z. */
  forward(engine: Engine, run: CellRun): void {
    const { z, u } = run.regions;
    this.normalize(engine, run, 0, z, u);
  }

  /** Computes du, dLoss/d(W_ih x_t), from dz. */
  backward(run: CellRun): void {
    const { z, du } = run.regions;
    this.normalize(this.engine, run, 1, z, du);
  }

  /** Adds the tangent along that of W_ih x_t, which the tangents' u comes in holding, to their z. */
  tangent(run: CellRun, { regions: { z, u } }: CellRun): void {
    this.normalize(this.engine, run, 2, z, u);
  }

  /** Runs a pass of normalizeRows, where u is x̂, group by group. */
  private normalize(
    { kernels, constants }: Engine,
    { regions: { h, u, scales }, steps, batch }: CellRun,
    pass: number,
    z: Region,
    x: Region,
  ) {
    for (const { first, blocks, scale } of this.groups) {
      const offset = first * h.stride * 4;
      kernels.normalizeRows(
        z.pointer + offset,
        x.pointer + offset,
        u.pointer + offset,
        scales.pointer + scale * 4,
        this.gain.value.pointer + offset,
        constants,
        pass,
        steps * batch,
        blocks,
        h.columns,
        h.stride,
        z.stride,
        u.stride,
      );
    }
  }
}
