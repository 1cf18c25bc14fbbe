/** The learning rules that the page offers, as the worker is told of them, and what they are for. */

import type { LearnerDescription } from "bptt/worker";
import type { Rule, Settings } from "./settings.js";

export const ruleNames: Readonly<Record<Rule, string>> = {
  tbptt: "Truncated BPTT",
  bptt: "BPTT, a window at a time",
  artbp: "ARTBP: randomly cut, unbiased",
  uoro: "UORO: online, unbiased, noisy",
  kfRtrl: "KF-RTRL: online, less noisy",
  snap1: "SnAp-1: online, biased",
};

export const ruleHints: Readonly<Record<Rule, string>> = {
  tbptt:
    "The state carries on from window to window; errors go back as many steps as you say, at least a window.",
  bptt: "Exact within each window, and cut at its start.",
  artbp:
    "Cuts at random after a window's length on average, and weighs errors so that their mean is the whole gradient.",
  uoro: "Never goes back further than a window: what came before is kept as one random product, right on average.",
  kfRtrl: "Keeps the past as a Kronecker product: right on average, and far less noisy than UORO.",
  snap1: "Keeps of the past only what a unit's own weights did to itself.",
};

export function describeRule({ rule, window, back }: Settings): LearnerDescription {
  switch (rule) {
    case "tbptt":
      return { type: "tbptt", k1: window, k2: Math.max(window, back) };
    case "artbp":
      return { type: "artbp", meanLength: Math.max(2, window) };
    case "uoro":
      return { type: "uoro", block: window };
    case "bptt":
    case "kfRtrl":
    case "snap1":
      return { type: rule };
  }
}
