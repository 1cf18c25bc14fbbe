/** Generates the adding problem and trains on it, for the benchmark and for a test. */
import type { TrainingWindow } from "../src/data/training-data.js";
import { createNetwork } from "../src/network/create-network.js";
import { adam } from "../src/optimize/adam.js";
import { Random } from "../src/random.js";
import { train } from "../src/train/train.js";
import type { Build } from "../src/wasm/builds.js";

export const T = 100;
export const B = 32;
export const H = 32;
/** A moving mean of the squared error below this counts as solved; always answering 1 gives 1/6. */
export const SOLVED = 0.005;
const SMOOTHING = 0.98;

/**
 * Draws a window: each step has a number from [0, 1) and a mark; two steps are marked, one in each half, and
 * the target is the sum of their numbers.
 */
function drawWindow(random: Random): TrainingWindow {
  const values = new Float32Array(T * B * 2);
  const targets = new Float32Array(T * B).fill(NaN);
  for (let b = 0; b < B; b++) {
    const marked = [random.integer(T / 2), T / 2 + random.integer(T / 2)];
    let sum = 0;
    for (let t = 0; t < T; t++) {
      const at = (t * B + b) * 2;
      values[at] = random.uniform();
      if (!marked.includes(t)) continue;
      values[at + 1] = 1;
      sum += values[at];
    }
    targets[(T - 1) * B + b] = sum;
  }
  return { inputs: { steps: T, batch: B, values }, targets: { values: targets } };
}

function* windows(seed: number, count: number): Generator<TrainingWindow, void> {
  const random = new Random(seed, 1);
  for (let i = 0; i < count; i++) yield drawWindow(random);
}

/** Trains an LSTM until the problem is solved, for `updates` at most. */
export async function learn(seed: number, { updates, build }: { updates: number; build?: Build }) {
  const sizes = { inputSize: 2, hiddenSize: H, outputSize: 1 };
  using network = createNetwork(
    { ...sizes, cell: "lstm", seed, initialization: { forgetBias: 1 } },
    build === undefined ? {} : { build },
  );
  const options = { optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, epochs: 1 };
  let moving: number | undefined;
  for await (const { step, loss, epochEnd } of train(network, windows(seed, updates), options)) {
    if (epochEnd) break;
    moving = moving === undefined ? loss : SMOOTHING * moving + (1 - SMOOTHING) * loss;
    if (moving < SOLVED) return { seed, solvedAt: step, moving };
  }
  return { seed, solvedAt: undefined, moving: moving ?? NaN };
}
