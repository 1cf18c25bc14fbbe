/** The learning rules that the page offers, as the worker is told of them, and what they are for. */

import type { LearningRuleName } from "bptt";
import type { LearnerDescription } from "bptt/worker";
import type { Settings } from "./settings.js";

/** A rule as the page shows it. */
interface Offer {
  readonly name: string;
  readonly hint: string;
}

/** Those of the library's rules that suit a page, in their order there. */
export const offers = {
  tbptt: {
    name: "Truncated BPTT",
    hint: "The state carries on from window to window; errors go back as many steps as you say, at least a window.",
  },
  bptt: {
    name: "BPTT, a window at a time",
    hint: "Exact within each window, and cut at its start.",
  },
  artbp: {
    name: "ARTBP: randomly cut, unbiased",
    hint: "Cuts at random after a window's length on average, and weighs errors so that their mean is the whole gradient.",
  },
  uoro: {
    name: "UORO: online, unbiased, noisy",
    hint: "Never goes back further than a window: what came before is kept as one random product, right on average.",
  },
  kfRtrl: {
    name: "KF-RTRL: online, less noisy",
    hint: "Keeps the past as a Kronecker product: right on average, and far less noisy than UORO.",
  },
  snap1: {
    name: "SnAp-1: online, biased",
    hint: "Keeps of the past only what a unit's own weights did to itself.",
  },
} as const satisfies Partial<Record<LearningRuleName, Offer>>;

export type Rule = keyof typeof offers;
export const rules = Object.keys(offers) as Rule[];

export function describeRule({ rule, window, back }: Settings): LearnerDescription {
  switch (rule) {
    case "tbptt":
      return { type: rule, k1: window, k2: Math.max(window, back) };
    case "artbp":
      return { type: rule, meanLength: Math.max(2, window) };
    case "uoro":
      return { type: rule, block: window };
    default:
      return { type: rule };
  }
}
