/** Lays a joint state out as one row: of each layer h, then any c, both padded to whole vectors. */

import type { Engine } from "../../memory/engine.js";
import { matrix, type Region } from "../../memory/regions.js";
import type { Model } from "../model/model.js";
import type { Rows } from "./rows.js";

export class StateLayout {
  /** S, elements of a row, padding included. */
  readonly size: number;
  /** Column of each unit in a row, without the padding: for each layer the units of h, then those of c. */
  readonly units: Int32Array;
  private readonly engine: Engine;
  /** Elements of one layer's h, padding included; c has as many. */
  private readonly width: number;
  /** Parts of a layer's state: 1, or 2 with a cell state. */
  private readonly parts: number;

  constructor({ engine, cell, options }: Model) {
    const { hiddenSize: H, layers } = options;
    this.engine = engine;
    this.width = matrix(1, H).stride;
    this.parts = cell.hasCellState ? 2 : 1;
    this.size = layers * this.parts * this.width;
    const blocks = layers * this.parts;
    this.units = Int32Array.from({ length: blocks * H }, (_, i) => Math.floor(i / H) * this.width + (i % H));
  }

  /** Copies h and c of a layer, [R, H], out of the rows; c stays as it is where the cell has none. */
  read(rows: Rows, layer: number, h: Region, c: Region): void {
    this.copy(h, rows, layer, 0, false);
    if (this.parts === 2) this.copy(c, rows, layer, 1, false);
  }

  /** Copies h and c of a layer, [R, H], into the rows. */
  write(rows: Rows, layer: number, h: Region, c: Region): void {
    this.copy(h, rows, layer, 0, true);
    if (this.parts === 2) this.copy(c, rows, layer, 1, true);
  }

  /** Adds the rows' h of a layer to `h`, and copies the rows' c of it to `c`. */
  addTo(rows: Rows, layer: number, h: Region, c: Region): void {
    const { kernels } = this.engine;
    const from = rows.pointer(0) + this.offset(layer, 0) * 4;
    for (let r = 0; r < rows.count; r++) {
      const to = h.pointer + r * h.stride * 4;
      kernels.add(to, to, from + r * rows.size * 4, this.width);
    }
    if (this.parts === 2) this.copy(c, rows, layer, 1, false);
  }

  /** Returns the column at which a layer's h (part 0) or c (part 1) starts. */
  offset(layer: number, part: number): number {
    return (layer * this.parts + part) * this.width;
  }

  private copy(region: Region, rows: Rows, layer: number, part: number, intoRows: boolean): void {
    const { width } = this;
    const at = rows.pointer(0) + this.offset(layer, part) * 4;
    const { copyRows } = this.engine.kernels;
    if (intoRows) copyRows(at, region.pointer, rows.count, width, rows.size, region.stride);
    else copyRows(region.pointer, at, rows.count, width, region.stride, rows.size);
  }
}
