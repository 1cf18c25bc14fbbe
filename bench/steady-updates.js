/**
 * Trains the built package for many updates, as a user would, and prints the process's memory as JSON, one line a
 * checkpoint: `node --expose-gc steady-updates.js <updates> <build>`. Plain JavaScript: a loader would be in the figures.
 */
import console from "node:console";
import process from "node:process";
import { adam, createNetwork, tbptt, tokenStream, train } from "bptt";

const updates = Number(process.argv[2]);
const build = process.argv[3] === "simd" ? "simd" : "relaxed-simd";
const checkpoints = 20;
const tokens = 65;

// A million random tokens: the stream makes new arrays for every window, and begins several epochs.
let state = 1;
const text = Uint8Array.from({ length: 1_000_000 }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * tokens);
});
const network = createNetwork({ inputSize: tokens, hiddenSize: 256, outputSize: tokens }, { build });
const data = tokenStream(text, { batch: 32, window: 64 });
const options = {
  optimizer: adam({ learningRate: 2e-3 }),
  learner: tbptt({ k1: 64 }),
  clipNorm: 1,
  maxSteps: updates,
};

/** @param {number} step */
function print(step) {
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const highest = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ step, rss, highest, heapUsed, external, arrayBuffers }));
}

print(0);
let next = updates / checkpoints;
for await (const { step } of train(network, data, options)) {
  if (step < next) continue;
  print(step);
  next += updates / checkpoints;
}
