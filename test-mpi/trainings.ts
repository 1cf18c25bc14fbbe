/**
 * The trainings that are compared: by name, each begun anew with the same numbers wherever it is asked for. None of them is so
 * sensitive that a single process ends elsewhere where one weight is rounded otherwise at the start.
 */

import {
  adam,
  adamW,
  bptt,
  ctc,
  huber,
  plateauSchedule,
  rtrl,
  sequenceSet,
  sgd,
  tbptt,
  tokenStream,
  uoro,
  type NetworkOptions,
  type TrainingData,
  type TrainOptions,
} from "../src/index.js";

export interface ComparedTraining {
  readonly network: NetworkOptions;
  readonly begin: () => { data: TrainingData; options: TrainOptions };
}

/** Integers that look random, from 0 to below `below`. */
function numbers(length: number, below: number, salt = 1): Int32Array {
  let x = salt;
  return Int32Array.from({ length }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 0x1_0000_0000) * below);
  });
}

const tokens = Uint8Array.from({ length: 3000 }, (_, i) => (i * i + (i >> 3)) % 12);
const stream = (batch: number, window: number) => (): TrainingData => tokenStream(tokens, { batch, window });
const series = Float32Array.from(numbers(6 * 20 * 8, 1000), (x) => x / 500 - 1);
const text = { inputSize: 12, outputSize: 12, hiddenSize: 16 };

export const trainings: Readonly<Record<string, ComparedTraining>> = {
  "lstm, tokens": {
    network: { ...text, cell: "lstm" },
    begin: () => ({ data: stream(8, 16)(), options: { optimizer: sgd({ learningRate: 0.2 }), clipNorm: 1 } }),
  },
  "gru, dropout, a batch that ranks do not divide": {
    network: { ...text, cell: "gru", layers: 2, dropout: 0.3 },
    begin: () => ({
      data: stream(7, 12)(),
      options: { optimizer: adam({ learningRate: 3e-3 }), clipNorm: 1 },
    }),
  },
  "elman, fewer sequences than ranks": {
    network: { ...text, cell: "elman" },
    begin: () => ({ data: stream(1, 12)(), options: { optimizer: sgd({ learningRate: 0.1 }) } }),
  },
  "mingru, truncated": {
    network: { ...text, cell: "mingru" },
    begin: () => ({
      data: stream(6, 20)(),
      options: { learner: tbptt({ k1: 7, k2: 15 }), optimizer: adam({ learningRate: 3e-3 }) },
    }),
  },
  "lstm, values, huber": {
    network: { cell: "lstm", inputSize: 1, hiddenSize: 12, outputSize: 1, bidirectional: true },
    begin: () => ({
      data: [0, 1, 2, 3].map((i) => ({
        inputs: { steps: 20, batch: 6, values: series.slice(120 * i, 120 * (i + 1)) },
        targets: { values: series.slice(120 * i + 1, 120 * (i + 1) + 1) },
      })),
      options: { loss: huber(), optimizer: adamW({ learningRate: 3e-3 }), epochs: 1000 },
    }),
  },
  "gru, labels of sequences of many lengths": {
    network: { ...text, cell: "gru", output: "sequence" },
    begin: () => ({
      data: sequenceSet(
        Array.from({ length: 21 }, (_, i) => ({
          inputs: { tokens: numbers(3 + (i % 9), 12, i) },
          targets: { class: i % 12 },
        })),
        { batch: 5, shuffle: true },
      ),
      options: {
        optimizer: sgd({ learningRate: 0.05, momentum: 0.5 }),
        epochs: 1000,
        averaging: { decay: 0.9 },
      },
    }),
  },
  "lstm, ctc": {
    network: { ...text, cell: "lstm", bidirectional: true },
    begin: () => ({
      data: [1, 2, 3].map((salt) => ({
        inputs: { steps: 15, batch: 5, tokens: numbers(75, 12, salt) },
        targets: { labels: numbers(15, 11, salt).map((x) => x + 1), labelLengths: new Int32Array(5).fill(3) },
      })),
      options: { loss: ctc(), optimizer: sgd({ learningRate: 0.02 }), epochs: 1000 },
    }),
  },
  "lstm, a budget, accumulated, validated": {
    network: { ...text, cell: "lstm", layers: 2, dropout: 0.2 },
    begin: () => ({
      data: stream(8, 16)(),
      options: {
        learner: bptt({ memoryBudget: 100_000 }),
        accumulate: 3,
        validation: tokenStream(tokens.subarray(0, 600), { batch: 3, window: 20 }),
        validateEvery: 10,
        patience: 100,
        keepBest: true,
        schedule: plateauSchedule({ rate: 0.02, patience: 2, factor: 0.5 }),
        optimizer: sgd({ learningRate: 0.02 }),
        epochs: 1000,
      },
    }),
  },
  "gru, rtrl": {
    network: { ...text, hiddenSize: 5, cell: "gru" },
    begin: () => ({
      data: stream(5, 10)(),
      options: { learner: rtrl(), updateEvery: 4, optimizer: sgd({ learningRate: 0.1 }) },
    }),
  },
  "elman, uoro, which draws": {
    network: { ...text, hiddenSize: 8, cell: "elman" },
    begin: () => ({
      data: stream(5, 10)(),
      options: { learner: uoro({ block: 2 }), optimizer: sgd({ learningRate: 0.003 }) },
    }),
  },
};
