/** Compares learning rules with the full gradient, for `bptt diagnose --compare`. */

import {
  compareLearners,
  type LearnerComparison,
  type LearnerMeasurement,
  type Network,
  type Truncation,
} from "../index.js";
import type { Excerpts } from "./excerpts.js";
import { share, size } from "./format.js";
import { learnerOf, readRule, type Rule, type TypedRule } from "./learning-rule.js";
import type { Screen } from "./screen.js";
import { tableLines } from "./table.js";

export interface RuleComparison {
  /** What to type after `--rule`. */
  readonly rule: string;
  readonly measured?: LearnerMeasurement;
  /** Why the rule was not measured. */
  readonly refused?: string;
}

/** A rule that takes more multiply-adds for one gradient is left out: half a minute or so. */
const MOST_WORK = 1e10;

/** The draws of one rule may take so many seconds; two are drawn at least. */
const MOST_SECONDS = 10;

/** The stretch that tbptt and artbp learn from where no truncation was recommended. */
const USUAL_STRETCH = 16;

/** Chooses the rules to compare, as they are typed. */
function rulesFor(recommended: Truncation | undefined, steps: number): TypedRule[] {
  const n = recommended?.k1 ?? Math.max(1, Math.min(USUAL_STRETCH, Math.floor(steps / 4)));
  return [
    { rule: "bptt" },
    { rule: "tbptt", k1: String(n), k2: String(n) },
    { rule: "tbptt", k1: String(n), k2: String(2 * n) },
    { rule: "artbp", "mean-length": String(Math.max(2, n)) },
    { rule: "snap1" },
    { rule: "kfRtrl" },
    { rule: "uoro" },
    { rule: "noBackTrack" },
  ];
}

/** Returns what to type after `--rule`. */
function wordsOf({ rule, ...options }: TypedRule): string {
  return [rule, ...Object.entries(options).map(([flag, value]) => `--${flag} ${value}`)].join(" ");
}

/** Counts the multiply-adds of a step, where they grow with a power of the units: of kfRtrl about S²·4H for each sample. */
function workOf(rule: Rule, { hiddenSize, layers }: Network["options"]): number {
  const S = hiddenSize * layers;
  return rule.name === "kfRtrl" ? 4 * S * S * hiddenSize : 0;
}

/** Compares each rule by itself, so that it can be said which is at work. */
export function compareRules(
  screen: Screen,
  network: Network,
  excerpts: Excerpts,
  recommended: Truncation | undefined,
  settings: { draws: number; seed: number },
): RuleComparison[] {
  const { steps } = excerpts.sequence;
  const rules = rulesFor(recommended, steps);
  const rows = rules.map((typed, i): RuleComparison => {
    const words = wordsOf(typed);
    screen.show(`comparing ${i + 1} of ${rules.length}: ${words} …`);
    return { rule: words, ...measureRule(network, excerpts, readRule(typed, steps), settings) };
  });
  screen.clear();
  return rows;
}

/** Measures one rule, with as many draws as there is time for. */
function measureRule(
  network: Network,
  { sequence, target }: Excerpts,
  rule: Rule,
  { draws, seed }: { draws: number; seed: number },
): Omit<RuleComparison, "rule"> {
  if (workOf(rule, network.options) * sequence.steps * sequence.batch > MOST_WORK)
    return { refused: "too slow on this network; a smaller --batch or --window may do" };
  const ask = (count: number): LearnerComparison =>
    compareLearners(network, sequence, target, [learnerOf(rule)], { draws: count, seed }).learners[0];
  const first = ask(1);
  if (first.measured === undefined) return { refused: first.refused ?? "" };
  if (first.measured.noise === 0) return { measured: first.measured };
  const most = Math.floor((1000 * MOST_SECONDS) / first.measured.milliseconds);
  const { measured } = ask(Math.max(2, Math.min(draws, most)));
  return measured === undefined ? {} : { measured };
}

export function printComparison(screen: Screen, rows: readonly RuleComparison[]): void {
  screen.print();
  screen.print(screen.strong("Learning rules beside the full gradient, of all parameters"));
  const head = ["--rule", "bias", "noise", "cosine", "draws", "time", "memory"];
  const measured = rows.flatMap(({ rule, measured: found }) => {
    if (found === undefined) return [];
    const { overall, noise, draws, samplingError, milliseconds, bytes } = found;
    const seen = noise > 0 && overall.relativeDifference < 3 * samplingError ? "unseen" : undefined;
    return [
      [
        rule,
        seen ?? share(overall.relativeDifference),
        share(Math.sqrt(noise)),
        overall.cosine.toFixed(3),
        String(draws),
        `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`,
        size(bytes),
      ],
    ];
  });
  for (const line of tableLines([head, ...measured])) screen.print(line);
  for (const { rule, refused } of rows) if (refused !== undefined) screen.print(`${rule}: ${refused}`);
  screen.print(
    screen.faint(
      `Bias and cosine are of the mean of the draws; "unseen": within what their noise leaves open. Time is one gradient's.`,
    ),
  );
}
