/** Measures layer normalisation: what a step costs with it, and where a training comes sooner to a loss. */
import type { TrainingWindow } from "../src/data/training-data.js";
import { createNetwork } from "../src/network/create-network.js";
import type { Cell } from "../src/network/types.js";
import { adam } from "../src/optimize/adam.js";
import { Random } from "../src/random.js";
import { train } from "../src/train/train.js";
import type { Build } from "../src/wasm/builds.js";
import { timeRatio } from "./measure.js";
import { median } from "./median.js";
import type { Peak } from "./peak.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, networkOf, randomWindow, streamingStep, trainingStep, type Size } from "./work.js";

const PAIRS = 9;

const sizes: readonly Size[] = [
  { cell: "lstm", hidden: 128, batch: 32, steps: 64 },
  { cell: "lstm", hidden: 256, batch: 32, steps: 64 },
  { cell: "gru", hidden: 256, batch: 32, steps: 64 },
  { cell: "elman", hidden: 256, batch: 32, steps: 64 },
];
const streamed: Size = { cell: "lstm", hidden: 128, batch: 1, steps: 1 };

function measureCosts(build: Build): { table: Table; data: unknown } {
  const steps = [
    ...sizes.map((size) => ({ name: `${describeSize(size)}, training step`, size, make: trainer })),
    { name: `${describeSize(streamed)}, one streaming step`, size: streamed, make: streamer },
  ];
  const data = steps.map(({ name, size, make }) => {
    const [plain, normalized] = [false, true].map((layerNorm) => make({ ...size, layerNorm }, build));
    return { name, ...timeRatio(name, normalized, plain, PAIRS) };
  });
  const time = (milliseconds: number): string =>
    milliseconds < 0.1 ? `${fixed(1000 * milliseconds, 2)} µs` : `${fixed(milliseconds, 2)} ms`;
  const table: Table = {
    title: `Layer normalisation: the cost of a step, ${build}`,
    columns: ["work", "without", "with", "ratio"],
    rows: data.map(({ name, milliseconds, otherMilliseconds, ratio }) => [
      ...[name, time(otherMilliseconds), time(milliseconds), fixed(ratio, 2)],
    ]),
  };
  return { table, data };
}

function trainer(size: Size, build: Build): () => void {
  return trainingStep(networkOf(size, build), randomWindow(size));
}

function streamer(size: Size, build: Build): () => void {
  return streamingStep(networkOf(size, build));
}

// The task: which of K frequencies a noisy wave has, from I samples a step. Its amplitude is unknown: 10^±spread.
const [T, B, I, K, H] = [40, 32, 4, 8, 32];
/** A moving mean of the cross-entropy below this counts as learned; knowing nothing is ln 8 = 2.08. */
const LEARNED = 1;
const SMOOTHING = 0.95;
const learningRates = [1e-3, 3e-3, 1e-2];

function drawWindow(random: Random, spread: number): TrainingWindow {
  const values = new Float32Array(T * B * I);
  const classes = new Int32Array(T * B).fill(-1);
  for (let b = 0; b < B; b++) {
    const k = random.integer(K);
    const phase = 2 * Math.PI * random.uniform();
    const amplitude = 10 ** (spread * (2 * random.uniform() - 1));
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < I; i++) {
        const wave = Math.sin((0.3 + 0.12 * k) * (t - i) + phase);
        values[(t * B + b) * I + i] = amplitude * (wave + 0.3 * random.normal());
      }
      if (t >= T / 2) classes[t * B + b] = k;
    }
  }
  return { inputs: { steps: T, batch: B, values }, targets: { classes } };
}

function* windows(seed: number, count: number, spread: number): Generator<TrainingWindow, void> {
  const random = new Random(seed, 1);
  for (let i = 0; i < count; i++) yield drawWindow(random, spread);
}

interface Trial {
  readonly cell: Cell;
  readonly layers: number;
  readonly spread: number;
  readonly layerNorm: boolean;
}

export interface NormOptions {
  readonly updates: number;
  readonly seeds: number;
  readonly build: Build;
}

/** Returns the update at which the task is learned; Infinity where `updates` are too few. */
async function learn(
  { spread, ...trial }: Trial,
  learningRate: number,
  seed: number,
  { updates, build }: NormOptions,
): Promise<number> {
  const widths = { inputSize: I, hiddenSize: H, outputSize: K };
  using network = createNetwork({ ...widths, ...trial, seed }, { build });
  const options = { optimizer: adam({ learningRate }), clipNorm: 1, epochs: 1 };
  let moving: number | undefined;
  for await (const { step, loss, epochEnd } of train(network, windows(seed, updates, spread), options)) {
    if (epochEnd) break;
    moving = moving === undefined ? loss : SMOOTHING * moving + (1 - SMOOTHING) * loss;
    if (moving < LEARNED) return step;
  }
  return Infinity;
}

/** The rate at which the median over the seeds is least, of its own: what each gains by tuning it. */
async function best(trial: Trial, options: NormOptions): Promise<{ rate: number; updates: number }> {
  let found = { rate: learningRates[0], updates: Infinity };
  for (const rate of learningRates) {
    const taken = [];
    for (let seed = 0; seed < options.seeds; seed++) taken.push(await learn(trial, rate, seed, options));
    const updates = median(taken);
    if (updates < found.updates) found = { rate, updates };
  }
  return found;
}

async function measureLearning(options: NormOptions): Promise<{ table: Table; data: unknown }> {
  const networks = [
    { cell: "lstm", layers: 1 },
    { cell: "gru", layers: 1 },
    { cell: "elman", layers: 1 },
    { cell: "elman", layers: 4 },
  ] as const;
  const data = [];
  for (const network of networks) {
    for (const spread of [0, 2]) {
      const plain = await best({ ...network, spread, layerNorm: false }, options);
      const normalized = await best({ ...network, spread, layerNorm: true }, options);
      data.push({ ...network, spread, plain, normalized });
    }
  }
  const told = ({ updates, rate }: { rate: number; updates: number }): string =>
    Number.isFinite(updates) ? `${updates} (${rate})` : "not";
  const table: Table = {
    title: `Layer normalisation: updates until a wave's frequency is told, ${options.updates} at most, ${options.build}`,
    columns: ["network", "amplitudes", "without (rate)", "with (rate)"],
    rows: data.map(({ cell, layers, spread, plain, normalized }) => [
      `${cell}, H=${H}, L=${layers}`,
      spread === 0 ? "1" : `10^±${spread}`,
      told(plain),
      told(normalized),
    ]),
    notes: [
      `One of ${K} frequencies, ${I} samples a step, T=${T}, B=${B}; Adam, clip 1. The median of ${options.seeds} seeds at the best of ` +
        `the rates ${learningRates.join(", ")}; learned: a moving mean of the cross-entropy below ${LEARNED}, of ln 8 = 2.08.`,
    ],
  };
  return { table, data };
}

export async function measureNorm(peaks: readonly Peak[], options: NormOptions): Promise<Section> {
  const costs = peaks.map(({ build }) => measureCosts(build));
  const learning = await measureLearning(options);
  return {
    tables: [...costs.map(({ table }) => table), learning.table],
    data: { costs: costs.map(({ data }) => data), learning: learning.data },
  };
}
