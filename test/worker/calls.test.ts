/** Every call gives what it gives without a worker, and fails as it fails without one. */

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  adam,
  bptt,
  clipGradientNorm,
  clipGradientValue,
  compareLearners,
  createNetwork,
  DisposedError,
  estimateGradient,
  gradientFlow,
  evaluate,
  forecast,
  loadNetwork,
  predict,
  predictClasses,
  sample,
  saveNetwork,
  tbptt,
  uoro,
  type Network,
  type NetworkOptions,
  type Optimizer,
  type Session,
} from "../../src/index.js";
import type { NetworkWorker, RemoteNetwork, RemoteOptimizer, RemoteSession } from "../../src/worker/index.js";
import { engineFor } from "../../src/memory/engine.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { invoke } from "../network/untyped.js";
import { tokenWindows } from "../train/windows.js";
import { onThisThread, threads } from "./workers.js";

const V = 5;
const options: NetworkOptions = {
  cell: "lstm",
  inputSize: V,
  hiddenSize: 4,
  outputSize: V,
  layers: 2,
  dropout: 0.3,
  seed: 2,
};
const [window] = tokenWindows(1, { V, T: 6, B: 2 });
const { inputs, targets } = window;
const state = { h: new Float32Array(16).fill(0.25), c: new Float32Array(16).fill(-0.5) };
const resets = Uint8Array.from({ length: 12 }, (_, i) => Number(i % 5 === 3));
/** Sequences of 1 to 9 tokens, of each type that holds them. */
const items = [Uint8Array, Uint16Array, Int32Array].map((type, i) => ({
  tokens: new type(1 + 4 * i).map((_: number, t: number) => (t * t + i) % V),
}));
/** [T, I]. */
const history = Float32Array.from({ length: 3 * V }, (_, i) => ((i * 7) % 11) / 11 - 0.4);
const gradient = { gradient: new Float32Array(6 * 2 * V).fill(0.1) };

/** A network here and the same in a worker, each with a session and an optimizer. */
interface Pair {
  readonly local: { network: Network; session: Session; optimizer: Optimizer };
  readonly remote: { network: RemoteNetwork; session: RemoteSession; optimizer: RemoteOptimizer };
}

async function createPair(worker: NetworkWorker): Promise<Pair> {
  const network = createNetwork(options);
  const remote = await worker.createNetwork(options);
  return {
    local: { network, session: network.session(), optimizer: adam() },
    remote: {
      network: remote,
      session: await remote.session(),
      optimizer: await worker.createOptimizer({ type: "adam" }),
    },
  };
}

interface Call {
  readonly name: string;
  readonly here: (local: Pair["local"]) => unknown;
  readonly there: (remote: Pair["remote"], worker: NetworkWorker) => Promise<unknown>;
}

/** What a new network has, to tell one by. */
const infoOf = (network: Network | RemoteNetwork) => ({
  options: network.options,
  build: network.build,
  parameters: network.parameters.map(({ name, shape, trainable }) => ({ name, shape, trainable })),
});

/** What a measurement has but time. */
const untimed = (rows: ReturnType<typeof compareLearners>["learners"]) =>
  rows.map(({ name, measured, refused }) => ({ name, refused, ...measured, milliseconds: 0 }));

/** For the name of a test. */
const brief = (value: unknown): string =>
  value === undefined ? "undefined" : JSON.stringify(value).slice(0, 50);

const calls: readonly Call[] = [
  {
    name: "forward without a tape",
    here: ({ network }) => network.forward(inputs, { keepTape: false }),
    there: ({ network }) => network.forward(inputs, { keepTape: false }),
  },
  {
    name: "forward",
    here: ({ network }) => network.forward(inputs),
    there: ({ network }) => network.forward(inputs),
  },
  {
    name: "backward",
    here: ({ network }) => network.backward(targets),
    there: ({ network }) => network.backward(targets),
  },
  {
    name: "forward with a state and hidden states, for training",
    here: ({ network }) => network.forward(inputs, { state, hidden: true, training: true }),
    there: ({ network }) => network.forward(inputs, { state, hidden: true, training: true }),
  },
  {
    name: "forward of sequences that begin anew",
    here: ({ network }) => network.forward({ ...inputs, resets }),
    there: ({ network }) => network.forward({ ...inputs, resets }),
  },
  {
    name: "backward of a gradient, with a state's",
    here: ({ network }) => network.backward(gradient, { stateGradient: state, reduction: "sum" }),
    there: ({ network }) => network.backward(gradient, { stateGradient: state, reduction: "sum" }),
  },
  {
    name: "zeroGradients",
    here: ({ network }) => {
      network.zeroGradients();
    },
    there: ({ network }) => network.zeroGradients(),
  },
  {
    name: "clipGradientNorm",
    here: ({ network }) => clipGradientNorm(network, 0.1),
    there: ({ network }) => network.clipGradientNorm(0.1),
  },
  {
    name: "clipGradientValue",
    here: ({ network }) => {
      clipGradientValue(network, 0.01);
    },
    there: ({ network }) => network.clipGradientValue(0.01),
  },
  {
    name: "step of the optimizer",
    here: ({ network, optimizer }) => {
      optimizer.step(network);
    },
    there: ({ network, optimizer }) => optimizer.step(network),
  },
  {
    name: "reset of the optimizer",
    here: ({ optimizer }) => {
      optimizer.reset();
    },
    there: ({ optimizer }) => optimizer.reset(),
  },
  {
    name: "setLearningRate",
    here: ({ optimizer }) => {
      optimizer.learningRate = 0.02;
    },
    there: ({ optimizer }) => optimizer.setLearningRate(0.02),
  },
  {
    name: "clone",
    here: ({ network }) => infoOf(network.clone()),
    there: async ({ network }) => infoOf(await network.clone()),
  },
  {
    name: "save",
    here: ({ network }) => saveNetwork(network, { a: "b" }),
    there: ({ network }) => network.save({ a: "b" }),
  },
  {
    name: "save in half the size",
    here: ({ network }) => saveNetwork(network, { a: "b" }, { dtype: "F16" }),
    there: ({ network }) => network.save({ a: "b" }, { dtype: "F16" }),
  },
  {
    name: "loadNetwork",
    here: ({ network }) => infoOf(loadNetwork(saveNetwork(network))),
    there: async ({ network }, worker) => infoOf(await worker.loadNetwork(await network.save())),
  },
  {
    name: "evaluate",
    here: ({ network }) => evaluate(network, [window]),
    there: ({ network }) => network.evaluate([window]),
  },
  ...([{}, { batch: 2, activation: "softmax" }, { activation: "sigmoid" }] as const).map((how) => ({
    name: `predict with ${brief(how)}`,
    here: ({ network }: Pair["local"]) => predict(network, items, how),
    there: ({ network }: Pair["remote"]) => network.predict(items, how),
  })),
  {
    name: "predict of values",
    here: ({ network }) => predict(network, [{ steps: 3, values: history }]),
    there: ({ network }) => network.predict([{ steps: 3, values: history }]),
  },
  {
    name: "predict of nothing",
    here: ({ network }) => predict(network, []),
    there: ({ network }) => network.predict([]),
  },
  {
    name: "predictClasses",
    here: ({ network }) => predictClasses(network, items, { topK: 3, batch: 1 }),
    there: ({ network }) => network.predictClasses(items, { topK: 3, batch: 1 }),
  },
  ...[history, [...history]].map((series) => ({
    name: `forecast of ${series.constructor.name}`,
    here: ({ network }: Pair["local"]) => forecast(network, series, { steps: 4 }),
    there: ({ network }: Pair["remote"]) => network.forecast(series, { steps: 4 }),
  })),
  {
    name: "forecast by windows",
    here: ({ network }) => forecast(network, history, { steps: 4, window: 2 }),
    there: ({ network }) => network.forecast(history, { steps: 4, window: 2 }),
  },
  {
    name: "forecast of a session",
    here: ({ session }) => forecast(session, history, { steps: 4 }),
    there: ({ session }) => session.forecast(history, { steps: 4 }),
  },
  {
    name: "estimateGradient",
    here: ({ network }) => estimateGradient(network, inputs, targets, uoro(), { state, seed: 9 }),
    there: ({ network }) => network.estimateGradient(inputs, targets, { type: "uoro" }, { state, seed: 9 }),
  },
  {
    name: "compareLearners",
    here: ({ network }) =>
      untimed(compareLearners(network, inputs, targets, [tbptt({ k1: 2 }), bptt()], { draws: 2 }).learners),
    there: async ({ network }) => {
      const rules = [{ type: "tbptt", k1: 2 } as const, { type: "bptt" } as const];
      return untimed((await network.compareLearners(inputs, targets, rules, { draws: 2 })).learners);
    },
  },
  {
    name: "gradientFlow",
    here: ({ network }) => gradientFlow(network, inputs, targets, { state, losses: 3 }),
    there: ({ network }) => network.gradientFlow(inputs, targets, { state, losses: 3 }),
  },
  ...["head.weight", "rnn.weight_hh_l0"].flatMap((name) => [
    {
      name: `read of ${name}`,
      here: ({ network }: Pair["local"]) => network.parameter(name).read(),
      there: ({ network }: Pair["remote"]) => network.parameter(name).read(),
    },
    {
      name: `readGradient of ${name}`,
      here: ({ network }: Pair["local"]) => network.parameter(name).readGradient(),
      there: ({ network }: Pair["remote"]) => network.parameter(name).readGradient(),
    },
  ]),
  {
    name: "write of a list",
    here: ({ network }) => {
      network.parameter("head.bias").write([1, 2, 3, 4, 5]);
    },
    there: ({ network }) => network.parameter("head.bias").write([1, 2, 3, 4, 5]),
  },
  {
    name: "writeGradient of what is like an array",
    here: ({ network }) => {
      network.parameter("head.bias").writeGradient({ length: 5, 0: 1, 1: 1, 2: 1, 3: 1, 4: 7 });
    },
    there: ({ network }) =>
      network.parameter("head.bias").writeGradient({ length: 5, 0: 1, 1: 1, 2: 1, 3: 1, 4: 7 }),
  },
  {
    name: "write of 64-bit floats",
    here: ({ network }) => {
      network.parameter("head.bias").write(new Float64Array(5).fill(0.1));
    },
    there: ({ network }) => network.parameter("head.bias").write(new Float64Array(5).fill(0.1)),
  },
  ...[true, false].map((value) => ({
    name: `trainable = ${value}`,
    here: ({ network }: Pair["local"]) => {
      network.parameter("rnn.bias_hh_l1").trainable = value;
      return network.parameter("rnn.bias_hh_l1").trainable;
    },
    there: ({ network }: Pair["remote"]) => {
      network.parameter("rnn.bias_hh_l1").trainable = value;
      return Promise.resolve(network.parameter("rnn.bias_hh_l1").trainable);
    },
  })),
  {
    name: "step of a session",
    here: ({ session }) => session.step(3),
    there: ({ session }) => session.step(3),
  },
  {
    name: "sample",
    here: ({ session }) =>
      sample(session, { length: 6, prime: [1, 2], seed: 3, topK: 3, topP: 0.9, exclude: [0] }),
    there: ({ session }) =>
      session.sample({ length: 6, prime: [1, 2], seed: 3, topK: 3, topP: 0.9, exclude: [0] }),
  },
  {
    name: "a session's state",
    here: ({ session }) => session.state,
    there: ({ session }) => session.readState(),
  },
  {
    name: "a session's new state",
    here: ({ session }) => {
      session.state = { h: new Float32Array(8).fill(0.5), c: new Float32Array(8).fill(1) };
    },
    there: ({ session }) =>
      session.writeState({ h: new Float32Array(8).fill(0.5), c: new Float32Array(8).fill(1) }),
  },
  {
    name: "reset of a session",
    here: ({ session }) => {
      session.reset();
    },
    there: ({ session }) => session.reset(),
  },
  ...[Uint8Array.of(1), Uint8Array.of(0)].map((which) => ({
    name: `reset of a session's sequence: ${which.join()}`,
    here: ({ session }: Pair["local"]) => {
      session.reset(which);
    },
    there: ({ session }: Pair["remote"]) => session.reset(which),
  })),
];

/** What a caller who ignores the types passes. */
function ill(value: unknown): never {
  return value as never;
}

const wrongCalls: readonly Call[] = [
  ...[
    undefined,
    { ...inputs, tokens: Int32Array.of(1) },
    { ...inputs, tokens: [1, 2] },
    { ...inputs, steps: 0.5 },
    { ...inputs, tokens: new Uint8Array(12).fill(V) },
    { steps: 6, batch: 2, values: new Float64Array(60) },
  ].map((sequence) => ({
    name: `forward of ${brief(sequence)}`,
    here: ({ network }: Pair["local"]) => network.forward(ill(sequence)),
    there: ({ network }: Pair["remote"]) => network.forward(ill(sequence)),
  })),
  {
    name: "forward with a state that does not fit",
    here: ({ network }) => network.forward(inputs, { state: { h: state.h } }),
    there: ({ network }) => network.forward(inputs, { state: { h: state.h } }),
  },
  {
    name: "backward without a forward",
    here: ({ network }) => network.clone().backward(targets),
    there: async ({ network }) => (await network.clone()).backward(targets),
  },
  {
    name: "an unknown parameter",
    here: ({ network }) => network.parameter("head.wait"),
    there: async ({ network }) => Promise.resolve(network.parameter("head.wait")),
  },
  ...[null, 3, [1, 2], { length: 5 }, ["1", 2, 3, 4, 5], new Float32Array(4)].map((values) => ({
    name: `write of ${JSON.stringify(values)}`,
    here: ({ network }: Pair["local"]) => {
      network.parameter("head.bias").write(ill(values));
    },
    there: ({ network }: Pair["remote"]) => network.parameter("head.bias").write(ill(values)),
  })),
  {
    name: "trainable that is no boolean",
    here: ({ network }) => {
      network.parameter("head.bias").trainable = ill("yes");
    },
    there: async ({ network }) => {
      network.parameter("head.bias").trainable = ill("yes");
      return Promise.resolve();
    },
  },
  {
    name: "save with a key of the library's",
    here: ({ network }) => saveNetwork(network, { "bptt.options": "" }),
    there: ({ network }) => network.save({ "bptt.options": "" }),
  },
  {
    name: "save as another type",
    here: ({ network }) => invoke({ saveNetwork }, "saveNetwork", network, {}, { dtype: "BF16" }),
    there: async ({ network }) => await invoke(network, "save", {}, { dtype: "BF16" }),
  },
  {
    name: "loadNetwork of something else",
    here: () => loadNetwork(Uint8Array.of(1, 2, 3)),
    there: (_, worker) => worker.loadNetwork(Uint8Array.of(1, 2, 3)),
  },
  ...[{}, { ...options, cell: "lstn" }, { ...options, hiddenSize: 1 << 30 }].map((given) => ({
    name: `createNetwork of ${JSON.stringify(given)}`,
    here: () => createNetwork(ill(given)),
    there: (_: unknown, worker: NetworkWorker) => worker.createNetwork(ill(given)),
  })),
  ...["fast", 3].map((build) => ({
    name: `createNetwork in the build ${build}`,
    here: () => createNetwork(options, { build: ill(build) }),
    there: (_: unknown, worker: NetworkWorker) => worker.createNetwork(options, { build: ill(build) }),
  })),
  {
    name: "createOptimizer without a learning rate below",
    here: () => adam({ learningRate: -1 }),
    there: (_, worker) => worker.createOptimizer({ type: "adam", learningRate: -1 }),
  },
  {
    name: "setLearningRate of no number",
    here: ({ optimizer }) => {
      optimizer.learningRate = ill("1");
    },
    there: ({ optimizer }) => optimizer.setLearningRate(ill("1")),
  },
  {
    name: "clipGradientNorm of no limit",
    here: ({ network }) => clipGradientNorm(network, -1),
    there: ({ network }) => network.clipGradientNorm(-1),
  },
  ...[V, 0.5, new Int32Array(2), new Float32Array(2)].map((input) => ({
    name: `step of ${String(input)}`,
    here: ({ session }: Pair["local"]) => session.step(input),
    there: ({ session }: Pair["remote"]) => session.step(input),
  })),
  ...[
    undefined,
    { length: -1 },
    { length: 1, prime: [V] },
    { length: 1, exclude: [V] },
    { length: 1, topP: 2 },
  ].map((given) => ({
    name: `sample of ${JSON.stringify(given)}`,
    here: ({ session }: Pair["local"]) => sample(session, ill(given)),
    there: ({ session }: Pair["remote"]) => session.sample(ill(given)),
  })),
  ...[undefined, { h: new Float32Array(8) }].map((given) => ({
    name: `a session's state of ${brief(given)}`,
    here: ({ session }: Pair["local"]) => {
      session.state = ill(given);
    },
    there: ({ session }: Pair["remote"]) => session.writeState(ill(given)),
  })),
  ...[
    undefined,
    "01",
    new Uint8Array(2),
    [undefined],
    [items[0], {}],
    [{ tokens: Uint8Array.of(V) }],
    [{ tokens: [1] }],
    [{ steps: 2, values: history }],
    [items[0], { steps: 3, values: history }],
  ].map((given) => ({
    name: `predict of ${brief(given)}`,
    here: ({ network }: Pair["local"]) => predict(network, ill(given)),
    there: ({ network }: Pair["remote"]) => network.predict(ill(given)),
  })),
  ...[null, 3, { batch: 0 }, { activation: "tanh" }, { topK: 1 }].map((how) => ({
    name: `predict with ${brief(how)}`,
    here: ({ network }: Pair["local"]) => predict(network, items, ill(how)),
    there: ({ network }: Pair["remote"]) => network.predict(items, ill(how)),
  })),
  ...[{ topK: V + 1 }, { topK: 0.5 }, { activation: "softmax" }].map((how) => ({
    name: `predictClasses with ${brief(how)}`,
    here: ({ network }: Pair["local"]) => predictClasses(network, items, ill(how)),
    there: ({ network }: Pair["remote"]) => network.predictClasses(items, ill(how)),
  })),
  ...[
    undefined,
    [],
    [1, 2],
    new Float32Array(V).fill(NaN),
    new Uint8Array(V),
    ["1", 2, 3, 4, 5],
    [0, 0, 0, 0, 1e39],
  ].map((series) => ({
    name: `forecast of ${brief(series)}`,
    here: ({ network }: Pair["local"]) => forecast(network, ill(series), { steps: 1 }),
    there: ({ network }: Pair["remote"]) => network.forecast(ill(series), { steps: 1 }),
  })),
  ...[
    undefined,
    {},
    { steps: 0 },
    { steps: 1, levels: [0.5, 2] },
    { steps: 1, window: 4 },
    { steps: 1, next: 3 },
  ].map((how) => ({
    name: `forecast with ${brief(how)}`,
    here: ({ network }: Pair["local"]) => forecast(network, history, ill(how)),
    there: ({ network }: Pair["remote"]) => network.forecast(history, ill(how)),
  })),
  {
    name: "forecast of a session by windows",
    here: ({ session }) => forecast(session, history, { steps: 1, window: 2 }),
    there: ({ session }) => session.forecast(history, { steps: 1, window: 2 }),
  },
  ...[3, "mean", [1]].map((how) => ({
    name: `forward with ${brief(how)} for options`,
    here: ({ network }: Pair["local"]) => network.forward(inputs, ill(how)),
    there: ({ network }: Pair["remote"]) => network.forward(inputs, ill(how)),
  })),
  {
    name: "evaluate without windows",
    here: ({ network }) => evaluate(network, []),
    there: ({ network }) => network.evaluate([]),
  },
  ...[undefined, { inputs }, { inputs, targets: {} }].map((given) => ({
    name: `evaluate of ${brief(given)}`,
    here: ({ network }: Pair["local"]) => evaluate(network, ill([given])),
    there: ({ network }: Pair["remote"]) => network.evaluate(ill([given])),
  })),
  {
    name: "estimateGradient of a rule that does not fit",
    here: ({ network }) => estimateGradient(network, inputs, targets, tbptt({ k1: 0 })),
    there: ({ network }) => network.estimateGradient(inputs, targets, { type: "tbptt", k1: 0 }),
  },
];

async function everything({ network, session }: Pair["remote"]): Promise<unknown> {
  const values = network.parameters.flatMap((parameter) => [parameter.read(), parameter.readGradient()]);
  return [...(await Promise.all(values)), await session.readState()];
}

/** What a call came to: what it gave, or all that an error is told by but the memory in use. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return { gave: await run() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return {
      failed: error.constructor,
      name: error.name,
      message: error.message.replace(/\d+ of at most/, "… of at most"),
    };
  }
}

describe.each(threads)("in %s", (_, start) => {
  let worker: NetworkWorker;
  let pair: Pair;
  beforeAll(async () => {
    worker = await start();
    pair = await createPair(worker);
  });
  afterAll(() => worker.terminate());

  it.each(calls)("$name gives the same", async ({ here, there }) => {
    const expected = await outcome(() => here(pair.local));
    expect(expected).toHaveProperty("gave");
    expect(await outcome(() => there(pair.remote, worker))).toEqual(expected);
  });

  it.each(wrongCalls)("$name fails the same, and changes nothing", async ({ here, there }) => {
    const before = await everything(pair.remote);
    const expected = await outcome(() => here(pair.local));
    expect(expected).toHaveProperty("failed");
    expect(await outcome(() => there(pair.remote, worker))).toEqual(expected);
    expect(await everything(pair.remote)).toEqual(before);
  });

  it.each<[string, (pair: Pair["remote"]) => Promise<unknown>]>([
    ["options.next", ({ network }) => network.forecast(history, ill({ steps: 2, next: () => history }))],
    ["options.next", ({ session }) => session.forecast(history, ill({ steps: 2, next: () => history }))],
    [
      "history",
      ({ network }) =>
        network.forecast(
          ill(() => history),
          { steps: 2 },
        ),
    ],
    ["items", ({ network }) => network.predict(ill(() => items))],
    ["items[1]", ({ network }) => network.predictClasses([items[0], ill(() => items)])],
    ["items[0].tokens", ({ network }) => network.predict([ill({ tokens: () => 1 })])],
  ])("functions cannot cross: %s", async (name, run) => {
    const before = await everything(pair.remote);
    const message = `"${name}" expected what can go to a worker, got a function`;
    const error: unknown = await run(pair.remote).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message });
    expect(await everything(pair.remote)).toEqual(before);
  });

  it("any calls in any order come to the same", async () => {
    const anyCalls = fc.array(fc.constantFrom(...calls, ...wrongCalls), { minLength: 1, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(anyCalls, async (chosen) => {
        const fresh = await createPair(worker);
        // All at once: they are answered in their order. Only an evaluation takes turns with those that follow.
        const came: Promise<unknown>[] = [];
        for (const { name, there } of chosen) {
          const answer = outcome(() => there(fresh.remote, worker));
          came.push(answer);
          if (name.startsWith("evaluate")) await answer;
        }
        for (const [i, { name, here }] of chosen.entries())
          expect(await came[i], name).toEqual(await outcome(() => here(fresh.local)));
        for (const { network, session } of [fresh.local, fresh.remote]) {
          session.dispose();
          network.dispose();
        }
        fresh.remote.optimizer.dispose();
      }),
      { numRuns: 20 },
    );
  });
});

describe("what was disposed of", () => {
  it("rejects with a DisposedError, and gives its memory back in the worker", async () => {
    const { arena } = engineFor();
    const worker = await startWorker({ worker: onThisThread });
    const reserved: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { local, remote } = await createPair(worker);
      local.network.dispose();
      await remote.network.forward(inputs);
      await remote.network.backward(targets);
      await remote.optimizer.step(remote.network);
      const clone = await remote.network.clone();
      for (const kept of [remote.session, remote.optimizer, remote.network, clone]) kept.dispose();
      remote.network.dispose();
      await worker.createOptimizer({ type: "adam" });
      reserved.push(arena.reserved);
      const rejections = [
        remote.network.forward(inputs),
        remote.network.session(),
        remote.session.step(1),
        remote.optimizer.reset(),
        clone.save(),
        clone.parameters[0].read(),
      ];
      for (const rejection of rejections) await expect(rejection).rejects.toThrow(DisposedError);
      expect(() => remote.network.parameter("head.bias")).toThrow(DisposedError);
      expect(() => remote.network.train([window], { optimizer: { type: "adam" } })).toThrow(DisposedError);
    }
    expect(new Set(reserved).size, reserved.join()).toBe(1);
    await worker.terminate();
  });
});
