/**
 * Trains the built package for some updates, alone or as one of the ranks that mpirun has started, and prints their milliseconds as
 * JSON: `node ranks-updates.js <build> <hidden> <batch> <steps> <updates> [alone]`. Plain JavaScript: a loader would be in the figures.
 */
import console from "node:console";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { adam, createNetwork, tokenStream, train } from "bptt";
import { connectMpi } from "bptt/mpi";

const [hiddenSize, batch, window, updates] = process.argv.slice(3, 7).map(Number);
const build = process.argv[2] === "simd" ? "simd" : "relaxed-simd";
const cluster = process.argv[7] === "alone" ? undefined : await connectMpi();
const tokens = 65;
/** Updates in which code is compiled and memory taken. */
const warmUp = 5;

let state = 1;
const text = Uint8Array.from({ length: batch * window * 16 + 1 }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * tokens);
});
const network = createNetwork(
  { cell: "lstm", inputSize: tokens, hiddenSize, outputSize: tokens, seed: 1 },
  { build },
);
const data = tokenStream(text, { batch, window });
const options = {
  optimizer: adam({ learningRate: 2e-3 }),
  clipNorm: 1,
  maxSteps: warmUp + updates,
  ...(cluster && { cluster }),
};

/** @type {number[]} */
const milliseconds = [];
let used = process.cpuUsage();
let start = performance.now();
let before = start;
let last = NaN;
for await (const { step, loss, epochEnd } of train(network, data, options)) {
  if (epochEnd) continue;
  const now = performance.now();
  if (step > warmUp) milliseconds.push(now - before);
  else {
    used = process.cpuUsage();
    start = now;
  }
  before = now;
  last = loss;
}
const { user, system } = process.cpuUsage(used);
const core = (user + system) / 1000 / (before - start);
if (cluster === undefined || cluster.rank === 0)
  console.log(JSON.stringify({ milliseconds, core, loss: last, ranks: cluster?.size ?? 1 }));
