/** Defines online rules, which learn as time goes on, in memory that does not grow with the sequence. */

import type { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { Network } from "../../network/types.js";
import type { Random } from "../../random.js";

/** An online rule holds what it keeps of the past for one network and batch. */
export interface OnlineRule {
  /**
   * Learns from the block that just ran, whose losses' gradients stand in `dynamics`. It adds the gradient
   * that these losses have through the recurrent parameters of this and all earlier steps, and updates what
   * the rule keeps of the past.
   */
  advance(): void;
  /** Forgets the past, as a sequence begins. */
  reset(): void;
  /**
   * All that the rule keeps of the past, by name, to be saved and restored; as many rows for each sample, the samples in
   * their order. Of a sample that begins anew they become zeros.
   */
  readonly memory: Readonly<Record<string, Rows>>;
}

export interface OnlineRuleContext {
  readonly network: Network;
  readonly dynamics: Dynamics;
  /** Returns the generator of rules that draw, the same throughout a training. */
  readonly random: () => Random;
}

export interface OnlineRulePlan {
  readonly name: string;
  /** The most steps of a block. */
  readonly block: number;
  /**
   * Whether the rule needs each gradient as one product of a state's and an input's factor, which an
   * embedding's is not; default false.
   */
  readonly factored?: boolean;
  /** Whether the rule covers only cells whose units do not see each other's states; default false. */
  readonly diagonal?: boolean;
  readonly create: (context: OnlineRuleContext) => OnlineRule;
}

/** Fills a row of a joint state with random signs ±1 at its units, and leaves its padding as it is. */
export function drawSigns(rows: Rows, row: number, units: Int32Array, random: Random): void {
  for (let i = 0; i < units.length;) {
    const bits = random.bits();
    for (let bit = 0; bit < 32 && i < units.length; bit++, i++)
      rows.set(row, units[i], (bits >>> bit) & 1 ? 1 : -1);
  }
}

/** Returns how many draws of 32 bits `drawSigns` makes. */
export function wordsOfSigns(units: Int32Array): number {
  return Math.ceil(units.length / 32);
}

/** Returns √((a + ε)/(b + ε)), which balances two factors of a product with the norms a and b. */
export function balance(a: number, b: number): number {
  return Math.sqrt((a + EPSILON) / (b + EPSILON));
}

const EPSILON = 1e-7;
