/**
 * Trains the built package on sequences far too long for their tape, and prints the process's memory as JSON, one line an
 * update: `node --expose-gc long-sequence.js <steps> <batch> <budget> <updates> <build>`. Plain JavaScript: a loader would be
 * in the figures.
 */
import console from "node:console";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { adam, bptt, createNetwork, tokenStream, train } from "bptt";

const [window, batch, memoryBudget, updates] = process.argv.slice(2, 6).map(Number);
const build = process.argv[6] === "simd" ? "simd" : "relaxed-simd";
const tokens = 65;

// Random tokens, of which every second repeats the one before: there is something to learn.
let state = 1;
let last = 0;
const text = Uint8Array.from({ length: window * batch + batch }, (_, i) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  if (i % 2 === 0) last = Math.floor((state / 2 ** 32) * tokens);
  return last;
});
const network = createNetwork(
  { cell: "lstm", inputSize: tokens, hiddenSize: 128, outputSize: tokens },
  { build },
);
const data = tokenStream(text, { batch, window });

/**
 * @param {number} step
 * @param {number} seconds
 * @param {number | null} loss
 */
function print(step, seconds, loss) {
  globalThis.gc?.();
  const { rss, external } = process.memoryUsage();
  const highest = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ step, seconds, loss, rss, highest, external }));
}

print(0, 0, null);
let start = performance.now();
const learner = bptt({ memoryBudget });
for await (const { step, loss, epochEnd } of train(network, data, {
  optimizer: adam({ learningRate: 5e-3 }),
  learner,
  clipNorm: 1,
  maxSteps: updates,
})) {
  if (epochEnd) continue;
  print(step, (performance.now() - start) / 1000, loss);
  start = performance.now();
}
