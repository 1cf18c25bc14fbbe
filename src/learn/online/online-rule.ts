/** What an online rule is: it learns as time goes on, block by block, in memory that does not grow with the sequence. */

import type { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { Network } from "../../network/types.js";
import type { Random } from "../../random.js";

/** What a rule keeps of the past, over one network and batch. */
export interface OnlineRule {
  /**
   * After a block ran and its losses' gradients stand in `dynamics`: adds the gradient of the recurrent parameters that the
   * block's losses have by way of the present parameters, now and in the past, and moves what it keeps of the past on.
   */
  advance(): void;
  /** A sequence begins: the past is forgotten. */
  reset(): void;
  /** All that it keeps of the past, by name, to be saved and restored. */
  readonly memory: Readonly<Record<string, Rows>>;
}

export interface OnlineRuleContext {
  readonly network: Network;
  readonly dynamics: Dynamics;
  /** For rules that draw; the same throughout a training. */
  readonly random: () => Random;
}

export interface OnlineRulePlan {
  readonly name: string;
  /** The most steps of a block. */
  readonly block: number;
  /** Whether it needs each gradient as one product of a state's part and an input's, which an embedding has not. */
  readonly factored?: boolean;
  /** Whether it is for cells alone whose units do not see each other's states. */
  readonly diagonal?: boolean;
  readonly create: (context: OnlineRuleContext) => OnlineRule;
}

/** ±1 at the units of a row of a joint state, zeros in its padding. */
export function drawSigns(rows: Rows, row: number, units: Int32Array, random: Random): void {
  for (let i = 0; i < units.length;) {
    const bits = random.bits();
    for (let bit = 0; bit < 32 && i < units.length; bit++, i++)
      rows.set(row, units[i], (bits >>> bit) & 1 ? 1 : -1);
  }
}

/** (‖a‖ + ε)/(‖b‖ + ε) under a root: what balances the two factors of a product. */
export function balance(a: number, b: number): number {
  return Math.sqrt((a + EPSILON) / (b + EPSILON));
}

const EPSILON = 1e-7;
