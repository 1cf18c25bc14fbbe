/** Measures what it costs that sequences begin anew inside a window, beside the same window without. */
import { cellNames } from "../src/network/cells/by-name.js";
import type { Build, Sequence } from "../src/network/types.js";
import { Random } from "../src/random.js";
import { timeRatio } from "./measure.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, networkOf, randomWindow, trainingStep, type Size } from "./work.js";

/** The most times as long as without resets. */
const MOST = 1.03;
/** One position in so many begins anew. */
const EVERY = 32;
const PAIRS = 31;

const sizes: readonly Size[] = cellNames.flatMap((cell) => [
  { cell, hidden: 128, batch: 32, steps: 64 },
  { cell, hidden: 32, batch: 16, steps: 50, values: 8 },
]);

type Way = "training" | "forward";

/** One step over the window, with these resets if there are any; a network of its own, so that it keeps its memory. */
function stepOf(way: Way, size: Size, build: Build, resets: Uint8Array | undefined): () => void {
  const network = networkOf(size, build);
  const { sequence, target } = randomWindow(size);
  const given: Sequence = resets === undefined ? sequence : { ...sequence, resets };
  if (way === "training") return trainingStep(network, { sequence: given, target });
  return () => void network.forward(given, { keepTape: false });
}

function measureSize(way: Way, size: Size, build: Build) {
  const random = new Random(9);
  const length = size.steps * size.batch;
  const some = Uint8Array.from({ length }, () => Number(random.integer(EVERY) === 0));
  const none = stepOf(way, size, build, undefined);
  const [zeros, resets] = [new Uint8Array(length), some].map((bytes) =>
    timeRatio(describeSize(size), stepOf(way, size, build, bytes), none, PAIRS),
  );
  return {
    build,
    way,
    size,
    milliseconds: resets.otherMilliseconds,
    zeros: zeros.ratio,
    ratio: resets.ratio,
  };
}

export function measureResets(builds: readonly Build[]): Section {
  const data = builds.map((build) =>
    (["training", "forward"] as const).flatMap((way) => sizes.map((size) => measureSize(way, size, build))),
  );
  const tables = data.map((figures, i): Table => {
    return {
      title: `Sequences that begin anew inside a window, ${builds[i]}`,
      columns: ["step", "window", "without", "all zeros", `1 of ${EVERY}`],
      rows: figures.map(({ way, size, milliseconds, zeros, ratio }) => [
        way,
        describeSize(size),
        `${fixed(milliseconds, 3)} ms`,
        fixed(zeros, 3),
        `${fixed(ratio, 3)}${ratio > MOST ? " !" : ""}`,
      ]),
      notes: [
        `How many times as long as without resets, where they are all 0 and where 1 position of ${EVERY} begins anew: medians ` +
          `of ${PAIRS} pairs. At most ${MOST} is required.`,
      ],
    };
  });
  return { tables, data: data.flat() };
}
