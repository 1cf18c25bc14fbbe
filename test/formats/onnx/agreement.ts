/** How near what a runtime gives is to what the library gives. */

import { expect } from "vitest";
import { softmax } from "../../../src/network/softmax.js";
import type { Network, Sequence, State } from "../../../src/network/types.js";
import { reachOfRounding, type Answers } from "../../oracle/conditioning.js";
import { modelOf } from "../../oracle/model.js";
import { oracleForward } from "../../oracle/network.js";
import type { Ran } from "./run-onnx.js";

/** What the project promises, in max(1, |expected|). */
export const TOLERANCE = 1e-5;

/** What the comparisons of a campaign came to. */
export class Agreement {
  windows = 0;
  /** The greatest differences, of networks without layer normalisation and with it. */
  plain = 0;
  normalized = 0;
  /** Networks with layer normalisation of which rounding the parameters alone explains more than TOLERANCE. */
  steep = 0;

  /**
   * Compares a window. Layer normalisation of few units depends on its parameters so steeply that rounding can go beyond
   * TOLERANCE: such a difference may be as large as what a float64 network gives for parameters rounded anew.
   */
  compare(network: Network, sequence: Sequence, state: State, came: Ran, withSoftmax: boolean): void {
    const run = network.forward(sequence, { state, keepTape: false });
    const [width] = came.shape.slice(-1);
    const expected = {
      outputs: withSoftmax ? softmax(run.outputs, width) : run.outputs,
      h: run.state.h,
      c: run.state.c ?? new Float32Array(0),
    };
    const given = { outputs: came.outputs, h: came.state.h, c: came.state.c ?? new Float32Array(0) };
    const names = ["outputs", "h", "c"] as const;
    const differences = names.map((name) => worstDifference(given[name], expected[name]));
    const worst = Math.max(...differences);
    const kind = network.options.layerNorm ? "normalized" : "plain";
    this[kind] = Math.max(this[kind], worst);
    this.windows++;
    if (worst <= TOLERANCE) return;
    this.steep++;
    const reach = reachOfRounding(modelOf(network), (model): Answers => {
      const { outputs, state: final } = oracleForward(model, sequence, { state });
      return new Map([
        ["outputs", outputs],
        ["h", final.h],
        ["c", final.c ?? new Float64Array(0)],
      ]);
    });
    names.forEach((name, i) => {
      const most = TOLERANCE + (reach.get(name) ?? 0);
      expect(differences[i], `${name} of ${JSON.stringify(network.options)}`).toBeLessThanOrEqual(most);
    });
  }
}

/** Returns the greatest difference, in max(1, |expected|); infinite for another length or what is not a number. */
function worstDifference(came: Float32Array, expected: Float32Array): number {
  if (came.length !== expected.length) return Infinity;
  let worst = 0;
  expected.forEach((value, i) => {
    const difference = Math.abs(came[i] - value) / Math.max(1, Math.abs(value));
    worst = difference >= 0 ? Math.max(worst, difference) : Infinity;
  });
  return worst;
}
