/** Counts how many of a layer's units let no gradient through. */

import { activationsOf, type Activation } from "../../network/cells/activations.js";
import type { Dynamics } from "../../network/dynamics/dynamics.js";
import { elementAt } from "../../memory/regions.js";

/** Describes one gate, candidate or state, over all units, steps and sequences. */
export interface Saturation {
  /**
   * A gate or candidate by its letter, or a state: `"h"` of an Elman layer; `"r"`, `"z"` and the candidate `"n"` of a
   * GRU; `"i"`, `"f"`, `"o"`, the candidate `"g"` and, but with layer normalisation, the cell state `"c"` of an LSTM; `"z"` of a minGRU and `"f"`,
   * `"i"` of a minLSTM, whose candidates are linear.
   */
  name: string;
  /**
   * The share at the lower end: gates below 0.01, tanh below −0.99 (of `"c"`: where tanh(c) is), and max(0, ·) at 0. A forget
   * gate there forgets all.
   */
  low: number;
  /**
   * The share at the upper end: gates above 0.99, tanh above 0.99. A forget gate there keeps all, but a minLSTM's, which
   * keeps f/(f + i).
   */
  high: number;
  /** The share of units that are at one of the two ends, always the same, all the time: of max(0, ·) the dead ones. */
  stuck: number;
}

/** Counts, block by block. */
export class SaturationCount {
  private readonly dynamics: Dynamics;
  private readonly layer: number;
  private readonly kinds: readonly Activation[];
  /** Of each activation, by unit. */
  private readonly low: readonly Uint32Array[];
  private readonly high: readonly Uint32Array[];
  private seen = 0;

  constructor(dynamics: Dynamics, layer: number) {
    const { cell, options } = dynamics.parts;
    const { hiddenSize } = options;
    this.dynamics = dynamics;
    this.layer = layer;
    this.kinds = activationsOf(cell);
    this.low = this.kinds.map(() => new Uint32Array(hiddenSize));
    this.high = this.kinds.map(() => new Uint32Array(hiddenSize));
  }

  /** Takes in the last block, of one step, of those sequences that did not end before it. */
  add(goesOn: (sample: number) => boolean): void {
    const run = this.dynamics.tapeOf(this.layer);
    const { f32 } = this.dynamics.parts.engine.arena;
    const samples = Array.from({ length: run.batch }, (_, b) => b).filter(goesOn);
    this.seen += samples.length;
    this.kinds.forEach((kind, k) => {
      const { pointer, columns, stride } = kind.region(run);
      const [low, high] = [this.low[k], this.high[k]];
      for (const b of samples) {
        const start = elementAt(pointer) + b * stride;
        for (let j = 0; j < columns; j++) {
          const value = f32[start + j];
          if (value < kind.low) low[j]++;
          else if (value > kind.high) high[j]++;
        }
      }
    });
  }

  read(): Saturation[] {
    const { seen } = this;
    return this.kinds.map(({ name }, k) => {
      const [low, high] = [this.low[k], this.high[k]];
      const share = (counts: Uint32Array): number =>
        counts.reduce((sum, count) => sum + count, 0) / (counts.length * seen);
      const stuck = low.filter((count, j) => count === seen || high[j] === seen).length / low.length;
      return { name, low: share(low), high: share(high), stuck };
    });
  }
}
