/** Graphs as exporters write them, by hand: the network gives what ONNX Runtime does with the same file. */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { directionsOf, outputWidth } from "../../../src/network/sizes.js";
import { softmax } from "../../../src/network/softmax.js";
import type { CompleteOptions, Network, Sequence, State } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { drawSequence, drawState } from "../../network/drawn.js";
import type { GraphCase } from "./graphs/graph-case.js";
import { heads } from "./graphs/heads.js";
import { lastSteps } from "./graphs/last-steps.js";
import { layers } from "./graphs/layers.js";
import { states } from "./graphs/states.js";
import { tokens } from "./graphs/tokens.js";
import { weights } from "./graphs/weights.js";
import { layer, ModelSketch } from "./model-sketch.js";

/** Two programs that sum in float32 in other orders, in max(1, |expected|). */
const TOLERANCE = 1e-5;

const graphs: readonly GraphCase[] = [...heads, ...lastSteps, ...layers, ...states, ...tokens, ...weights];

const T = 5;

const printed: string[] = [];
afterAll(() => {
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

/** [A, B, ·] → [B, A, ·]. */
function swapped<Values extends Float32Array | Int32Array>(values: Values, A: number, B: number): Values {
  const width = values.length / (A * B);
  const result = values.slice() as Values;
  for (let a = 0; a < A; a++) {
    for (let b = 0; b < B; b++) {
      const from = (a * B + b) * width;
      result.set(values.subarray(from, from + width), (b * A + a) * width);
    }
  }
  return result;
}

interface Drawn {
  readonly sequence: Sequence;
  readonly state: State;
}

function draw(options: CompleteOptions, one: GraphCase, sketch: ModelSketch, batch: number): Drawn {
  const random = new Random(3);
  const sizes = { ...options, steps: one.steps ?? T, batch };
  const sequence = drawSequence(random, one.tokens === undefined ? "values" : "tokens", sizes);
  const state = drawState(random, sizes);
  const has = (name: string): boolean => sketch.inputs.some((input) => input.name === name);
  const kept: State = {
    h: has("h0") ? state.h : state.h.fill(0),
    ...(state.c && { c: has("c0") ? state.c : state.c.fill(0) }),
  };
  const lengths = Int32Array.from({ length: batch }, (_, b) => T - b);
  return { sequence: has("lengths") ? { ...sequence, lengths } : sequence, state: kept };
}

/** What the graph's inputs are given. */
function feedsOf(one: GraphCase, sketch: ModelSketch, options: CompleteOptions, { sequence, state }: Drawn) {
  const { steps, batch, values, tokens, lengths } = sequence;
  const turn = <Values extends Float32Array | Int32Array>(given: Values): Values =>
    one.batchFirst === true ? swapped(given, steps, batch) : given;
  const stateDims = [options.layers * directionsOf(options), batch, options.hiddenSize];
  const feeds: Record<string, Tensor> = {};
  for (const { name, dims } of sketch.inputs) {
    if (sketch.initializers.some((tensor) => tensor.name === name)) continue;
    const rows = one.batchFirst === true ? [batch, steps] : [steps, batch];
    if (name === "lengths") feeds[name] = new Tensor("int32", lengths ?? new Int32Array(0), [batch]);
    else if (name === "h0") feeds[name] = new Tensor("float32", state.h, stateDims);
    else if (name === "c0") feeds[name] = new Tensor("float32", state.c ?? new Float32Array(0), stateDims);
    else if (values !== undefined) {
      const all = [...rows, options.inputSize];
      feeds[name] = new Tensor(
        "float32",
        turn(values),
        one.inputDims?.(steps, batch) ?? all.slice(0, dims?.length),
      );
    } else if (tokens !== undefined) {
      const list = turn(Int32Array.from(tokens));
      const kind = one.tokens ?? "int64";
      const data =
        kind === "int64"
          ? BigInt64Array.from(list, BigInt)
          : kind === "int32"
            ? list
            : Float32Array.from(list);
      feeds[name] = new Tensor(kind, data, rows);
    }
  }
  return feeds;
}

function outputsOf(network: Network, one: GraphCase, { sequence, state }: Drawn): Float32Array {
  const { outputs } = network.forward(sequence, { state });
  if (one.softmax === undefined) return outputs;
  const shares = softmax(outputs, outputWidth(network.options));
  return one.softmax === "log" ? shares.map(Math.log) : shares;
}

async function run(file: Uint8Array, feeds: Record<string, Tensor>, output: string): Promise<Float32Array> {
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  const results = await session.run(feeds);
  await session.release();
  const { data } = results[output];
  if (!(data instanceof Float32Array)) throw new Error("float32 expected");
  return data;
}

describe("fromOnnx of graphs as exporters write them", () => {
  it.each(graphs.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const sketch = new ModelSketch();
    one.build(sketch);
    const file = sketch.file();
    using network = fromOnnx(file);
    const { options } = network;
    expect(options).toMatchObject({
      output: "step",
      bidirectional: false,
      layers: 1,
      embeddingSize: 0,
      ...one.options,
    });
    const batch = one.batch ?? 3;
    const drawn = draw(options, one, sketch, batch);
    const output = sketch.outputs[one.compared ?? 0].name;
    const expected = await run(file, feedsOf(one, sketch, options, drawn), output);
    const steps = drawn.sequence.steps;
    const turned = one.batchFirst === true && options.output === "step";
    const given = outputsOf(network, one, drawn);
    const came = turned ? swapped(given, steps, batch) : given;
    expect(came).toHaveLength(expected.length);
    const worst = Math.max(
      ...expected.map((value, i) => Math.abs(came[i] - value) / Math.max(1, Math.abs(value))),
    );
    expect(worst).toBeLessThanOrEqual(TOLERANCE);
    // A graph whose numbers are all one and the same would prove nothing.
    expect(new Set(expected).size).toBeGreaterThan(expected.length / 4);
    printed.push(`${name}: greatest difference ${worst.toExponential(1)}`);
  });

  it.each([1, 2] as const)(
    "takes the batch first by the attribute layout, which ONNX Runtime has not: %d directions",
    (D) => {
      // The same weights, drawn in the same order.
      const [plain, turned] = [0, 1].map((layout) => {
        const sketch = new ModelSketch();
        sketch.output(bidirectionalHead(sketch, D, layout));
        return fromOnnx(sketch.file());
      });
      expect(turned.options).toEqual(plain.options);
      expect(turned.options.bidirectional).toBe(D === 2);
      for (const parameter of plain.parameters) {
        expect(turned.parameter(parameter.name).read()).toEqual(parameter.read());
      }
      plain.dispose();
      turned.dispose();
    },
  );
});

/** Adds a layer and a head on its states, [T, B, 3] or, with `layout` 1, [B, T, 3]. */
function bidirectionalHead(sketch: ModelSketch, D: 1 | 2, layout: number): string {
  const x = sketch.input("x", layout === 0 ? ["T", "B", 3] : ["B", "T", 3]);
  const [y] = layer(sketch, x, { op: "GRU", I: 3, H: 4, D, attributes: { layout } });
  const features = layout === 0 ? sketch.node("Transpose", [y], { perm: [0, 2, 1, 3] }) : y;
  const joined = sketch.node("Reshape", [features, sketch.integers([0, 0, -1])]);
  return sketch.node("Add", [sketch.node("MatMul", [joined, sketch.weights(D * 4, 2)]), sketch.weights(2)]);
}
