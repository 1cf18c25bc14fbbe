/** Networks in ONNX Runtime give what they give here. `BPTT_PRINT=1` prints how near. */

import fc from "fast-check";
import * as node from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { afterAll, describe, expect, it } from "vitest";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { outputWidth } from "../../../src/network/sizes.js";
import type { Sequence } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { drawSequence, drawState, normals } from "../../network/drawn.js";
import { Agreement } from "./agreement.js";
import { drawnExport, networkOf, type DrawnExport } from "./drawn-networks.js";
import { loadModel, type Ran, type Runtime } from "./run-onnx.js";

/** Networks to draw, and a tenth as many for the web; the whole campaign is of 500. */
const NETWORKS = Number(process.env["BPTT_ONNX"] ?? 100);

// Without threads, which the web's runtime has in Node, but a page only where it is cross-origin isolated.
web.env.wasm.numThreads = 1;

const printed: string[] = [];
afterAll(() => {
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

/** Compares two windows of a network. */
async function compare(agreement: Agreement, runtime: Runtime, drawn: DrawnExport): Promise<void> {
  const { exported } = drawn;
  using network = networkOf(drawn.options);
  const { options } = network;
  const model = await loadModel(runtime, toOnnx(network, exported), options);
  const random = new Random(drawn.seed);
  for (const [steps, batch] of drawn.shapes) {
    const sizes = { ...options, steps, batch };
    const sequence = drawSequence(random, drawn.kind, sizes);
    const state = drawState(random, sizes);
    const came = await model.run(sequence, state);
    const rows = options.output === "sequence" ? [batch] : [steps, batch];
    expect(came.shape).toEqual([...rows, outputWidth(options)]);
    agreement.compare(network, sequence, state, came, exported.softmax === true);
  }
  await model.release();
}

describe("a network in ONNX Runtime", () => {
  it.each<[string, Runtime, number]>([
    ["onnxruntime-node", node, NETWORKS],
    ["onnxruntime-web", web, Math.ceil(NETWORKS / 10)],
  ])("gives its outputs and states: %s", async (name, runtime, numRuns) => {
    const agreement = new Agreement();
    await fc.assert(
      fc.asyncProperty(drawnExport, (drawn) => compare(agreement, runtime, drawn)),
      { numRuns },
    );
    expect(agreement.windows).toBe(2 * numRuns);
    const { windows, plain, normalized, steep } = agreement;
    printed.push(
      `${name}: ${numRuns} networks, ${windows} windows, greatest difference ${plain.toExponential(1)}, with layer ` +
        `normalisation ${normalized.toExponential(1)} (${steep} windows beyond 1e-5, which rounding explains)`,
    );
  });

  it("streams: steps of one file, each from the state of the one before, are the whole sequence", async () => {
    const agreement = new Agreement();
    const streamed = drawnExport.filter(({ options }) => !options.bidirectional && options.output === "step");
    await fc.assert(
      fc.asyncProperty(streamed, async ({ options, exported, kind, seed, shapes: [[steps, batch]] }) => {
        using network = networkOf(options);
        const model = await loadModel(node, toOnnx(network, exported), network.options);
        const random = new Random(seed);
        const sizes = { ...options, steps, batch };
        const sequence = drawSequence(random, kind, sizes);
        const start = drawState(random, sizes);
        let last: Ran | undefined;
        const outputs: number[] = [];
        for (let t = 0; t < steps; t++) {
          last = await model.run(stepOf(sequence, t), last?.state ?? start);
          outputs.push(...last.outputs);
        }
        if (last === undefined) throw new Error("no step");
        const all = { ...last, outputs: Float32Array.from(outputs) };
        agreement.compare(network, sequence, start, all, exported.softmax === true);
        await model.release();
      }),
      { numRuns: 30 },
    );
    expect(agreement.windows).toBe(30);
  });

  it.each(["gru", "minlstm"] as const)("gives its outputs for 200 layers of %s", async (cell) => {
    const options = { cell, layers: 200, inputSize: 3, hiddenSize: 2, outputSize: 2 };
    using network = createNetwork(options);
    const sizes = { ...options, steps: 2, batch: 2 };
    const random = new Random(1);
    const [sequence, state] = [drawSequence(random, "values", sizes), drawState(random, sizes)];
    const model = await loadModel(node, toOnnx(network), network.options);
    const came = await model.run(sequence, state);
    new Agreement().compare(network, sequence, state, came, false);
    await model.release();
  });

  it("gives minLSTM's where both gates are nearly 0, where σ itself is no more told apart", async () => {
    using network = createNetwork({ cell: "minlstm", inputSize: 1, hiddenSize: 64, outputSize: 0 });
    const random = new Random(2);
    network
      .parameter("rnn.bias_ih_l0")
      .write(normals(random, 192).map((x, i) => (i < 128 ? 20 * x - 60 : x)));
    const sequence: Sequence = { steps: 1, batch: 1, values: normals(random, 1) };
    const state = { h: normals(random, 64) };
    const model = await loadModel(node, toOnnx(network), network.options);
    const agreement = new Agreement();
    agreement.compare(network, sequence, state, await model.run(sequence, state), false);
    await model.release();
  });
});

/** One step of a sequence. */
function stepOf({ steps, batch, tokens, values }: Sequence, t: number): Sequence {
  const size = (values ?? tokens ?? []).length / steps;
  const [from, to] = [t * size, (t + 1) * size];
  return { steps: 1, batch, tokens: tokens?.slice(from, to), values: values?.slice(from, to) };
}
