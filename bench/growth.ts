/**
 * Measures how a training step's time grows with T, B, H and L, and its memory: a cliff would be a defect.
 */
import { engineFor } from "../src/memory/engine.js";
import type { Build } from "../src/wasm/builds.js";
import { exponent, measureAll, type Work } from "./measure.js";
import type { Peak } from "./peak.js";
import { fixed, type Section, type Table } from "./report.js";
import { networkOf, randomWindow, trainingFlop, trainingStep, type Size } from "./work.js";

const ROUNDS = 2;
const PAIRS = 5;
/** A cliff: time per operation that grows by more than this factor from one size to the next. */
const CLIFF = 1.5;

const base: Size = { cell: "lstm", hidden: 128, batch: 16, steps: 32 };

interface Axis {
  readonly name: "T" | "B" | "H" | "L";
  readonly sizes: readonly number[];
  readonly at: (n: number) => Size;
}

const axes: readonly Axis[] = [
  { name: "T", sizes: [16, 32, 64, 128, 256, 512, 1024], at: (steps) => ({ ...base, steps }) },
  { name: "B", sizes: [1, 2, 4, 8, 16, 32, 64], at: (batch) => ({ ...base, batch }) },
  { name: "H", sizes: [16, 32, 64, 128, 256, 512, 1024], at: (hidden) => ({ ...base, hidden, steps: 8 }) },
  { name: "L", sizes: [1, 2, 4, 8], at: (layers) => ({ ...base, layers }) },
];

/** Returns the bytes that a network, its window and what belongs to them take in the kernels' memory. */
function bytesOf(size: Size, build: Build): number {
  const { arena } = engineFor(build);
  const before = arena.reserved;
  using network = networkOf(size, build);
  trainingStep(network, randomWindow(size))();
  return arena.reserved - before;
}

function measureAxis({ name, sizes, at }: Axis, peak: Peak): { table: Table; data: unknown } {
  const works = sizes.map((n): Work => {
    const size = at(n);
    return {
      name: `${name} = ${n}`,
      flop: trainingFlop(size),
      run: trainingStep(networkOf(size, peak.build), randomWindow(size)),
    };
  });
  const figures = measureAll(works, peak, ROUNDS, PAIRS);
  const milliseconds = figures.map((figure) => figure.milliseconds);
  const bytes = sizes.map((n) => bytesOf(at(n), peak.build));
  const perFlop = figures.map((figure, i) => figure.milliseconds / works[i].flop);
  const isCliff = (i: number): boolean => i > 0 && perFlop[i] > CLIFF * perFlop[i - 1];
  const slope = (values: readonly number[], i: number): string =>
    i === 0 ? "" : fixed(Math.log2(values[i] / values[i - 1]) / Math.log2(sizes[i] / sizes[i - 1]), 2);
  const fitted = { time: exponent(sizes, milliseconds), memory: exponent(sizes, bytes) };
  const table: Table = {
    title: `A training step against ${name}, ${peak.build}`,
    columns: [name, "time", "GFLOP/s", "time per doubling", "memory", "memory per doubling"],
    rows: sizes.map((n, i) => [
      String(n),
      `${fixed(milliseconds[i], 3)} ms${isCliff(i) ? " !" : ""}`,
      fixed(figures[i].gflops),
      slope(milliseconds, i),
      `${fixed(bytes[i] / 2 ** 20, 2)} MiB`,
      slope(bytes, i),
    ]),
    notes: [
      `Fitted: time ~ ${name}^${fixed(fitted.time, 2)}, memory ~ ${name}^${fixed(fitted.memory, 2)}; ` +
        `exponents between neighbours in their columns. "!": time per operation ${CLIFF} times the size before.`,
    ],
  };
  const rows = sizes.map((n, i) => ({ [name]: n, bytes: bytes[i], cliff: isCliff(i), ...figures[i] }));
  return { table, data: { axis: name, build: peak.build, fitted, rows } };
}

/** Measures an LSTM of 128 units, B = 16, T = 32 (8 along H), in the fastest of the builds. */
export function measureGrowth(peaks: readonly Peak[]): Section {
  const peak = peaks.at(-1);
  if (peak === undefined) return { tables: [], data: [] };
  const measured = axes.map((axis) => measureAxis(axis, peak));
  return { tables: measured.map(({ table }) => table), data: measured.map(({ data }) => data) };
}
