/**
 * Computes how each unit's new state depends on the unit alone within one step: on its own state before the
 * step, and on its own gates' pre-activations. These derivatives are diagonals of a layer's Jacobians, so one
 * backward pass from ones, with W_hh replaced by zeros, finds them all.
 */

import type { Engine } from "../../memory/engine.js";
import { elementAt, matrix, sizeOf, vector, type Region, type Shape } from "../../memory/regions.js";
import type { CellRun } from "../cells/cell.js";
import type { Model, Pass } from "../model/model.js";
import { pick, type Window } from "../model/window.js";

/** Holds the derivatives of h, or of c, of every unit of a layer; each region has a row for each sample. */
export interface UnitDerivative {
  /** [B, blocks·H], derivatives by the unit's own pre-activations. */
  readonly dz: Region;
  /** [B, H], derivatives by the unit's own h before the step, other than through its gates; 0 where it begins anew. */
  readonly byH: Region;
  /** [B, H], derivatives by the unit's own c before the step; only where the cell has it. */
  readonly byC: Region;
}

export class UnitDerivatives {
  private readonly model: Model;
  private readonly engine: Engine;
  private readonly none: Region;
  /** By layer, the run that finds h's derivatives, then the one for c's. */
  private readonly runs: readonly (readonly CellRun[])[];
  private readonly results: UnitDerivative[][] = [];

  /** `reserve` throws an OutOfMemoryError. */
  constructor(
    model: Model,
    batch: number,
    reserve: (plan: Readonly<Record<string, Shape>>) => Readonly<Record<string, Region>>,
  ) {
    const { cell, options, layers } = model;
    this.model = model;
    this.engine = model.engine;
    const panels = layers.map(([layer]) => layer.backPanelSize);
    this.none = reserve({ none: vector(Math.max(8, ...panels)) })["none"];
    const parts = cell.hasCellState ? 2 : 1;
    this.runs = layers.map(() =>
      Array.from({ length: parts }, () => {
        const shapes = cell.plan(1, batch, options.hiddenSize, true);
        const held = reserve({ ...shapes, c: matrix(0, 0), h: matrix(0, 0) });
        const regions = pick(held, shapes, "");
        return { steps: 1, batch, reverse: false, lengths: 0, resets: 0, held: 0, regions };
      }),
    );
  }

  /** Computes the derivatives over the window's one step. */
  run(window: Window, pass: Pass): void {
    this.results.length = 0;
    this.runs.forEach((parts, l) => {
      const tape = this.model.run(window, pass, l, 0);
      this.results.push(parts.map((own, part) => this.derive(own, tape, l, part)));
    });
  }

  /** Returns a layer's derivatives of h, and of c where the cell has it. */
  of(layer: number): readonly UnitDerivative[] {
    return this.results[layer];
  }

  private derive(own: CellRun, tape: CellRun, layer: number, part: number): UnitDerivative {
    const { u8 } = this.engine.arena;
    const { h, c, z } = tape.regions;
    const { dh, dc } = own.regions;
    // Slot 0 is that of the state before the step.
    this.fill(dh, 0, own.batch, 0);
    this.fill(dh, own.batch, own.batch, part === 0 ? 1 : 0);
    this.fill(dc, 0, dc.rows, part === 1 ? 1 : 0);
    u8.copyWithin(own.regions.z.pointer, z.pointer, z.pointer + sizeOf(own.regions.z) * 4);
    const { lengths, resets, held } = tape;
    const run = { ...own, lengths, resets, held, regions: { ...own.regions, h, c } };
    const dz = this.model.layers[layer][0].backwardUnits(run, this.none.pointer);
    return { dz, byH: { ...dh, rows: own.batch }, byC: dc };
  }

  /** Sets the units of rows [first, first + count) to `value`; their padding stays zeros. */
  private fill({ pointer, columns, stride }: Region, first: number, count: number, value: number): void {
    for (let r = first; r < first + count; r++) {
      const start = elementAt(pointer) + r * stride;
      this.engine.arena.f32.fill(value, start, start + columns);
    }
  }
}
