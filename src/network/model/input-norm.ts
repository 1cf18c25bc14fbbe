/** Normalises a layer's W_ih x_t, for all T·B rows at once: z (+)= g ⊙ x̂ (Ba, Kiros & Hinton 2016, arXiv 1607.06450). */

import type { Engine } from "../../memory/engine.js";
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
  forward(run: CellRun): void {
    const { kernels, constants } = this.engine;
    const { z, u } = run.regions;
    for (const at of this.places(run)) {
      kernels.normalizeRows(
        z.pointer + at.offset,
        u.pointer + at.offset,
        at.scales,
        at.gain,
        constants,
        run.steps * run.batch,
        at.blocks,
        at.units,
        at.stride,
        z.stride,
        u.stride,
      );
    }
  }

  /** Computes du, dLoss/d(W_ih x_t), from dz. */
  backward(run: CellRun): void {
    const { kernels, constants } = this.engine;
    const { z, u, du } = run.regions;
    for (const at of this.places(run)) {
      kernels.normalizeRowsBackward(
        du.pointer + at.offset,
        z.pointer + at.offset,
        u.pointer + at.offset,
        at.scales,
        at.gain,
        constants,
        run.steps * run.batch,
        at.blocks,
        at.units,
        at.stride,
        u.stride,
        z.stride,
      );
    }
  }

  /** Adds the tangent along that of W_ih x_t, which stands in the tangents' u, to their z. */
  tangent(run: CellRun, { regions: tangents }: CellRun): void {
    const { kernels, constants } = this.engine;
    const { z, u } = run.regions;
    for (const at of this.places(run)) {
      kernels.normalizeRowsTangent(
        tangents.z.pointer + at.offset,
        tangents.u.pointer + at.offset,
        u.pointer + at.offset,
        at.scales,
        at.gain,
        constants,
        run.steps * run.batch,
        at.blocks,
        at.units,
        at.stride,
        z.stride,
        u.stride,
      );
    }
  }

  /** Returns where each group stands: `offset` in bytes from a row's start. */
  private places({ regions: { h, scales } }: CellRun) {
    const { stride, columns: units } = h;
    return this.groups.map(({ first, blocks, scale }) => {
      const offset = first * stride * 4;
      const gain = this.gain.value.pointer + offset;
      return { offset, gain, scales: scales.pointer + scale * 4, blocks, units, stride };
    });
  }
}
