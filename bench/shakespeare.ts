/** Trains at length, to see what loss an Elman network reaches on text that it has not seen. */
import { readFileSync } from "node:fs";
import { tokenStream } from "../src/data/token-stream.js";
import { CharVocabulary } from "../src/data/vocabulary.js";
import { loadNetwork, saveNetwork } from "../src/formats/network-file.js";
import { tbptt } from "../src/learn/back/tbptt.js";
import { createNetwork } from "../src/network/create-network.js";
import { adam } from "../src/optimize/adam.js";
import { evaluate } from "../src/train/evaluate.js";
import { train } from "../src/train/train.js";
import type { Build } from "../src/wasm/builds.js";
import { fixed, type Section, type Table } from "./report.js";

/** The most held-out loss, in nats a character. */
const REQUIRED = 2;
/** Share of the text, at its end, that is held out. */
const HELD_OUT = 0.1;
const T = 64;
const B = 32;
const H = 256;

export interface LearningOptions {
  readonly file: string;
  readonly updates: number;
  readonly seeds: number;
  readonly build: Build;
}

async function learn(text: string, seed: number, { updates, build }: LearningOptions) {
  const vocabulary = CharVocabulary.from(text);
  const tokens = vocabulary.encode(text);
  const end = Math.floor(tokens.length * (1 - HELD_OUT));
  const data = tokenStream(tokens.subarray(0, end), { batch: B, window: T });
  const heldOut = tokenStream(tokens.subarray(end), { batch: 1, window: T });
  const sizes = { inputSize: vocabulary.size, hiddenSize: H, outputSize: vocabulary.size };
  const network = createNetwork({ ...sizes, seed }, { build });
  const options = {
    optimizer: adam({ learningRate: 2e-3 }),
    learner: tbptt({ k1: T }),
    clipNorm: 1,
    maxSteps: updates,
  };
  const last: number[] = [];
  const start = performance.now();
  for await (const { loss, epochEnd } of train(network, data, options)) {
    if (!epochEnd) last.push(loss);
  }
  const seconds = (performance.now() - start) / 1000;
  const { loss } = await evaluate(network, heldOut);
  using half = loadNetwork(saveNetwork(network, {}, { dtype: "F16" }), { build });
  const { loss: halfLoss } = await evaluate(half, heldOut);
  network.dispose();
  const tail = last.slice(-50);
  const trainingLoss = tail.reduce((sum, x) => sum + x, 0) / tail.length;
  return { seed, trainingLoss, loss, halfLoss, seconds, tokensPerSecond: (updates * T * B) / seconds };
}

export async function measureLearning(options: LearningOptions): Promise<Section> {
  const { file, updates, seeds, build } = options;
  const text = readFileSync(file, "utf8");
  const runs = [];
  for (let seed = 1; seed <= seeds; seed++) runs.push(await learn(text, seed, options));
  const table: Table = {
    title: `Learning ${file.split(/[\\/]/).at(-1) ?? file}, ${updates} updates, ${build}`,
    columns: ["seed", "last 50 updates", "held out", "saved as F16", "time", "tokens/s"],
    rows: runs.map(({ seed, trainingLoss, loss, halfLoss, seconds, tokensPerSecond }) => [
      String(seed),
      fixed(trainingLoss, 3),
      `${fixed(loss, 6)}${loss < REQUIRED ? "" : " !"}`,
      fixed(halfLoss, 6),
      `${fixed(seconds)} s`,
      fixed(tokensPerSecond, 0),
    ]),
    notes: [
      `Nats a character; the last ${100 * HELD_OUT} % of the text are held out. Elman H=${H}, B=${B}, T=${T}, ` +
        `Adam 2e-3, clip 1. "saved as F16": the held-out loss once the network was saved in half the size and loaded. On tiny Shakespeare less than ${REQUIRED} is required after 1100 updates.`,
    ],
  };
  return { tables: [table], data: { build, updates, runs } };
}
