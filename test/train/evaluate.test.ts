import { describe, expect, it } from "vitest";
import {
  binaryCrossEntropy,
  crossEntropy,
  ctc,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  quantile,
} from "../../src/network/losses/by-name.js";
import { Random } from "../../src/random.js";
import type { TrainingData, TrainingWindow } from "../../src/data/training-data.js";
import { DisposedError } from "../../src/errors.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Loss, Network, NetworkOptions, State, Target } from "../../src/network/types.js";
import { evaluate } from "../../src/train/evaluate.js";
import {
  allGradients,
  allParameters,
  countedData,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
  valueNetwork,
  valueWindow,
} from "./windows.js";

/** Loss, count and accuracy by forward and backward, and by looking for the largest output. */
function byHand(network: Network, windows: readonly TrainingWindow[]) {
  const O = network.options.outputSize;
  const sum = { loss: 0, count: 0, correct: 0 };
  let state: State | undefined;
  for (const { inputs, targets, carry } of windows) {
    const run = network.forward(inputs, carry === true ? { state } : {});
    state = run.state;
    const { loss, count } = network.backward(targets, { reduction: "sum" });
    sum.loss += loss;
    sum.count += count;
    targets.classes?.forEach((target, row) => {
      const logits = [...run.outputs.subarray(row * O, (row + 1) * O)];
      if (target >= 0 && logits.indexOf(Math.max(...logits)) === target) sum.correct++;
    });
  }
  network.zeroGradients();
  return { loss: sum.loss / sum.count, count: sum.count, accuracy: sum.correct / sum.count };
}

describe("evaluate", () => {
  const windows = [3, 8, 1, 40, 8].map((T, seed) => tokenWindow({ T, B: 3, seed, carry: seed !== 3 }));
  windows[1].targets.classes?.fill(-1, 2, 9);

  // The same float32 outputs; losses are summed in other orders.
  it("is the mean over all targets, and the share of the likeliest classes", async () => {
    const network = tokenNetwork();
    const expected = byHand(network, windows);
    expect(expected.count).toBe(60 * 3 - 7);
    expect(expected.accuracy).toBeGreaterThan(0);
    const { loss, count, accuracy } = await evaluate(network, windows);
    expect(loss).toBeCloseTo(expected.loss, 5);
    expect([count, accuracy]).toEqual([expected.count, expected.accuracy]);
  });

  it("carries the state where the windows say so, and only there", async () => {
    const network = tokenNetwork();
    const loss = async (carry: boolean) =>
      (
        await evaluate(
          network,
          tokenWindows(3).map((window) => ({ ...window, carry })),
        )
      ).loss;
    for (const carry of [true, false]) {
      const expected = byHand(
        network,
        tokenWindows(3).map((window) => ({ ...window, carry })),
      );
      expect(await loss(carry)).toBeCloseTo(expected.loss, 5);
    }
    expect(Math.abs((await loss(true)) - (await loss(false)))).toBeGreaterThan(1e-4);
  });

  it.each<[string, Partial<NetworkOptions>]>([
    ["an LSTM of two layers", { cell: "lstm", layers: 2 }],
    ["a GRU with an embedding", { cell: "gru", embeddingSize: 3 }],
  ])("carries the whole state of %s", async (_, options) => {
    const network = createNetwork({ inputSize: 5, hiddenSize: 6, outputSize: 5, ...options });
    expect((await evaluate(network, windows)).loss).toBeCloseTo(byHand(network, windows).loss, 5);
  });

  it("leaves padding out", async () => {
    const network = tokenNetwork();
    const [window] = tokenWindows(1, { T: 6, carry: false });
    const data = [{ ...window, inputs: { ...window.inputs, lengths: Int32Array.of(2, 5) } }];
    const { loss, count } = await evaluate(network, data);
    expect(count).toBe(7);
    expect(loss).toBeCloseTo(byHand(network, data).loss, 5);
  });

  it("has errors for values, and no accuracy", async () => {
    const network = valueNetwork();
    const data = [valueWindow(1, 0.5), valueWindow(1, NaN), valueWindow(2, 1, { T: 9 })];
    const expected = byHand(network, data);
    const result = await evaluate(network, data);
    expect(Object.keys(result).sort()).toEqual([
      "count",
      "loss",
      "meanAbsoluteError",
      "perOutput",
      "rSquared",
      "rootMeanSquaredError",
    ]);
    expect(result.rootMeanSquaredError).toBeCloseTo(Math.sqrt(result.loss), 6);
    expect(result.count).toBe(24);
    expect(result.loss).toBeCloseTo(expected.loss, 6);
  });

  it("is 0 over no target at all", async () => {
    expect(await evaluate(valueNetwork(), [valueWindow(1, NaN)])).toEqual({ loss: 0, count: 0 });
    const window = tokenWindow();
    window.targets.classes?.fill(-1);
    expect(await evaluate(tokenNetwork(), [window])).toEqual({ loss: 0, count: 0 });
  });

  it("changes nothing: parameters, gradients, tape", async () => {
    const run = async (between: (network: Network) => Promise<unknown>): Promise<number[]> => {
      const network = tokenNetwork();
      network.forward(windows[0].inputs);
      network.backward(windows[0].targets);
      network.forward(windows[1].inputs);
      await between(network);
      network.backward(windows[1].targets);
      return [...allParameters(network), ...allGradients(network)];
    };
    const untouched = await run(() => Promise.resolve());
    expect(await run((network) => evaluate(network, windows))).toEqual(untouched);
  });

  it("takes data of either kind, as a whole", async () => {
    for (const asynchronous of [false, true]) {
      const { data, counts } = countedData(windows, asynchronous);
      const network = tokenNetwork();
      expect(await evaluate(network, data)).toEqual(await evaluate(network, windows));
      expect(counts).toEqual({ iterated: 1, pulled: 6, closed: 0 });
    }
  });

  const never = (value: unknown): never => value as never; // whatever the types say
  const refused: [string, TrainingData, typeof Error, RegExp][] = [
    ["none", never(undefined), TypeError, /"data" expected an iterable of windows, got undefined/],
    [
      "no windows",
      [],
      RangeError,
      /"data" expected at least one window .*\(a generator can be walked once\)/,
    ],
    ["a number", never([4]), TypeError, /"window" expected an object, got 4/],
    ["a token too large", [tokenWindow({ V: 9, T: 50 })], RangeError, /expected tokens from 0 to 4/],
    [
      "a gradient",
      [{ ...tokenWindow(), targets: { gradient: new Float32Array(40) } }],
      RangeError,
      /expected classes or values, got a gradient/,
    ],
    [
      "another batch",
      [tokenWindow(), tokenWindow({ B: 3 })],
      RangeError,
      /"inputs.batch" expected 2, .* got 3/,
    ],
  ];
  it.each(refused)("refuses data: %s", async (_, data, type, message) => {
    const run = evaluate(tokenNetwork(), data);
    await expect(run).rejects.toThrow(type);
    await expect(run).rejects.toThrow(message);
  });

  it("takes another batch where the state is not carried", async () => {
    const data = [tokenWindow(), tokenWindow({ B: 3, carry: false })];
    expect((await evaluate(tokenNetwork(), data)).count).toBe(20);
  });

  it("closes data that it refuses", async () => {
    const { data, counts } = countedData([tokenWindow(), tokenWindow({ B: 3 }), tokenWindow()]);
    await expect(evaluate(tokenNetwork(), data)).rejects.toThrow(RangeError);
    expect(counts).toEqual({ iterated: 1, pulled: 2, closed: 1 });
  });

  it("refuses what is no network, or no longer one", async () => {
    await expect(evaluate(never({}), windows)).rejects.toThrow(TypeError);
    const network = tokenNetwork();
    network.dispose();
    await expect(evaluate(network, windows)).rejects.toThrow(DisposedError);
  });

  it.each(["step", "sequence"] as const)("sees all outputs of long windows, one a %s", async (output) => {
    const network = createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 3, seed: 3, output });
    const [steps, batch] = [400, 3];
    const random = new Random(2);
    const draw = (n: number) => Int32Array.from({ length: n }, () => random.integer(3));
    const inputs = { steps, batch, tokens: draw(steps * batch), lengths: Int32Array.of(400, 1, 250) };
    const rows = output === "step" ? steps * batch : batch;
    const targets = {
      classes: draw(rows),
      weights: Float32Array.from({ length: rows }, () => random.uniform()),
    };
    const result = await evaluate(network, [{ inputs, targets }], { topK: 2 });
    const { outputs } = network.forward(inputs);
    const sums = { weight: 0, right: 0, within: 0 };
    targets.classes.forEach((target, row) => {
      if (output === "step" && Math.floor(row / batch) >= inputs.lengths[row % batch]) return;
      const logits = outputs.subarray(row * 3, (row + 1) * 3);
      const rank = logits.filter((logit) => logit > logits[target]).length;
      sums.weight += targets.weights[row];
      if (rank === 0) sums.right += targets.weights[row];
      if (rank < 2) sums.within += targets.weights[row];
    });
    expect(result.accuracy).toBeCloseTo(sums.right / sums.weight, 12);
    expect(result.topK).toBeCloseTo(sums.within / sums.weight, 12);
    expect(result.perplexity).toBeCloseTo(Math.E ** result.loss, 10);
    expect(result.bits).toBeCloseTo(result.loss / Math.LN2, 12);
    expect(result.confusion?.reduce((sum, x) => sum + x, 0)).toBeCloseTo(sums.weight, 10);
    network.dispose();
  });

  it("has what each loss means", async () => {
    const network = createNetwork({ inputSize: 2, hiddenSize: 4, outputSize: 4, seed: 3 });
    const inputs = { steps: 5, batch: 2, values: new Float32Array(20).fill(0.5) };
    const keysOf = async (targets: Target, loss?: Loss): Promise<string> =>
      Object.keys(await evaluate(network, [{ inputs, targets }], { loss }))
        .filter((key) => key !== "loss" && key !== "count")
        .join(" ");
    const classes = Int32Array.from({ length: 10 }, (_, i) => i % 4);
    const values = Float32Array.from({ length: 40 }, (_, i) => (i % 3) / 2);
    const names = "accuracy confusion support precision recall f1 macroF1";
    const errors = "meanAbsoluteError rootMeanSquaredError rSquared perOutput";
    expect(await keysOf({ classes })).toBe(`${names} perplexity bits`);
    expect(await keysOf({ classes }, crossEntropy({ labelSmoothing: 0.1 }))).toBe(names);
    expect(await keysOf({ values }, crossEntropy())).toBe("");
    expect(await keysOf({ values }, binaryCrossEntropy())).toBe("accuracy");
    for (const loss of [undefined, meanSquaredError(), meanAbsoluteError(), huber()])
      expect(await keysOf({ values }, loss)).toBe(errors);
    const half = { values: values.subarray(20) };
    expect(await keysOf(half, quantile({ levels: [0.1, 0.9] }))).toBe(`${errors} coverage`);
    const labels = { labels: Int32Array.of(1, 2, 3), labelLengths: Int32Array.of(2, 1) };
    expect(await keysOf(labels, ctc())).toBe("editDistance labelErrorRate exact");
    const mixed = [
      { inputs, targets: { classes } },
      { inputs, targets: { values } },
    ];
    expect(Object.keys(await evaluate(network, mixed))).toEqual(["loss", "count"]);
    network.dispose();
  });

  it("weighs the means of windows by what they were divided by", async () => {
    const network = createNetwork({ inputSize: 2, hiddenSize: 4, outputSize: 3, seed: 3 });
    const inputs = { steps: 2, batch: 1, values: Float32Array.of(1, 2, 3, 4) };
    const window = (target: number, weight: number) => ({
      inputs,
      targets: { classes: Int32Array.of(target, -1), weights: Float32Array.of(weight, 9) },
    });
    const one = (await evaluate(network, [window(0, 2)])).loss;
    const other = (await evaluate(network, [window(1, 6)])).loss;
    const both = await evaluate(network, [window(0, 2), window(1, 6)]);
    expect(both.loss).toBeCloseTo((2 * one + 6 * other) / 8, 12);
    expect(both.count).toBe(2);
    network.dispose();
  });

  it.each([
    [{ topK: 0 }, /"options.topK"/],
    [{ topK: 9 }, /"options.topK" expected an integer from 1 to/],
    [{ loss: "mse" }, /"loss" expected a function, or a loss made by/],
  ])("refuses %o", async (options, message) => {
    await expect(evaluate(tokenNetwork(), windows, options as object)).rejects.toThrow(message);
  });
});
