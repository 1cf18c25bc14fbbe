/** A joint state as one row: of each layer h, and c where the cell has it, each padded to whole vectors. */

import type { Engine } from "../../memory/engine.js";
import { matrix, type Region } from "../../memory/regions.js";
import type { Model } from "../model/model.js";
import type { Rows } from "./rows.js";

export class StateLayout {
  /** S: elements of a row, padding included. */
  readonly size: number;
  /** Where the units stand in a row, without the padding: of each layer those of h, then those of c. */
  readonly units: Int32Array;
  private readonly engine: Engine;
  /** Elements of h, and of c, padding included. */
  private readonly width: number;
  /** 1, or 2 with a cell state. */
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

  /** h and c of a layer, [R, H], from the rows; c is left alone where the cell has none. */
  read(rows: Rows, layer: number, h: Region, c: Region): void {
    this.copy(h, rows, layer, 0, false);
    if (this.parts === 2) this.copy(c, rows, layer, 1, false);
  }

  /** The rows' part of a layer from its h and c. */
  write(rows: Rows, layer: number, h: Region, c: Region): void {
    this.copy(h, rows, layer, 0, true);
    if (this.parts === 2) this.copy(c, rows, layer, 1, true);
  }

  /** Adds the rows' h of a layer to `h`, and puts its c into `c`. */
  addTo(rows: Rows, layer: number, h: Region, c: Region): void {
    const { kernels } = this.engine;
    const from = rows.pointer(0) + this.offset(layer, 0) * 4;
    for (let r = 0; r < rows.count; r++) {
      const to = h.pointer + r * h.stride * 4;
      kernels.add(to, to, from + r * rows.size * 4, this.width);
    }
    if (this.parts === 2) this.copy(c, rows, layer, 1, false);
  }

  /** Elements before a layer's h (part 0) or c (part 1). */
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
