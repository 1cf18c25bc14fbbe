/** Measures a step of exact online learning beside forward and backward of the same step, for every cell that it covers. */
import { bptt } from "../src/learn/back/bptt.js";
import { WindowChecks } from "../src/learn/windows/checked-window.js";
import { requireLearner, type Learner } from "../src/learn/learner.js";
import { diagonalRtrl } from "../src/learn/online/diagonal-rtrl.js";
import { cellNames, cells } from "../src/network/cells/by-name.js";
import { isDiagonal } from "../src/network/cells/cell.js";
import type { Build } from "../src/network/types.js";
import { leastTimes } from "./measure.js";
import type { Peak } from "./peak.js";
import { fixed, type Section, type Table } from "./report.js";
import { networkOf, randomWindow, TOKENS, type Size } from "./work.js";

/** The most times as long as forward and backward. */
const MOST = 3;
const SAMPLES = 300;
const REPEATS = 20;
/** Windows of one step each that follow on one another. */
const WINDOWS = 64;

const diagonal = cellNames.filter((name) => isDiagonal(cells[name]));

const sizes: readonly Size[] = diagonal.flatMap((cell) =>
  [undefined, 32].flatMap((values) =>
    [1, 4].flatMap((batch) =>
      [32, 64, 128, 256].map((hidden): Size => {
        const size = { cell, hidden, batch, steps: 1 };
        return values === undefined ? size : { ...size, values };
      }),
    ),
  ),
);

/** One more step of a rule on a stream, at fixed parameters. */
function stepBy(learner: Learner, size: Size, build: Build): () => void {
  const network = networkOf(size, build);
  const run = requireLearner("learner", learner)({ network, reduction: "mean", seed: 1 });
  const checks = new WindowChecks(network);
  const windows = Array.from({ length: WINDOWS }, (_, seed) => {
    const { sequence, target } = randomWindow(size, seed);
    return checks.check({ inputs: sequence, targets: target, carry: true });
  });
  let next = 0;
  return () => {
    for (const { count } of run.window(windows[next])) if (count !== size.batch) throw new Error("no target");
    // The first carries nothing, and so is not taken again.
    next = next + 1 < WINDOWS ? next + 1 : 1;
  };
}

function measureBuild(build: Build) {
  return sizes.map((size) => {
    const runs = [diagonalRtrl(), bptt()].map((learner) => stepBy(learner, size, build));
    const [milliseconds, otherMilliseconds] = leastTimes(runs, SAMPLES, REPEATS);
    return { build, size, milliseconds, otherMilliseconds, ratio: milliseconds / otherMilliseconds };
  });
}

export function measureOnline(peaks: readonly Peak[]): Section {
  const data = peaks.map(({ build }) => measureBuild(build));
  const tables = data.map((figures, i): Table => {
    return {
      title: `Exact online learning beside forward and backward, one step, ${peaks[i].build}`,
      columns: ["cell", "inputs", "B", "H", "bptt()", "diagonalRtrl()", "ratio"],
      rows: figures.map(
        ({ size: { cell, values, batch, hidden }, milliseconds, otherMilliseconds, ratio }) => [
          cell,
          values === undefined ? `${TOKENS} tokens` : `${values} values`,
          fixed(batch, 0),
          fixed(hidden, 0),
          `${fixed(1000 * otherMilliseconds, 2)} µs`,
          `${fixed(1000 * milliseconds, 2)} µs`,
          `${fixed(ratio, 2)}${ratio > MOST ? " !" : ""}`,
        ],
      ),
      notes: [
        `Both learn from windows of one step that carry, and add to the network's gradients: ${TOKENS} classes at each step of ` +
          `tokens, one value at each of values. The least of ${SAMPLES} samples of each. A ratio of at most ${MOST} is required.`,
      ],
    };
  });
  return { tables, data: data.flat() };
}
