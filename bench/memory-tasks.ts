/** Trains each learning rule on tasks that need a memory, to see which rules bridge the gap, and how soon. */
import type { TrainingWindow } from "../src/data/training-data.js";
import { artbp } from "../src/learn/back/artbp.js";
import { bptt } from "../src/learn/back/bptt.js";
import type { Learner } from "../src/learn/learner.js";
import { kfRtrl } from "../src/learn/online/kf-rtrl.js";
import { snap1 } from "../src/learn/online/snap1.js";
import { uoro } from "../src/learn/online/uoro.js";
import { tbptt } from "../src/learn/back/tbptt.js";
import { createNetwork } from "../src/network/create-network.js";
import type { NetworkOptions } from "../src/network/types.js";
import { adam } from "../src/optimize/adam.js";
import { Random } from "../src/random.js";
import type { Schedule } from "../src/train/schedules/schedule.js";
import { train } from "../src/train/train.js";
import type { Build } from "../src/wasm/builds.js";
import { fixed, type Section, type Table } from "./report.js";

export interface MemoryTaskOptions {
  /** Number of windows that each rule reads. */
  readonly windows: number;
  readonly build: Build;
}

interface Task {
  readonly network: NetworkOptions;
  readonly schedule: Schedule;
  readonly draw: () => TrainingWindow;
  /** Factor that converts a loss in nats to the task's unit. */
  readonly unit: number;
}

interface Run {
  readonly rule: string;
  /** The mean loss over each tenth of the windows. */
  readonly curve: readonly number[];
  readonly seconds: number;
}

/** A contestant is a rule, and whether its gradients are clipped: noisy ones stay unbiased only if not. */
interface Contestant {
  readonly learner: Learner;
  readonly clips: boolean;
}

/** Trains a network on the task by one rule, and says on the way how it goes. */
async function learn(
  rule: string,
  { learner, clips }: Contestant,
  { network: sizes, schedule, draw, unit }: Task,
  { windows: count, build }: MemoryTaskOptions,
): Promise<Run> {
  using network = createNetwork(sizes, { build });
  let read = 0;
  function* windows(): Generator<TrainingWindow, void> {
    for (; read < count; read++) yield draw();
  }
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const curve: number[] = [];
  let [sum, updates] = [0, 0];
  const options = { learner, optimizer: adam(), schedule, clipNorm: clips ? 1 : Infinity, epochs: 1 };
  for await (const { loss, epochEnd } of train(network, windows(), options)) {
    if (epochEnd) break;
    sum += unit * loss;
    updates++;
    if (read + 1 < ((curve.length + 1) * count) / 10) continue;
    curve.push(sum / updates);
    console.error(`${rule}: ${10 * curve.length} %, ${fixed(sum / updates, 3)}, ${fixed(seconds())} s`);
    [sum, updates] = [0, 0];
  }
  return { rule, curve, seconds: seconds() };
}

async function learnAll(
  rules: Readonly<Record<string, Contestant>>,
  taskOf: () => Task,
  options: MemoryTaskOptions,
): Promise<Run[]> {
  const runs = [];
  // Every rule reads the same sequences.
  for (const [rule, contestant] of Object.entries(rules))
    runs.push(await learn(rule, contestant, taskOf(), options));
  return runs;
}

function tableOf(title: string, runs: readonly Run[], notes: readonly string[]): Table {
  return {
    title,
    columns: ["rule", "after a tenth", "after a half", "at the end", "seconds"],
    rows: runs.map(({ rule, curve, seconds }) => [
      rule,
      ...[0, 4, 9].map((i) => fixed(curve.at(i) ?? NaN, 3)),
      fixed(seconds),
    ]),
    notes,
  };
}

const clipped = (learner: Learner): Contestant => ({ learner, clips: true });

const BRACKETS_WINDOW = 4;
const LETTERS = 10;
const GAP = 5;

/**
 * Yields (1, 5, 10)-distant brackets (Tallec & Ollivier 2017, arXiv 1702.05043): `[x]abcde[x]` and a line
 * break, letters at random. Of 12 characters 6 are random, and without memory a seventh: 6·log2(10)/12 and
 * 7·log2(10)/12 bits a character.
 */
function* bracketCharacters(random: Random): Generator<number, void> {
  const [open, close, end] = [LETTERS, LETTERS + 1, LETTERS + 2];
  for (;;) {
    const x = random.integer(LETTERS);
    yield* [open, x, close];
    for (let i = 0; i < GAP; i++) yield random.integer(LETTERS);
    yield* [open, x, close, end];
  }
}

/**
 * Makes the brackets one stream, read by 4 characters; updates follow each window but for tbptt-16 and artbp.
 */
function bracketsTask(): Task {
  const characters = bracketCharacters(new Random(1, 1));
  const next = (): number => characters.next().value ?? 0;
  let last = next();
  const draw = (): TrainingWindow => {
    const tokens = new Uint8Array(BRACKETS_WINDOW);
    const classes = new Int32Array(BRACKETS_WINDOW);
    for (let t = 0; t < BRACKETS_WINDOW; t++) {
      tokens[t] = last;
      last = classes[t] = next();
    }
    return { inputs: { steps: BRACKETS_WINDOW, batch: 1, tokens }, targets: { classes }, carry: true };
  };
  const size = LETTERS + 3;
  return {
    network: { cell: "gru", inputSize: size, hiddenSize: 64, outputSize: size, seed: 1 },
    schedule: (step) => 1e-3 / (1 + 0.03 * Math.sqrt(step)),
    draw,
    unit: 1 / Math.LN2,
  };
}

export async function measureBrackets(options: MemoryTaskOptions): Promise<Section> {
  const rules = {
    "tbptt, 4": clipped(tbptt({ k1: 4 })),
    "tbptt, 4 and 8": clipped(tbptt({ k1: 4, k2: 8 })),
    "tbptt, 16": clipped(tbptt({ k1: 16 })),
    "artbp, 16": clipped(artbp({ meanLength: 16 })),
    uoro: { learner: uoro(), clips: false },
    "uoro, 4": { learner: uoro({ block: 4 }), clips: false },
    kfRtrl: clipped(kfRtrl()),
    snap1: clipped(snap1()),
  };
  const runs = await learnAll(rules, bracketsTask, options);
  const characters = options.windows * BRACKETS_WINDOW;
  const table = tableOf(
    `Distant brackets, ${characters} characters, bits a character, ${options.build}`,
    runs,
    [
      "Entropy 1.661, without memory 1.938. GRU H=64, B=1, Adam 1e-3/(1+0.03√update), clip 1 but for uoro, seed 1; a mean over a tenth of " +
        "what was read each. An update every 4 characters; of tbptt, 16 and artbp every 16; artbp's mean is over " +
        "its stretches, long and short alike.",
    ],
  );
  return { tables: [table], data: { ...options, characters, runs } };
}

/** Steps between the symbols and their repetition. */
const COPY_GAP = 20;
const SYMBOLS = 8;
const LENGTH = 10;
const COPY_STEPS = COPY_GAP + 2 * LENGTH;
const COPY_BATCH = 32;

/**
 * Makes the copy-memory task (Hochreiter & Schmidhuber 1997; in the form of Arjovsky et al. 2016): 10 of 8
 * symbols, a gap, a mark, and the same 10 as targets.
 */
function copyTask(): Task {
  const random = new Random(1, 2);
  const [blank, mark] = [SYMBOLS, SYMBOLS + 1];
  const draw = (): TrainingWindow => {
    const tokens = new Uint8Array(COPY_STEPS * COPY_BATCH).fill(blank);
    const classes = new Int32Array(COPY_STEPS * COPY_BATCH).fill(blank);
    for (let b = 0; b < COPY_BATCH; b++) {
      for (let i = 0; i < LENGTH; i++) {
        const symbol = random.integer(SYMBOLS);
        tokens[i * COPY_BATCH + b] = symbol;
        classes[(COPY_GAP + LENGTH + i) * COPY_BATCH + b] = symbol;
      }
      tokens[(COPY_GAP + LENGTH - 1) * COPY_BATCH + b] = mark;
    }
    return { inputs: { steps: COPY_STEPS, batch: COPY_BATCH, tokens }, targets: { classes } };
  };
  return {
    network: { cell: "gru", inputSize: SYMBOLS + 2, hiddenSize: 64, outputSize: SYMBOLS + 1, seed: 1 },
    schedule: () => 3e-3,
    draw,
    unit: 1,
  };
}

export async function measureCopy(options: MemoryTaskOptions): Promise<Section> {
  const rules = {
    bptt: clipped(bptt()),
    "tbptt, 10 and 20": clipped(tbptt({ k1: 10, k2: 20 })),
    "artbp, 16": clipped(artbp({ meanLength: 16 })),
    uoro: clipped(uoro()),
    snap1: clipped(snap1()),
  };
  const runs = await learnAll(rules, copyTask, options);
  const baseline = (LENGTH * 3 * Math.LN2) / COPY_STEPS;
  const title = `Copy memory over ${COPY_GAP} steps, ${options.windows} windows of ${COPY_BATCH} sequences, nats a step, ${options.build}`;
  const table = tableOf(title, runs, [
    `Without memory ${fixed(baseline, 3)}, 10·ln 8/(${COPY_GAP} + 20). GRU H=64, Adam 3e-3, clip 1, seed 1; a mean over a ` +
      "tenth of what was read each.",
  ]);
  return { tables: [table], data: { ...options, gap: COPY_GAP, baseline, runs } };
}
