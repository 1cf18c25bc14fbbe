/** Reads `--rule` and the options that belong to it: how `bptt train` obtains its gradients. */

import {
  cellNames,
  learningRules,
  type Learner,
  type LearningRule,
  type LearningRuleName,
} from "../index.js";
import { cells } from "../network/cells/by-name.js";
import { isDiagonal } from "../network/cells/cell.js";
import { choice, decimalNumber, wholeNumber, type OptionHelp } from "./arguments.js";
import { Failure } from "./failure.js";

/** An option of the command line that some rules have. */
type RuleFlag = "k1" | "k2" | "mean-length" | "block" | "memory";

export type RuleOption = "rule" | RuleFlag;

const names = Object.keys(learningRules) as LearningRuleName[];
const online = names.filter((name) => learningRules[name].online);

export const ruleOptions: Readonly<Record<RuleOption, OptionHelp>> = {
  rule: {
    value: "<name>",
    help:
      "how gradients are obtained (bptt). bptt goes back over each window. tbptt goes back --k2 tokens every\n" +
      "--k1, into the windows before too; bptt diagnose finds both. artbp cuts at random: unbiased, little noise.\n" +
      `Forward in time, nothing is cut: ${online.join(", ")}.\n` +
      "rtrl and blockRtrl are exact, kfRtrl, uoro and noBackTrack unbiased and noisy, snap1 and rflo biased; rtrl,\n" +
      "blockRtrl and kfRtrl are for small networks; diagonalRtrl is exact with one layer, and is for\n" +
      `--cell ${cellNames.filter((cell) => isDiagonal(cells[cell])).join(" and ")}`,
  },
  k1: { value: "<n>", help: "of tbptt: tokens from one update to the next (the window)" },
  k2: { value: "<n>", help: "of tbptt: tokens that errors go back, at least k1 (2·k1)" },
  "mean-length": { value: "<x>", help: "of artbp: tokens between cuts, on average (the window)" },
  block: { value: "<n>", help: "of uoro (1) and blockRtrl (16): tokens that are taken together" },
  memory: {
    value: "<MB>",
    help: "of bptt: megabytes to go back through a window in, by running steps again; for long windows",
  },
};

const MEGABYTE = 1e6;

/** The name of an option that some learning rule takes. */
type OptionName = (typeof learningRules)[LearningRuleName]["options"][number];

/** A learning rule, and what it is told. */
export type Rule = { readonly name: LearningRuleName } & Readonly<Partial<Record<OptionName, number>>>;

/** A rule as it is typed: its name, and the options that belong to it. */
export type TypedRule = Readonly<Partial<Record<RuleOption, string>>>;

/** Says how an option of a rule is typed. */
interface Flag {
  readonly name: RuleFlag;
  /** Undefined leaves it to the rule. `rule` has what was read before, in the rule's own order. */
  read(text: string | undefined, rule: Rule, window: number): number | undefined;
}

/** The flag of each option; none where the command line leaves it as it is. */
const flags: Readonly<Record<OptionName, Flag | undefined>> = {
  memoryBudget: {
    name: "memory",
    read: (text) => {
      const megabytes = decimalNumber("memory", text, "above 0", (x) => x > 0, undefined);
      return megabytes === undefined ? undefined : megabytes * MEGABYTE;
    },
  },
  k1: { name: "k1", read: (text, _, window) => wholeNumber("k1", text, 1, window) },
  k2: { name: "k2", read: (text, { k1 = 1 }) => wholeNumber("k2", text, k1, 2 * k1) },
  meanLength: {
    name: "mean-length",
    read: (text, _, window) =>
      decimalNumber("mean-length", text, "above 1", (x) => x > 1, Math.max(2, window)),
  },
  alpha: undefined,
  block: {
    name: "block",
    read: (text, { name }) => wholeNumber("block", text, 1, name === "blockRtrl" ? 16 : 1),
  },
};

function takes(name: LearningRuleName, option: string): boolean {
  const { options }: LearningRule = learningRules[name];
  return options.includes(option);
}

/** Throws a Failure for an option that is another rule's. */
function requireOwnFlags(typed: TypedRule, name: LearningRuleName): void {
  for (const [option, flag] of Object.entries(flags)) {
    if (flag === undefined || typed[flag.name] === undefined || takes(name, option)) continue;
    const owners = names.filter((owner) => takes(owner, option));
    throw new Failure(`--${flag.name} is for --rule ${owners.join(" and ")}, not for ${name}`);
  }
}

/** Reads a rule. `window`: what k1 and the mean length are unless they are given. Throws a Failure that names the option. */
export function readRule(typed: TypedRule, window: number): Rule {
  const name = choice("rule", typed.rule, names, "bptt");
  requireOwnFlags(typed, name);
  let rule: Rule = { name };
  for (const option of learningRules[name].options) {
    const flag = flags[option];
    const value = flag?.read(typed[flag.name], rule, window);
    if (value !== undefined) rule = { ...rule, [option]: value };
  }
  return rule;
}

/** Makes the learner. */
export function learnerOf(rule: Rule): Learner {
  const { name, ...options } = rule;
  const row: LearningRule = learningRules[name];
  return row.create(options);
}

/** Returns the tokens from one update to the next, on average. */
export function stretchOf({ k1, meanLength }: Rule, window: number): number {
  return k1 ?? meanLength ?? window;
}
