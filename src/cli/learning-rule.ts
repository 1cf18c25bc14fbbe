/** `--rule` and what belongs to it: how `bptt train` obtains its gradients. */

import {
  artbp,
  blockRtrl,
  bptt,
  diagonalRtrl,
  kfRtrl,
  noBackTrack,
  rtrl,
  snap1,
  tbptt,
  uoro,
  type Learner,
} from "../index.js";
import { choice, decimalNumber, wholeNumber, type OptionHelp } from "./arguments.js";
import { Failure } from "./failure.js";

export type RuleOption = "rule" | "k1" | "k2" | "mean-length" | "block" | "memory";

export const ruleOptions: Readonly<Record<RuleOption, OptionHelp>> = {
  rule: {
    value: "<name>",
    help:
      "how gradients are obtained (bptt). bptt goes back over each window. tbptt goes back --k2 characters every\n" +
      "--k1, into the windows before too; bptt diagnose finds both. artbp cuts at random: unbiased, little\n" +
      "noise. Forward in time, nothing is cut: rtrl and blockRtrl are exact, kfRtrl, uoro and noBackTrack\n" +
      "unbiased and noisy, snap1 biased; rtrl, blockRtrl and kfRtrl are for small networks; diagonalRtrl is for\n" +
      "--cell mingru, exact with one layer",
  },
  k1: { value: "<n>", help: "of tbptt: characters from one update to the next (the window)" },
  k2: { value: "<n>", help: "of tbptt: characters that errors go back, at least k1 (2·k1)" },
  "mean-length": { value: "<x>", help: "of artbp: characters between cuts, on average (the window)" },
  block: { value: "<n>", help: "of uoro (1) and blockRtrl (16): characters that are taken together" },
  memory: {
    value: "<MB>",
    help: "of bptt: megabytes to go back through a window in, by running steps again; for long windows",
  },
};

const MEGABYTE = 1e6;

export type Rule =
  | { readonly name: "bptt"; readonly memoryBudget?: number }
  | { readonly name: "rtrl" | "kfRtrl" | "noBackTrack" | "snap1" | "diagonalRtrl" }
  | { readonly name: "tbptt"; readonly k1: number; readonly k2: number }
  | { readonly name: "artbp"; readonly meanLength: number }
  | { readonly name: "uoro" | "blockRtrl"; readonly block: number };

const owners: Readonly<Record<Exclude<RuleOption, "rule">, readonly Rule["name"][]>> = {
  k1: ["tbptt"],
  k2: ["tbptt"],
  "mean-length": ["artbp"],
  block: ["uoro", "blockRtrl"],
  memory: ["bptt"],
};

const names = [
  "bptt",
  "tbptt",
  "artbp",
  "rtrl",
  "blockRtrl",
  "kfRtrl",
  "uoro",
  "noBackTrack",
  "snap1",
  "diagonalRtrl",
] as const satisfies readonly Rule["name"][];

/** `window`: what k1 and the mean length are unless they are given. Throws a Failure that names the option. */
export function readRule(given: Readonly<Partial<Record<RuleOption, string>>>, window: number): Rule {
  const name = choice("rule", given.rule, names, "bptt");
  for (const option of Object.keys(owners) as (keyof typeof owners)[]) {
    if (given[option] !== undefined && !owners[option].includes(name))
      throw new Failure(`--${option} is for --rule ${owners[option].join(" and ")}, not for ${name}`);
  }
  switch (name) {
    case "bptt": {
      const memory = decimalNumber("memory", given.memory, "above 0", (x) => x > 0, undefined);
      return memory === undefined ? { name } : { name, memoryBudget: memory * MEGABYTE };
    }
    case "tbptt": {
      const k1 = wholeNumber("k1", given.k1, 1, window);
      return { name, k1, k2: wholeNumber("k2", given.k2, k1, 2 * k1) };
    }
    case "artbp":
      return {
        name,
        meanLength: decimalNumber(
          "mean-length",
          given["mean-length"],
          "above 1",
          (x) => x > 1,
          Math.max(2, window),
        ),
      };
    case "uoro":
      return { name, block: wholeNumber("block", given.block, 1, 1) };
    case "blockRtrl":
      return { name, block: wholeNumber("block", given.block, 1, 16) };
    default:
      return { name };
  }
}

export function createLearner(rule: Rule): Learner {
  switch (rule.name) {
    case "bptt":
      return bptt(rule);
    case "tbptt":
      return tbptt(rule);
    case "artbp":
      return artbp(rule);
    case "rtrl":
      return rtrl();
    case "blockRtrl":
      return blockRtrl(rule);
    case "kfRtrl":
      return kfRtrl();
    case "uoro":
      return uoro(rule);
    case "noBackTrack":
      return noBackTrack();
    case "snap1":
      return snap1();
    case "diagonalRtrl":
      return diagonalRtrl();
  }
}

/** Characters from one update to the next, on average. */
export function stretchOf(rule: Rule, window: number): number {
  if (rule.name === "tbptt") return rule.k1;
  return rule.name === "artbp" ? rule.meanLength : window;
}
