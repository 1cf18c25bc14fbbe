/** Runs a gated cell's window in every size and way, in every build. */

import { describe, expect, it } from "vitest";
import type { CellDefinition } from "../../src/network/cells/cell.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import {
  describeWindow,
  runCell,
  stepsFor,
  waysOf,
  type Outcome,
  type Sizes,
  type Way,
  type Window,
} from "./gated-windows.js";
import { Guarded } from "./guarded.js";
import { sizes } from "./values.js";

/** A window, and what is wrong with what a kernel makes of it. */
export interface Drawn {
  readonly window: Window;
  readonly faults: (outcome: Outcome) => string[];
}

/** One of each build whose tensors stand at multiples of 64 bytes, and one of each with tensors 32 past. */
const subjects = [0, 8].map((offset) => builds.map((build) => ({ build, on: new Guarded(build, offset) })));

export function describeCell(
  name: string,
  cell: CellDefinition,
  drawWindow: (random: Random, sizes: Sizes, way: Way) => Drawn,
): void {
  describe(`the ${name} window, T from 1 to 9 and B from 1 to 7, in every build`, () => {
    it.each(sizes)("H = %i: each step is within its rounding, and the window is the oracle's", (H) => {
      const random = new Random(H);
      const found: string[] = [];
      for (const T of stepsFor(H)) {
        for (let B = 1; B <= 7; B++) {
          for (const way of waysOf(random, { T, B, H })) {
            const { window, faults } = drawWindow(random, { T, B, H }, way);
            for (const { build, on } of subjects[B % 2]) {
              const outcome = runCell(on, cell, window);
              const all = [...faults(outcome), ...outcome.faults, ...on.finish()];
              found.push(...all.map((fault) => `${build} ${describeWindow(window)}: ${fault}`));
            }
          }
        }
      }
      expect(found).toEqual([]);
    });
  });
}
