/** What one step of a stream costs under each learning rule, against the size of the network; and of a session that learns. */
import {
  adam,
  learningRules,
  onlineSession,
  sgd,
  type Cell,
  type Learner,
  type LearningRule,
  type LearningRuleName,
  type Optimizer,
} from "../src/index.js";
import { WindowChecks } from "../src/learn/windows/checked-window.js";
import { requireLearner } from "../src/learn/learner.js";
import { engineFor } from "../src/memory/engine.js";
import { cells } from "../src/network/cells/by-name.js";
import type { Build } from "../src/network/types.js";
import { exponent, leastProcessorTime } from "./measure.js";
import { fixed, type Section, type Table } from "./report.js";
import { networkOf, randomWindow, type Size } from "./work.js";

const SAMPLES = 15;
const HIDDEN = [8, 16, 32, 64, 128];
const CELLS: readonly Cell[] = ["elman", "gru", "lstm"];
/** T of the windows, which carry on one another: the longest stretch that a rule here looks back over. */
const STEPS = 32;
/** Multiply-adds a step past which a rule is left out: a tenth of a second and more for a step of the slowest. */
const MOST = 1e8;
/** Microseconds: a step of uoro on a GRU of 64 units, learned by a session. */
const REQUIRED = 100;

/** Multiply-adds a step, about, of S elements of state and P recurrent parameters. */
type Cost = (S: number, P: number) => number;

interface Rule {
  readonly name: string;
  readonly learner: Learner;
  /** Windows of a sample, where one is not as the other. */
  readonly runs: number | undefined;
  readonly cost: Cost;
}

/** How rules are measured that need options, or are to be seen with several. */
const settings: Partial<Record<LearningRuleName, readonly Readonly<Record<string, number>>[]>> = {
  tbptt: [{ k1: 16 }, { k1: 16, k2: 32 }],
  artbp: [{ meanLength: 16 }],
  blockRtrl: [{ block: 16 }],
  uoro: [{ block: 1 }, { block: 16 }],
};

/** Where it is more than some 5·P. */
const largerCosts: Partial<Record<LearningRuleName, Cost>> = {
  rtrl: (S, P) => S * S * P,
  blockRtrl: (S, P) => (1 + S / 16) * S * P,
  kfRtrl: (S, P) => S * P,
};

const rules: readonly Rule[] = (Object.keys(learningRules) as LearningRuleName[]).flatMap((name) =>
  (settings[name] ?? [{}]).map((options) => {
    const row: LearningRule = learningRules[name];
    const numbers = Object.values(options);
    return {
      name: numbers.length === 0 ? name : `${name}(${numbers.join(", ")})`,
      learner: row.create(options),
      runs: name === "artbp" ? 100 : undefined,
      cost: largerCosts[name] ?? ((_, P) => 5 * P),
    };
  }),
);

function costOf({ cost }: Rule, { cell, hidden: H, tokens = 65 }: Size): number {
  const { hasCellState, gates } = cells[cell];
  return cost(hasCellState ? 2 * H : H, gates.length * H * (tokens + H + 2));
}

/** The gradients that a window brings, at fixed parameters. */
function gradients(size: Size, learner: Learner, build: Build): { run: () => void; dispose: () => void } {
  const network = networkOf(size, build);
  const { sequence, target } = randomWindow(size);
  const learning = requireLearner("learner", learner)({ network, reduction: "mean", seed: 1 });
  const checks = new WindowChecks(network);
  return {
    run: () => {
      const window = checks.check({ inputs: sequence, targets: target, carry: true });
      for (const event of learning.window(window)) if (event.steps > 0) network.zeroGradients();
    },
    dispose: () => {
      learning.dispose?.();
      network.dispose();
    },
  };
}

/** Whether the rule is for such a cell. */
function covers({ learner }: Rule, cell: Cell, build: Build): boolean {
  using network = networkOf({ cell, hidden: 4, batch: 1, steps: 1 }, build);
  try {
    requireLearner("learner", learner)({ network, reduction: "mean", seed: 1 }).dispose?.();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface RuleCost {
  readonly microseconds: number | undefined;
  /** Beyond the network's own, at its highest. */
  readonly bytes: number | undefined;
}

function measureRule(rule: Rule, size: Size, build: Build): RuleCost {
  if (costOf(rule, size) > MOST) return { microseconds: undefined, bytes: undefined };
  const { arena } = engineFor(build);
  const before = arena.reserved;
  arena.peak = before;
  const { run, dispose } = gradients(size, rule.learner, build);
  const milliseconds = leastProcessorTime(run, SAMPLES, rule.runs);
  const bytes = arena.peak - before;
  dispose();
  return { microseconds: (1000 * milliseconds) / STEPS, bytes };
}

function measureCell(cell: Cell, build: Build): { tables: Table[]; data: unknown } {
  const covering = rules.filter((rule) => covers(rule, cell, build));
  const rows = covering.map((rule) => {
    const costs = HIDDEN.map((hidden) => measureRule(rule, { cell, hidden, batch: 1, steps: STEPS }, build));
    const known = HIDDEN.map((H, i) => ({ H, ...costs[i] })).filter(
      (one): one is { H: number; microseconds: number; bytes: number } => one.microseconds !== undefined,
    );
    // The smallest sizes are mostly what a call costs.
    const large = known.slice(-3);
    const fit = (values: readonly number[]): number =>
      exponent(
        large.map(({ H }) => H),
        values,
      );
    const time = fit(large.map(({ microseconds }) => microseconds));
    const memory = fit(large.map(({ bytes }) => bytes));
    return { rule: rule.name, costs, fitted: { time, memory } };
  });
  const table = (title: string, show: (cost: RuleCost) => string, of: "time" | "memory"): Table => ({
    title,
    columns: ["rule", ...HIDDEN.map((H) => `H = ${H}`), "H^"],
    rows: rows.map(({ rule, costs, fitted }) => [rule, ...costs.map(show), fixed(fitted[of], 2)]),
  });
  const inUnit = (value: number | undefined, unit: number): string =>
    value === undefined ? "–" : fixed(value / unit, value / unit < 100 ? 1 : 0);
  const name = `${cell}, ${build}`;
  return {
    tables: [
      table(`Microseconds a step, ${name}`, ({ microseconds }) => inUnit(microseconds, 1), "time"),
      table(`KiB of memory, ${name}`, ({ bytes }) => inUnit(bytes, 1024), "memory"),
    ],
    data: { cell, build, hidden: HIDDEN, rows },
  };
}

/** Of a session: prediction, gradient and update, a step. */
function measureSessions(build: Build): { table: Table; data: unknown } {
  const optimizers: Record<string, () => Optimizer> = {
    sgd: () => sgd({ learningRate: 1e-3 }),
    adam: () => adam(),
  };
  const size: Size = { cell: "gru", hidden: 64, batch: 1, steps: 1 };
  const data = Object.entries(optimizers).flatMap(([optimizer, create]) =>
    rules
      .filter(({ name }) => ["uoro(1)", "noBackTrack", "snap1"].includes(name))
      .map(({ name, learner }) => {
        using network = networkOf(size, build);
        using session = onlineSession(network, { learner, optimizer: create() });
        const run = (): void => void session.learn(session.steps % 65, (7 * session.steps) % 65);
        return { rule: name, optimizer, microseconds: 1000 * leastProcessorTime(run, 10 * SAMPLES) };
      }),
  );
  const table: Table = {
    title: `learn() of a session, GRU H=64 B=1, an update a step, ${build}`,
    columns: ["rule", "optimizer", "µs"],
    rows: data.map(({ rule, optimizer, microseconds }) => {
      const short = rule === "uoro(1)" && microseconds > REQUIRED;
      return [rule, optimizer, fixed(microseconds) + (short ? " !" : "")];
    }),
    notes: [`At most ${REQUIRED} µs are required of uoro.`],
  };
  return { table, data };
}

/** 65 tokens, cross-entropy at every step, B = 1. */
export function measureRules(build: Build): Section {
  const cells = CELLS.map((cell) => measureCell(cell, build));
  const sessions = measureSessions(build);
  const tables = [...cells.flatMap((cell) => cell.tables), sessions.table];
  tables[0] = {
    ...tables[0],
    notes: [
      `Gradients of windows of ${STEPS} steps that carry, at fixed parameters, 65 tokens, B = 1; one gradient a window, but of ` +
        `tbptt and artbp, whose numbers are steps; the least of ${SAMPLES} samples of the processor's time. H^: the exponent over the three largest sizes. –: more than ` +
        `${MOST.toExponential(0)} multiply-adds a step.`,
    ],
  };
  return { tables, data: { rules: cells.map(({ data }) => data), sessions: sessions.data } };
}
