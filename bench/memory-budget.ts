/**
 * Measures back-propagation within a memory budget: its cost beside the whole tape, and a very long sequence.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { BudgetedPass, planWindow } from "../src/learn/recompute/budgeted-pass.js";
import { WindowChecks } from "../src/learn/windows/checked-window.js";
import type { RecomputePlan } from "../src/learn/recompute/plan.js";
import { requireNetwork } from "../src/network/network.js";
import { accumulateGradient } from "../src/network/training-pass.js";
import type { Build, Cell, Network } from "../src/network/types.js";
import { timeRatio } from "./measure.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, networkOf, randomWindow, TOKENS, type Size } from "./work.js";

const MEGABYTE = 1e6;
const STEPS = 1000;
/** Budgets, as numbers of steps out of STEPS whose share of the whole tape's bytes they are. */
const SLOTS = [5, 10, 20, 50, 100, 200];
/** Requires at most `ratio` times the time at `slots` slots or more (Gruslys et al.: a third more). */
const REQUIRED = { slots: 50, ratio: 1.5 };
const PAIRS = 5;

const cells: readonly Cell[] = ["elman", "gru", "lstm"];

/** Holds the figures of one budget. */
interface Row {
  readonly slots: number;
  readonly bytes: number;
  readonly plan: RecomputePlan;
  readonly milliseconds: number;
  readonly ratio: number;
  /** ‖g − g*‖ / ‖g*‖ of the gradient g, g* being the whole tape's. */
  readonly difference: number;
}

function gradientOf(network: Network, run: () => void): number[] {
  network.zeroGradients();
  run();
  return network.parameters.flatMap((parameter) => [...parameter.readGradient()]);
}

function relativeDifference(a: readonly number[], b: readonly number[]): number {
  const squares = (values: readonly number[]): number => values.reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(squares(a.map((x, i) => x - b[i])) / squares(b));
}

function measureCell(size: Size, build: Build): { table: Table; data: unknown } {
  using network = networkOf(size, build);
  const given = requireNetwork(network);
  const { model } = given;
  const { arena } = model.engine;
  const { sequence, target } = randomWindow(size);
  const checked = new WindowChecks(network).check({ inputs: sequence, targets: target });
  model.reserveWeights("tokens", true);
  const before = arena.reserved;
  const { inputs, targets } = checked;
  if (targets === undefined) throw new Error("a window without targets");
  const whole = (): void => void accumulateGradient(given, inputs, targets);
  const expected = gradientOf(network, whole);
  const wholeBytes = arena.reserved - before;
  let wholeTime = Infinity;
  const rows = SLOTS.map((slots): Row => {
    const budget = Math.floor((wholeBytes * slots) / STEPS);
    const plan = planWindow(model, checked.inputs, budget);
    const pass = new BudgetedPass({ network, reduction: "mean", seed: 0 }, budget);
    const run = (): void => {
      pass.restart();
      pass.gradient(checked);
    };
    const difference = relativeDifference(gradientOf(network, run), expected);
    const { milliseconds, otherMilliseconds, ratio } = timeRatio(`${slots} slots`, run, whole, PAIRS);
    pass.dispose();
    wholeTime = Math.min(wholeTime, otherMilliseconds);
    return { slots, bytes: plan.bytes, plan, milliseconds, ratio, difference };
  });
  const table: Table = {
    title: `${describeSize(size)} within a budget, ${build}`,
    columns: ["slots", "bytes", "block", "tapes", "states", "forwards a step", "time", "ratio", "difference"],
    rows: rows.map(({ slots, bytes, plan, milliseconds, ratio, difference }) => [
      String(slots),
      `${fixed(bytes / MEGABYTE, 2)} MB`,
      String(plan.block),
      String(plan.slots.internal),
      String(plan.slots.hidden),
      fixed(plan.forwardSteps / STEPS, 2),
      `${fixed(milliseconds)} ms`,
      `${fixed(ratio, 2)}${slots >= REQUIRED.slots && ratio > REQUIRED.ratio ? " !" : ""}`,
      difference.toExponential(1),
    ]),
    notes: [
      `The whole tape: ${fixed(wholeBytes / MEGABYTE, 2)} MB and ${fixed(wholeTime)} ms. A slot is a ${STEPS}th of its bytes; ` +
        `tapes and states are kept of blocks and between them. "!": above ${REQUIRED.ratio} times the whole tape's time at ` +
        `${REQUIRED.slots} slots or more. The difference is the gradient's from the whole tape's.`,
    ],
  };
  return { table, data: { ...size, build, wholeBytes, wholeTime, rows } };
}

/** Describes the long sequence: T steps, B sequences, and the bytes of the budget. */
const long = { steps: 100_000, batch: 4, budget: 64e6 };

interface Update {
  readonly step: number;
  readonly seconds: number;
  readonly loss: number | null;
  readonly rss: number;
  readonly highest: number;
  readonly external: number;
}

function isUpdate(value: unknown): value is Update {
  return (
    typeof value === "object" &&
    value !== null &&
    ["step", "seconds", "rss", "highest", "external"].every(
      (field) => typeof Reflect.get(value, field) === "number",
    )
  );
}

function parseUpdate(line: string): Update {
  const value: unknown = JSON.parse(line);
  if (!isUpdate(value)) throw new TypeError(`expected an update, got ${line}`);
  return value;
}

/** Trains in a process of its own on dist/, with the flags of this process that are Node's own. */
function measureLong(updates: number, build: Build, nodeFlags: readonly string[]) {
  const script = join(import.meta.dirname, "long-sequence.js");
  const given = [long.steps, long.batch, long.budget, updates].map(String);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeFlags, "--expose-gc", script, ...given, build],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`long-sequence.js ended with ${status ?? "a signal"}:\n${stderr}`);
  const points = stdout.trim().split("\n").map(parseUpdate);
  const megabytes = (bytes: number): string => `${fixed(bytes / MEGABYTE)} MB`;
  const tokens = long.steps * long.batch;
  const table: Table = {
    title: `LSTM H=128 B=${long.batch} T=${long.steps} of ${TOKENS} tokens in ${megabytes(long.budget)}, ${build}`,
    columns: ["updates", "time", "tokens/s", "loss", "resident", "external"],
    rows: points.map(({ step, seconds, loss, rss, external }) => [
      String(step),
      `${fixed(seconds)} s`,
      seconds > 0 ? fixed(tokens / seconds, 0) : "",
      loss === null ? "" : fixed(loss, 3),
      megabytes(rss),
      megabytes(external),
    ]),
    notes: [
      `After a garbage collection each. Resident at its highest: ${megabytes(Math.max(...points.map((p) => p.highest)))}.`,
    ],
  };
  return { table, data: { ...long, build, points } };
}

/** Measures T = 1000 in the fastest of the builds, then the built package on a long sequence. */
export function measureMemoryBudget(updates: number, build: Build, nodeFlags: readonly string[]): Section {
  const measured = cells.map((cell) => measureCell({ cell, hidden: 128, batch: 8, steps: STEPS }, build));
  const all = [...measured, measureLong(updates, build, nodeFlags)];
  return { tables: all.map(({ table }) => table), data: all.map(({ data }) => data) };
}
