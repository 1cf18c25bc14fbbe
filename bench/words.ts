/** Trains a network on the words of a text, beside n-grams of the same tokens. */
import { readFileSync } from "node:fs";
import { tokenStream } from "../src/data/token-stream.js";
import { WordVocabulary } from "../src/data/word-vocabulary.js";
import { sample } from "../src/infer/sample.js";
import { createNetwork } from "../src/network/create-network.js";
import type { Network } from "../src/network/types.js";
import { adam } from "../src/optimize/adam.js";
import { evaluate } from "../src/train/evaluate.js";
import { linearSchedule } from "../src/train/schedules/decay.js";
import { train } from "../src/train/train.js";
import type { Build } from "../src/wasm/builds.js";
import { NGrams } from "./n-gram.js";
import { fixed, type Section, type Table } from "./report.js";

/** Share of the text, at its end, that is held out; its words have no part in the vocabulary. */
const HELD_OUT = 0.05;
/** How often a word occurs that is no unknown one. */
const MIN_COUNT = 5;
const T = 48;
const B = 8;
const H = 256;
const E = 160;
const LEARNING_RATE = 2e-3;
const ORDERS = [1, 2, 3, 4, 5];

export interface WordsOptions {
  readonly file: string;
  readonly updates: number;
  readonly build: Build;
}

interface Words {
  readonly vocabulary: WordVocabulary;
  readonly training: Int32Array;
  /** A whole number of windows of one cursor, and the last target. */
  readonly heldOut: Int32Array;
  /** Share of the held-out tokens that are unknown. */
  readonly unknown: number;
}

function readWords(file: string): Words {
  const text = readFileSync(file, "utf8");
  // Whole lines on both sides.
  const end = text.indexOf("\n", Math.floor(text.length * (1 - HELD_OUT))) + 1;
  const vocabulary = WordVocabulary.from(text.slice(0, end), { minCount: MIN_COUNT });
  const heldOut = vocabulary.encode(text.slice(end));
  const windows = Math.floor((heldOut.length - 1) / T);
  const unknown = heldOut.filter((token) => token === vocabulary.unknown).length / heldOut.length;
  return {
    vocabulary,
    training: vocabulary.encode(text.slice(0, end)),
    heldOut: heldOut.slice(0, windows * T + 1),
    unknown,
  };
}

async function learn(network: Network, { training }: Words, updates: number): Promise<void> {
  const schedule = linearSchedule({ rate: LEARNING_RATE, warmUp: Math.ceil(updates / 20), steps: updates });
  const options = { optimizer: adam(), schedule, clipNorm: 1, maxSteps: updates };
  const data = tokenStream(training, { batch: B, window: T });
  for await (const { step, loss, epochEnd } of train(network, data, options)) {
    if (!epochEnd && step % 500 === 0) console.error(`update ${step}: ${fixed(loss, 3)} nats a token`);
  }
}

function writeSample(network: Network, vocabulary: WordVocabulary): string {
  using session = network.session();
  const exclude = [vocabulary.unknown];
  const prime = vocabulary.encode("\n");
  return vocabulary.decode(sample(session, { length: 60, temperature: 0.8, seed: 1, prime, exclude }));
}

export async function measureWords({ file, updates, build }: WordsOptions): Promise<Section> {
  const words = readWords(file);
  const { vocabulary, training, heldOut, unknown } = words;
  const { size } = vocabulary;
  const rows = ORDERS.map((order) => ({
    model: `${order}-grams`,
    loss: new NGrams(training, order, size).loss(heldOut),
  }));
  for (const { model, loss } of rows) console.error(`${model}: ${fixed(Math.exp(loss))}`);
  using network = createNetwork(
    { cell: "gru", inputSize: size, outputSize: size, hiddenSize: H, embeddingSize: E, seed: 1 },
    { build },
  );
  const start = process.cpuUsage();
  await learn(network, words, updates);
  const seconds = process.cpuUsage(start).user / 1e6;
  const { loss } = await evaluate(network, tokenStream(heldOut, { batch: 1, window: T }));
  rows.push({ model: `GRU ${H}, embedding ${E}`, loss });
  const trigrams = rows[2].loss;
  const table: Table = {
    title: `Words of ${file.split(/[\\/]/).at(-1) ?? file}, ${updates} updates, ${build}`,
    columns: ["model", "held out, nats a token", "perplexity"],
    rows: rows.map(({ model, loss }, i) => [
      model,
      fixed(loss, 3),
      `${fixed(Math.exp(loss))}${i === rows.length - 1 && loss >= trigrams ? " !" : ""}`,
    ]),
    notes: [
      `${size} tokens: words that occur ${MIN_COUNT} times, symbols, white space and the unknown one, which is ` +
        `${fixed(100 * unknown, 2)} % of the held-out tokens and predicted like any other. ${training.length} tokens of training, ` +
        `${heldOut.length - 1} of the last ${100 * HELD_OUT} % held out. n-grams: interpolated Kneser–Ney, three discounts.`,
      `The network: B=${B}, T=${T}, Adam ${LEARNING_RATE}, falling to 0, clip 1; ${fixed((updates * B * T) / training.length)} ` +
        `epochs in ${fixed(seconds, 0)} s of the processor's, ${fixed((updates * B * T) / seconds, 0)} tokens/s. It must do better than 3-grams. It writes:`,
      writeSample(network, vocabulary),
    ],
  };
  return { tables: [table], data: { build, updates, size, unknown, seconds, rows } };
}
