/** Trains for a moment with the wide build, and says that it worked: in a process of its own, since V8 may abort it. */

import "../wasm/inlined.js";
import "../wide.js";
import { adam, createNetwork, tokenStream, train } from "../index.js";
import { WORKS } from "./builds.js";

const SIZE = 40;

for (const cell of ["elman", "gru", "lstm"] as const) {
  const options = { cell, inputSize: SIZE, hiddenSize: SIZE, outputSize: SIZE, layers: 2 };
  using network = createNetwork(options, { build: "wide" });
  const data = tokenStream(
    Int32Array.from({ length: 2000 }, (_, i) => (i * i) % SIZE),
    { batch: 4, window: 16 },
  );
  for await (const { loss } of train(network, data, { optimizer: adam(), maxSteps: 8, clipNorm: 1 })) {
    if (!Number.isFinite(loss)) throw new Error(`the loss was ${loss}`);
  }
}
process.stdout.write(`${WORKS}\n`);
