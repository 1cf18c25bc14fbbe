/** Whole steps through the library: training, forward only, streaming. */
import type { Build } from "../src/wasm/builds.js";
import { measureAll, type Figure, type Work } from "./measure.js";
import type { Peak } from "./peak.js";
import { fixed, judged, percent, type Section, type Table } from "./report.js";
import {
  elman256,
  forwardFlop,
  networkOf,
  publicStep,
  randomWindow,
  TOKENS,
  trainingFlop,
  trainingStep,
  type Size,
} from "./work.js";

const ROUNDS = 3;
const PAIRS = 7;
const REQUIRED = 0.6;

interface Step extends Work {
  /** T·B of one run. */
  readonly tokens: number;
  readonly required?: number;
}

function training(name: string, size: Size, build: Build, required?: number): Step {
  return {
    name: `${name}, training step`,
    flop: trainingFlop(size),
    tokens: size.steps * size.batch,
    required,
    run: trainingStep(networkOf(size, build), randomWindow(size)),
  };
}

function forward(name: string, size: Size, build: Build): Step {
  const network = networkOf(size, build);
  const { sequence } = randomWindow(size);
  return {
    name: `${name}, forward only`,
    flop: forwardFlop(size),
    tokens: size.steps * size.batch,
    run: () => void network.forward(sequence, { keepTape: false }),
  };
}

function streaming(name: string, size: Size, build: Build): Step {
  const session = networkOf(size, build).session();
  const out = new Float32Array(TOKENS);
  let token = 0;
  return {
    name: `${name}, one streaming step`,
    flop: forwardFlop({ ...size, batch: 1, steps: 1 }),
    tokens: 1,
    run: () => {
      session.step(token, out);
      token = (token + 1) % TOKENS;
    },
  };
}

function stepsOf(build: Build): Step[] {
  const elman128: Size = { cell: "elman", hidden: 128, batch: 1, steps: 25 };
  const lstm256: Size = { ...elman256, cell: "lstm" };
  const w2 = "W2 Elman H=256 B=32 T=64";
  return [
    training("W1 Elman H=128 B=1 T=25", elman128, build),
    training(w2, elman256, build, REQUIRED),
    {
      ...training(w2, elman256, build),
      name: `${w2}, the same by forward and backward`,
      run: publicStep(networkOf(elman256, build), randomWindow(elman256)),
    },
    forward(w2, elman256, build),
    training("W3 LSTM H=256 B=32 T=64", lstm256, build, REQUIRED),
    training("W4 GRU H=256 B=32 T=64", { ...elman256, cell: "gru" }, build, REQUIRED),
    streaming("Elman H=128", elman128, build),
    streaming("W6 LSTM H=128", { ...elman128, cell: "lstm" }, build),
    forward("W7 LSTM H=256 B=32 T=64", lstm256, build),
  ];
}

function tableOf(build: Build, steps: readonly Step[], figures: readonly Figure[]): Table {
  return {
    title: `Steps, ${build}`,
    columns: ["work", "time", "tokens/s", "GFLOP/s", "share of peak"],
    rows: steps.map(({ name, tokens, required }, i) => {
      const { milliseconds, gflops, share } = figures[i];
      const time =
        milliseconds < 0.1 ? `${fixed(1000 * milliseconds, 2)} µs` : `${fixed(milliseconds, 3)} ms`;
      return [name, time, fixed((1000 * tokens) / milliseconds, 0), fixed(gflops), judged(share, required)];
    }),
    notes: [
      `${TOKENS} tokens, cross-entropy at every step. A training step is forward, backward, clip and Adam. ` +
        `At least ${percent(REQUIRED)} is required of the training steps of W2, W3 and W4.`,
    ],
  };
}

export function measureSteps(peaks: readonly Peak[]): Section {
  const tables: Table[] = [];
  const data = peaks.flatMap((peak) => {
    const steps = stepsOf(peak.build);
    const figures = measureAll(steps, peak, ROUNDS, PAIRS);
    tables.push(tableOf(peak.build, steps, figures));
    return figures.map((figure, i) => ({
      build: peak.build,
      work: steps[i].name,
      tokensPerSecond: (1000 * steps[i].tokens) / figure.milliseconds,
      ...figure,
    }));
  });
  return { tables, data };
}
