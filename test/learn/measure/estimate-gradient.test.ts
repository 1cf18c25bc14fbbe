import { describe, expect, it } from "vitest";
import { cells } from "../../../src/network/cells/by-name.js";
import { DisposedError } from "../../../src/errors.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import { estimateGradient } from "../../../src/learn/measure/estimate-gradient.js";
import { createLearner, type Learner } from "../../../src/learn/learner.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { requireNetwork } from "../../../src/network/network.js";
import type { Network, Sequence, State, Target } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { gradientBits } from "../../network/bits.js";
import { outputRowsOf } from "../../network/drawn.js";
import { kinds } from "../../network/kinds.js";
import { relativeError } from "../../oracle/compare.js";
import { oracleBackward, oracleForward } from "../../oracle/network.js";
import { reachOfRounding } from "../../oracle/conditioning.js";
import { modelOf, type OracleModel } from "../../oracle/model.js";

const T = 6;
const B = 2;

function floats(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

/** A sequence with lengths, one of every kind of target, and a state to start from. */
function drawn(network: Network, kind: "tokens" | "values") {
  const { options } = network;
  const { inputSize: I, outputSize, hiddenSize: H, layers, bidirectional, cell } = options;
  const D = bidirectional ? 2 : 1;
  const O = outputSize > 0 ? outputSize : D * H;
  const random = new Random(4);
  const sequence: Sequence = { steps: T, batch: B, lengths: Int32Array.of(T, T - 2) };
  if (kind === "values") sequence.values = floats(T * B * I, 5);
  else sequence.tokens = Uint8Array.from({ length: T * B }, () => random.integer(I));
  const rows = outputRowsOf({ ...options, steps: T, batch: B });
  const targets: Target[] = [
    { classes: Int32Array.from({ length: rows }, () => random.integer(O + 1) - 1) },
    { values: floats(rows * O, 6) },
    { gradient: floats(rows * O, 7) },
  ];
  const h = floats(layers * D * B * H, 8);
  const state: State = cells[cell].hasCellState ? { h, c: floats(h.length, 9) } : { h };
  return { sequence, targets, state };
}

const every = kinds.flatMap((kind) => kind.inputs.map((inputs) => ({ ...kind, inputs })));

describe.each(every)("a gradient of $name, from $inputs", ({ options, inputs }) => {
  const network = createNetwork(options);
  const { sequence, targets, state } = drawn(network, inputs);

  it.each(targets)("by bptt is the float64 oracle's, without dropout", (target) => {
    for (const reduction of ["mean", "sum"] as const) {
      const answersOf = (model: OracleModel) => {
        const { tape } = oracleForward(model, sequence, { state });
        return oracleBackward(model, tape, target, { reduction });
      };
      const model = modelOf(network);
      const expected = answersOf(model);
      const reach = reachOfRounding(model, (one) => answersOf(one).gradients);
      const { loss, gradients } = estimateGradient(network, sequence, target, bptt(), { state, reduction });
      if (target.gradient) expect(loss).toBeNaN();
      else expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5 * Math.max(1, expected.loss));
      expect([...gradients.keys()]).toEqual(network.parameters.map(({ name }) => name));
      for (const [name, gradient] of gradients) {
        expect(gradient).toBeInstanceOf(Float32Array);
        // Float32 sums over some 60 steps and elements.
        const exact = expected.gradients.get(name) ?? new Float64Array(0);
        const largest = exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        const most = 1e-5 + (reach.get(name) ?? 0) / largest;
        expect(relativeError(gradient, exact)).toBeLessThan(most);
      }
    }
  });

  it("leaves the network's gradients, parameters, tape and dropout as they are", () => {
    const [first] = targets;
    const marks = (): unknown => [
      gradientBits(network),
      network.parameters.map((parameter) => [...parameter.read()]),
      network.parameters.map(({ trainable }) => trainable),
    ];
    /** What a forward before the estimates leads to after them. */
    const goesOn = (estimates: readonly Target[]): unknown => {
      const copy = network.clone();
      const { outputs } = copy.forward(sequence, { training: true });
      for (const target of estimates) estimateGradient(copy, sequence, target, bptt());
      const result = copy.backward(first);
      const after = copy.forward(sequence, { training: true });
      const all = [[...outputs], result, gradientBits(copy), [...after.outputs]];
      copy.dispose();
      return all;
    };
    network.forward(sequence, { training: true });
    network.backward(first);
    const before = marks();
    const { reserved } = requireNetwork(network).model.engine.arena;
    for (const target of targets) estimateGradient(network, sequence, target, bptt(), { state });
    expect(marks()).toEqual(before);
    expect(requireNetwork(network).model.engine.arena.reserved).toBe(reserved);
    expect(goesOn(targets)).toEqual(goesOn([]));
  });
});

describe("a rule that yields several gradients", () => {
  const network = createNetwork({ cell: "lstm", inputSize: 3, hiddenSize: 4, outputSize: 3 });
  const { sequence, targets, state } = drawn(network, "values");

  it("is summed up, and divided by all targets for a mean", () => {
    for (const target of targets.slice(0, 2)) {
      const whole = estimateGradient(network, sequence, target, bptt(), { state });
      for (const k1 of [1, 2, 4]) {
        const cut = estimateGradient(network, sequence, target, tbptt({ k1, k2: T }), { state });
        expect(cut.loss).toBeCloseTo(whole.loss, 5);
        for (const [name, gradient] of cut.gradients)
          expect(relativeError(gradient, whole.gradients.get(name) ?? [])).toBeLessThan(1e-5);
      }
      const short = estimateGradient(network, sequence, target, tbptt({ k1: 1 }), { state });
      const name = "rnn.weight_hh_l0";
      expect(relativeError(short.gradients.get(name) ?? [], whole.gradients.get(name) ?? [])).toBeGreaterThan(
        0.01,
      );
    }
  });

  it("is of nothing without a target", () => {
    const { loss, gradients } = estimateGradient(
      network,
      sequence,
      { classes: new Int32Array(T * B).fill(-1) },
      tbptt({ k1: 2 }),
    );
    expect(loss).toBe(0);
    for (const gradient of gradients.values()) expect(gradient.every((x) => x === 0)).toBe(true);
  });
});

describe("what a rule is begun with", () => {
  const network = createNetwork({
    inputSize: 3,
    hiddenSize: 4,
    outputSize: 3,
    layers: 2,
    dropout: 0.5,
    seed: 12,
  });
  const { sequence, targets, state } = drawn(network, "tokens");
  network.parameter("rnn.bias_hh_l0").trainable = false;

  function seen(options?: Parameters<typeof estimateGradient>[4]) {
    const found: unknown[] = [];
    const spy = createLearner("spy", (context) => {
      const { parameters, options: given } = context.network;
      found.push({
        seed: context.seed,
        state: context.state,
        reduction: context.reduction,
        loss: context.loss,
        own: context.network === network,
        dropout: given.dropout,
        trainable: parameters.filter(({ trainable }) => !trainable).map(({ name }) => name),
      });
      return { window: () => [], end: () => [] };
    });
    expect(estimateGradient(network, sequence, targets[0], spy, options).loss).toBe(0);
    return found;
  }

  it("is a copy of the network, the seed, the state, and sums", () => {
    const common = {
      reduction: "sum",
      loss: undefined,
      own: false,
      dropout: 0,
      trainable: ["rnn.bias_hh_l0"],
    };
    expect(seen()).toEqual([{ ...common, seed: 12, state: undefined }]);
    expect(seen({ seed: -3, state, reduction: "mean" })).toEqual([{ ...common, seed: -3, state }]);
  });

  it("has no gradient where a parameter is not trained", () => {
    const { gradients } = estimateGradient(network, sequence, targets[0], bptt());
    expect(gradients.get("rnn.bias_hh_l0")?.every((x) => x === 0)).toBe(true);
    expect(gradients.get("rnn.bias_hh_l1")?.every((x) => x === 0)).toBe(false);
  });

  it("is disposed of with the run, where that fails too", () => {
    let disposed = 0;
    for (const window of [() => [], () => [{ loss: "no" }]]) {
      const kept = createLearner("kept", () => ({
        window: window as () => [],
        end: () => [],
        dispose: () => {
          disposed++;
        },
      }));
      try {
        estimateGradient(network, sequence, targets[0], kept);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }
    expect(disposed).toBe(2);
  });

  it("is given back where the rule fails", () => {
    const { arena } = requireNetwork(network).model.engine;
    const before = arena.reserved;
    const failing = createLearner("failing", () => {
      throw new Error("no");
    });
    expect(() => estimateGradient(network, sequence, targets[0], failing)).toThrow(/^no$/);
    const both = createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 3, bidirectional: true });
    const held = arena.reserved;
    expect(() => estimateGradient(both, sequence, targets[0], tbptt({ k1: 2 }))).toThrow(
      /"learner" expected bptt\(\) for a bidirectional network, got tbptt\(\)/,
    );
    expect(arena.reserved).toBe(held);
    both.dispose();
    expect(arena.reserved).toBe(before);
  });
});

describe("bad arguments", () => {
  const network = createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 3 });
  const { sequence, targets } = drawn(network, "values");
  const begun: unknown[] = [];
  const learner = createLearner("spy", (context) => {
    begun.push(context);
    return { window: () => [], end: () => [] };
  });
  const gone = network.clone();
  gone.dispose();

  const refused: [string, unknown[], typeof Error | typeof DisposedError, RegExp][] = [
    ["no network", [{}, sequence, targets[0], learner], TypeError, /^"network" expected a network/],
    ["one disposed of", [gone, sequence, targets[0], learner], DisposedError, /disposed of/],
    [
      "no sequence",
      [network, undefined, targets[0], learner],
      TypeError,
      /^"sequence" expected an object, got undefined/,
    ],
    [
      "no steps",
      [network, { ...sequence, steps: 0 }, targets[0], learner],
      RangeError,
      /^"sequence.steps" expected an integer from 1 to \d+, got 0/,
    ],
    [
      "no target",
      [network, sequence, {}, learner],
      TypeError,
      /^"targets" expected exactly one of .*, got none/,
    ],
    [
      "too few",
      [network, sequence, { classes: new Int32Array(3) }, learner],
      RangeError,
      /^"targets.classes" expected 12 values .*, got 3/,
    ],
    [
      "no learner",
      [network, sequence, targets[0], { name: "bptt" }],
      TypeError,
      /^"learner" expected one made by/,
    ],
    [
      "null",
      [network, sequence, targets[0], learner, null],
      TypeError,
      /^"options" expected an object, got null/,
    ],
    [
      "a state too short",
      [network, sequence, targets[0], learner, { state: { h: new Float32Array(3) } }],
      RangeError,
      /^"options.state.h" expected 8 values .*, got 3/,
    ],
    [
      "null for a seed",
      [network, sequence, targets[0], learner, { seed: null }],
      TypeError,
      /^"options.seed" expected an integer, got null/,
    ],
    [
      "half a seed",
      [network, sequence, targets[0], learner, { seed: 0.5 }],
      RangeError,
      /^"options.seed" expected an integer .*, got 0.5/,
    ],
    [
      "a median",
      [network, sequence, targets[0], learner, { reduction: "median" }],
      RangeError,
      /^"options.reduction" expected "mean" or "sum", got "median"/,
    ],
  ];
  it.each(refused)("%s", (_, given, type, message) => {
    const call = (): unknown => Reflect.apply(estimateGradient, undefined, given);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(begun).toHaveLength(0);
  });
});

describe("a rule of one's own, of public calls alone", () => {
  const whole: Learner = createLearner("whole", ({ network, reduction, state: first }) => {
    let state = first;
    let started = false;
    return {
      *window({ window: { inputs, targets }, carry }) {
        if (started && !carry) state = undefined;
        started = true;
        const run = network.forward(inputs, { state });
        const { loss, count } = network.backward(targets, { reduction });
        state = run.state;
        yield { loss, count, steps: inputs.steps * inputs.batch };
      },
      end: () => [],
    };
  });

  it("gives bptt's gradient, bit for bit", () => {
    const network = createNetwork({ cell: "gru", inputSize: 3, hiddenSize: 4, outputSize: 3 });
    const { sequence, targets, state } = drawn(network, "values");
    for (const target of targets.slice(0, 2)) {
      expect(estimateGradient(network, sequence, target, whole, { state })).toEqual(
        estimateGradient(network, sequence, target, bptt(), { state }),
      );
    }
  });
});
