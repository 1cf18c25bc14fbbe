/** Applies inverted dropout (Srivastava et al. 2014) between layers; a window run again has equal masks. */

import type { Engine } from "../../memory/engine.js";
import { rowsOf, sizeOf, type Region } from "../../memory/regions.js";

/** Says which sequences of a batch a window has: `count` from `first` on, of `batch`. */
export interface BatchPart {
  readonly first: number;
  readonly count: number;
  readonly batch: number;
}

/** Identifies the dropout masks of one training window: they follow from these numbers alone. */
export interface DropoutPass {
  /** The share of outputs that become 0, in [0, 1). */
  readonly probability: number;
  readonly seed: number;
  /** The number of training windows before this one. */
  readonly window: number;
  /** The part of the batch that the window is: its masks are those that the whole batch would have there. */
  readonly part?: BatchPart | undefined;
}

/** Returns a 32-bit hash of the seed, the window and the layer, which tells one mask from another. */
function keyOf({ seed, window }: DropoutPass, layer: number): number {
  let key = 0x9e3779b9;
  for (const word of [seed >>> 0, Math.floor(seed / 0x1_0000_0000) >>> 0, window >>> 0, layer]) {
    key = Math.imul(key ^ word, 0x85ebca6b);
    key = Math.imul(key ^ (key >>> 15), 0xc2b2ae35);
    key ^= key >>> 13;
  }
  return key >>> 0;
}

/** Sequences beyond all rows: a row's place is that in the whole. */
const WHOLE: BatchPart = { first: 0, count: 0x1_0000_0000, batch: 0 };

/** Writes to = mask · from for layer and direction `index`; `firstRow`: first row's place in the window. */
export function applyDropout(
  { kernels }: Engine,
  pass: DropoutPass,
  index: number,
  to: Region,
  from: Region,
  firstRow: number,
): void {
  const { probability, part = WHOLE } = pass;
  const { first, count, batch } = part;
  const key = keyOf(pass, index);
  const threshold = Math.min(0xffff_ffff, Math.round(probability * 0x1_0000_0000));
  for (let row = 0; row < from.rows;) {
    const sequence = (firstRow + row) % count;
    const rows = Math.min(count - sequence, from.rows - row);
    const whole = Math.floor((firstRow + row) / count) * batch + first + sequence;
    const source = rowsOf(from, row, rows);
    kernels.dropout(
      rowsOf(to, row, rows).pointer,
      source.pointer,
      key,
      (whole * from.stride) >>> 0,
      threshold,
      1 / (1 - probability),
      sizeOf(source),
    );
    row += rows;
  }
}
