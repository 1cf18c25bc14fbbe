import { describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { gradientFlow, type GradientFlow, type LagFlow } from "../../../src/learn/flow/gradient-flow.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { requireNetwork } from "../../../src/network/network.js";
import type { Network, NetworkOptions, Sequence, Target } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { normalizableCells } from "../../network/kinds.js";
import { gradientBits, parameterBits } from "../../network/bits.js";
import { drawSequence, drawState, drawTarget, outputWidthOf, type TargetKind } from "../../network/drawn.js";
import { relativeError } from "../../oracle/compare.js";
import { problemsOf } from "../../oracle/learning/network-problem.js";
import { takeSteps, type Problem } from "../../oracle/learning/problem.js";
import { stackLayers, stateSizeOf, type StackSizes } from "../../oracle/learning/stack.js";
import { modelOf, type OracleModel } from "../../oracle/model.js";
import { ROUNDINGS, shaken } from "../../oracle/conditioning.js";

const T = 9;
const B = 3;

interface Case {
  options: NetworkOptions;
  inputs: "tokens" | "values";
  target: TargetKind;
  lengths?: Int32Array;
  /** [T, B]. */
  resets?: Uint8Array;
}

const resets = Uint8Array.from({ length: T * B }, (_, i) => Number([0, 4, 10, 13, 20, 21].includes(i)));

const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];

const cases: Case[] = networks.flatMap((network): Case[] => {
  const sizes = { ...network, inputSize: 4, hiddenSize: 5, outputSize: 3, seed: 3 };
  return [
    { options: sizes, inputs: "tokens", target: "classes" },
    { options: { ...sizes, layers: 3, hiddenSize: 9 }, inputs: "values", target: "values" },
    { options: { ...sizes, layers: 2, embeddingSize: 3 }, inputs: "tokens", target: "gradient" },
    {
      options: { ...sizes, outputSize: 0 },
      inputs: "values",
      target: "values",
      lengths: Int32Array.of(9, 4, 6),
    },
    {
      options: { ...sizes, layers: 2, dropout: 0.5 },
      inputs: "tokens",
      target: "classes",
      lengths: Int32Array.of(2, 9, 5),
    },
    { options: { ...sizes, layers: 2 }, inputs: "values", target: "classes", resets },
  ];
});

function drawn({ options, inputs, target: kind, lengths, resets: anew }: Case) {
  const sizes = { ...options, steps: T, batch: B };
  const random = new Random(6);
  const sequence: Sequence = {
    ...drawSequence(random, inputs, sizes),
    ...(lengths && { lengths }),
    ...(anew && { resets: anew }),
  };
  return { sequence, target: drawTarget(random, kind, sizes), state: drawState(random, sizes) };
}

/** Whether sequence b has a target at step t. */
function hasTarget({ classes, values }: Target, width: number, t: number, b: number): boolean {
  const at = t * B + b;
  if (classes) return classes[at] >= 0;
  return values?.slice(at * width, (at + 1) * width).some((x) => !Number.isNaN(x)) ?? true;
}

/** By its definition: products of Jacobians with the error of each step by itself, in float64. */
function oracleNorms(
  problems: readonly Problem[],
  sizes: StackSizes,
  has: (t: number, b: number) => boolean,
  anew: Uint8Array,
) {
  const layers = stackLayers(sizes);
  const sums = layers.map(() => ({ h: new Float64Array(T), c: new Float64Array(T) }));
  const counts = new Float64Array(T);
  problems.forEach((problem, b) => {
    const tape = takeSteps(problem, 0, problem.steps, problem.initial);
    for (let t = 0; t < problem.steps; t++) {
      if (!has(t, b)) continue;
      let cotangent = tape[t].q;
      for (let s = t; s >= 0; s--) {
        const { through, state } = problem.recurrence.vjp(tape[s].before, tape[s].x, cotangent);
        layers.forEach((layer, l) => {
          const part = through.subarray(layer.stateAt, layer.stateAt + stateSizeOf(layer));
          part.forEach((x, i) => (sums[l][i < layer.hidden ? "h" : "c"][t - s] += x * x));
        });
        counts[t - s]++;
        if (anew[s * B + b] === 1) break;
        cotangent = state;
      }
    }
  });
  const norm = (...parts: readonly Float64Array[]): Float64Array =>
    counts.map((count, lag) => Math.sqrt(parts.reduce((sum, part) => sum + part[lag], 0) / count));
  return {
    layers: sums.map(({ h, c }) => ({ hidden: norm(h), state: norm(h, c) })),
    overall: norm(...sums.flatMap(({ h, c }) => [h, c])),
  };
}

const table = builds.flatMap((build) => cases.map((given, index) => ({ build, index, ...given })));

describe.each(table)("$build, $options.cell, case $index", (given) => {
  const { build, options } = given;
  const network = createNetwork(options, { build });
  const { sequence, target, state } = drawn(given);
  const flow = gradientFlow(network, sequence, target, { state, losses: T });

  it("has the norms by lag of the float64 oracle's products of Jacobians", () => {
    const width = outputWidthOf(options);
    const normsOf = (model: OracleModel) => {
      const problems = problemsOf(model, sequence, target, { reduction: "sum", state });
      const anew = given.resets ?? new Uint8Array(T * B);
      return oracleNorms(problems, network.options, (t, b) => hasTarget(target, width, t, b), anew);
    };
    const model = modelOf(network);
    const expected = normsOf(model);
    // Norms of few units are steep functions of the parameters.
    const others = [1, 2].map((seed) =>
      network.options.layerNorm ? normsOf(shaken(model, new Random(seed))) : expected,
    );
    const lags = flow.overall.norms.length;
    // The longest episode is of seven steps.
    if (given.resets) expect(lags).toBe(7);
    else expect(lags).toBeGreaterThan(T - 2);
    // Each norm by itself, for they fall: a hundred roundings of 6e-8.
    const close = (actual: Float64Array, of: (norms: typeof expected) => Float64Array): void => {
      expect(actual).toHaveLength(lags);
      if (given.resets) expect(of(expected).slice(lags).every(Number.isNaN)).toBe(true);
      actual.forEach((norm, lag) => {
        const reference = of(expected)[lag];
        const reach = Math.max(...others.map((other) => Math.abs(of(other)[lag] - reference)));
        const most = 6e-6 + (reach === 0 ? 0 : (ROUNDINGS * reach) / reference);
        expect(relativeError([norm], [reference])).toBeLessThan(most);
      });
    };
    flow.layers.forEach(({ norms, hiddenNorms }, l) => {
      close(norms, ({ layers }) => layers[l].state);
      close(hiddenNorms, ({ layers }) => layers[l].hidden);
    });
    expect(flow.layers).toHaveLength(options.layers ?? 1);
    close(flow.overall.norms, ({ overall }) => overall);
  });
});

describe.each(cases.map((given, index) => ({ index, ...given })))("$options.cell, case $index", (given) => {
  const network = createNetwork(given.options);
  const { sequence, target, state } = drawn(given);

  it("can be cloned to another thread, and is the same again", () => {
    const flow = gradientFlow(network, sequence, target, { state, losses: T });
    expect(structuredClone(flow)).toEqual(flow);
    expect(gradientFlow(network, sequence, target, { state, losses: T })).toEqual(flow);
  });

  it("leaves the network and its memory as they are", () => {
    const copy = network.clone();
    const { arena } = requireNetwork(copy).model.engine;
    copy.forward(sequence, { training: true });
    copy.backward(target);
    const untouched = copy.clone();
    const bits = [gradientBits(copy), parameterBits(copy)];
    const { outputs } = copy.forward(sequence);
    const { reserved } = arena;
    gradientFlow(copy, sequence, target, { state, losses: 3 });
    expect(arena.reserved).toBe(reserved);
    expect([gradientBits(copy), parameterBits(copy)]).toEqual(bits);
    // The tape of the forward before it.
    copy.zeroGradients();
    const after = copy.backward(target);
    expect(untouched.forward(sequence).outputs).toEqual(outputs);
    expect(untouched.backward(target)).toEqual(after);
    expect(gradientBits(copy)).toBe(gradientBits(untouched));
    copy.dispose();
    untouched.dispose();
  });
});

describe("the losses that are followed", () => {
  const options: NetworkOptions = { cell: "gru", inputSize: 3, hiddenSize: 4, outputSize: 3, seed: 1 };
  const network = createNetwork(options);
  const steps = 40;
  const sequence = drawSequence(new Random(2), "values", { ...options, steps, batch: 2 });
  const classes = (at: (t: number) => boolean): Target => ({
    classes: Int32Array.from({ length: steps * 2 }, (_, i) => (at(Math.floor(i / 2)) ? 1 : -1)),
  });
  const followed = (target: Target, losses?: number, seed?: number): number[] => [
    ...gradientFlow(network, sequence, target, { ...(losses && { losses }), ...(seed && { seed }) }).followed,
  ];

  it("are the last and some before it, spread evenly, the same for the same seed", () => {
    const all = classes(() => true);
    const chosen = followed(all);
    expect(chosen).toHaveLength(16);
    expect(chosen.at(-1)).toBe(39);
    for (let i = 0; i < 15; i++) {
      expect(chosen[i]).toBeGreaterThanOrEqual(Math.floor((i * 39) / 15));
      expect(chosen[i]).toBeLessThan(Math.floor(((i + 1) * 39) / 15));
    }
    expect(followed(all)).toEqual(chosen);
    expect(followed(all, 16, 9)).not.toEqual(chosen);
    expect(followed(all, 1)).toEqual([39]);
    expect(followed(all, 100)).toEqual(Array.from({ length: 40 }, (_, t) => t));
  });

  it("are those with a target", () => {
    expect(followed(classes((t) => t === 20))).toEqual([20]);
    expect(followed(classes((t) => t % 7 === 3))).toEqual([3, 10, 17, 24, 31, 38]);
    const { overall } = gradientFlow(
      network,
      sequence,
      classes((t) => t === 20),
    );
    expect(overall.norms).toHaveLength(21);
  });

  it("show a few what all show", () => {
    const all = gradientFlow(
      network,
      sequence,
      classes(() => true),
      { losses: 40 },
    );
    const few = gradientFlow(
      network,
      sequence,
      classes(() => true),
      { losses: 10 },
    );
    const near = (a: LagFlow, b: LagFlow): void => {
      for (let lag = 0; lag < 10; lag++) expect(Math.abs(a.norms[lag] / b.norms[lag] - 1)).toBeLessThan(0.3);
    };
    near(few.overall, all.overall);
    expect(few.overall.norms).not.toEqual(all.overall.norms);
  });
});

describe("what is told apart", () => {
  /** One unit that keeps `keep` of its state. */
  function keeping(keep: number): { network: Network; flow: (beyond?: number) => GradientFlow } {
    const network = createNetwork({ cell: "elman-relu", inputSize: 1, hiddenSize: 1, outputSize: 1 });
    const values = { weight_ih_l0: 0.1, weight_hh_l0: keep, bias_ih_l0: 0.1, bias_hh_l0: 0 };
    for (const [name, value] of Object.entries(values)) network.parameter(`rnn.${name}`).write([value]);
    network.parameter("head.weight").write([1]);
    const steps = 60;
    const sequence = { steps, batch: 1, values: new Float32Array(steps).fill(1) };
    const target = { gradient: new Float32Array(steps).fill(1) };
    return {
      network,
      flow: (beyond) => gradientFlow(network, sequence, target, beyond === undefined ? {} : { beyond }),
    };
  }

  it.each([0.3, 0.5, 0.8, 0.95])("gradients that fall by %d a step", (keep) => {
    const { layers, overall } = keeping(keep).flow();
    expect(overall.decay?.rate).toBeCloseTo(keep, 5);
    expect(overall.decay?.scale).toBeCloseTo(1, 4);
    expect(overall.decay?.error).toBeLessThan(1e-5);
    // 1 % beyond it: keep^(k+1) ≤ 0.01.
    const horizon = Math.ceil(Math.log(0.01) / Math.log(keep) - 1);
    expect(overall.horizon).toBe(horizon < 60 ? horizon : undefined);
    expect(layers[0].saturation).toEqual([{ name: "h", low: 0, high: 0, stuck: 0 }]);
  });

  it("a horizon beyond another share", () => {
    const { flow } = keeping(0.5);
    expect([0.5, 0.25, 0.1, 1e-3].map((beyond) => flow(beyond).overall.horizon)).toEqual([0, 1, 3, 9]);
  });

  it("gradients that stay, or explode", () => {
    const stays = keeping(1).flow();
    expect(stays.overall.decay?.rate).toBeCloseTo(1, 6);
    expect(stays.overall.horizon).toBeUndefined();
    expect(stays.recommended).toBeUndefined();
    const explodes = keeping(1.2).flow();
    expect(explodes.overall.decay?.rate).toBeCloseTo(1.2, 5);
    expect(explodes.recommended).toBeUndefined();
  });

  it("gradients that explode beyond float32's end", () => {
    const H = 4;
    const network = createNetwork({ cell: "elman", inputSize: 1, hiddenSize: H, outputSize: 1 });
    network
      .parameter("rnn.weight_hh_l0")
      .write(Array.from({ length: H * H }, (_, i) => (i % (H + 1) ? 0 : 3)));
    for (const name of ["bias_ih_l0", "bias_hh_l0"])
      network.parameter(`rnn.${name}`).write(new Float32Array(H));
    const steps = 200;
    const sequence = { steps, batch: 1, values: new Float32Array(steps) };
    const target = { values: new Float32Array(steps).fill(NaN, 0, steps - 1).fill(1, steps - 1) };
    const { decay } = gradientFlow(network, sequence, target).overall; // 3^80 is the last that fits
    expect(decay?.rate).toBeCloseTo(3, 4);
    expect(decay?.lags).toBeLessThan(90);
  });

  it("gradients that no step passes on", () => {
    const { overall, recommended } = keeping(0).flow();
    expect(overall.norms[0]).toBe(1);
    expect(overall.norms.slice(1).every((norm) => norm === 0)).toBe(true);
    expect(overall).toMatchObject({ decay: undefined, horizon: 0 });
    expect(recommended).toMatchObject({ k1: 1, k2: 2, predictedBias: 0 });
    // A sum over steps in another order.
    expect(recommended?.relativeBias).toBeLessThan(1e-6);
  });

  it("nothing in a sequence of one step", () => {
    const { network } = keeping(0.5);
    const one = { steps: 1, batch: 1, values: Float32Array.of(1) };
    const flow = gradientFlow(network, one, { values: Float32Array.of(3) });
    expect(flow.overall.norms).toHaveLength(1);
    expect(flow).toMatchObject({ truncations: [], recommended: undefined, overall: { decay: undefined } });
  });
});

describe("what is refused", () => {
  const sizes = { inputSize: 2, hiddenSize: 3, outputSize: 2 };
  const sequence = { steps: 3, batch: 1, tokens: Uint8Array.of(0, 1, 1) };
  const target = { classes: Int32Array.of(0, 1, 0) };
  const network = createNetwork(sizes);

  it("a bidirectional network, by name", () => {
    const both = createNetwork({ ...sizes, bidirectional: true });
    expect(() => gradientFlow(both, sequence, target)).toThrow(RangeError);
    expect(() => gradientFlow(both, sequence, target)).toThrow(/"network" .* got a bidirectional one/);
  });

  it("a sequence without targets", () => {
    const none = { classes: new Int32Array(3).fill(-1) };
    expect(() => gradientFlow(network, sequence, none)).toThrow(/"targets" expected at least one target/);
  });

  it.each([
    [{ losses: 0 }, /"options.losses" expected an integer of at least 1, got 0/],
    [{ losses: 1.5 }, /"options.losses"/],
    [{ tolerance: 0 }, /"options.tolerance" expected a finite number above 0, got 0/],
    [{ tolerance: NaN }, /"options.tolerance"/],
    [{ beyond: 1 }, /"options.beyond" .* below 1, got 1/],
    [{ seed: 0.5 }, /"options.seed"/],
    [{ state: { h: new Float32Array(2) } }, /"options.state.h" expected 3 values/],
  ])("%j", (options, message) => {
    const { reserved } = requireNetwork(network).model.engine.arena;
    expect(() => gradientFlow(network, sequence, target, options)).toThrow(message);
    expect(requireNetwork(network).model.engine.arena.reserved).toBe(reserved);
  });
});
