import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adam,
  artbp,
  bptt,
  createNetwork,
  diagonalRtrl,
  DisposedError,
  DivergenceError,
  estimateGradient,
  onlineSession,
  rtrl,
  sgd,
  snap1,
  tbptt,
  train,
  uoro,
  type Network,
  type NetworkOptions,
  type OnlineSession,
  type OnlineSessionOptions,
  type TrainingWindow,
} from "../../src/index.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { onlineRules } from "../learn/online/rules.js";

const shape: NetworkOptions = { cell: "gru", inputSize: 5, hiddenSize: 6, outputSize: 4, seed: 3 };
const lstm: NetworkOptions = { ...shape, cell: "lstm", layers: 2, dropout: 0.3 };

/** A stream of single steps: tokens and classes, every fourth of them none. */
function stream(steps: number, batch = 1, seed = 4): { tokens: Int32Array; classes: Int32Array }[] {
  const random = new Random(seed);
  return Array.from({ length: steps }, () => ({
    tokens: Int32Array.from({ length: batch }, () => random.integer(5)),
    classes: Int32Array.from({ length: batch }, () => random.integer(5) - 1),
  }));
}

function asWindows(
  steps: ReturnType<typeof stream>,
  resets: readonly (Uint8Array | undefined)[] = [],
): TrainingWindow[] {
  return steps.map(({ tokens, classes }, t) => ({
    inputs: { steps: 1, batch: tokens.length, tokens, ...(resets[t] && { resets: resets[t] }) },
    targets: { classes },
    carry: t > 0,
  }));
}

const valuesOf = (network: Network): number[][] => network.parameters.map((one) => [...one.read()]);
const gradientsOf = (network: Network): number[][] =>
  network.parameters.map((one) => [...one.readGradient()]);

/** All that a call could change. */
function snapshot(session: OnlineSession): unknown {
  const { network, steps, updates, state } = session;
  return {
    steps,
    updates,
    state,
    values: valuesOf(network),
    file: Buffer.from(session.save()).toString("base64"),
  };
}

describe.each(builds)("a session that learns, %s", (build) => {
  it.each(onlineRules.flatMap((rule) => [shape, lstm].map((options) => ({ ...rule, options }))))(
    "$name: learns as train does from windows of one step, bit for bit, $options.cell",
    async ({ learner, options }) => {
      for (const updateEvery of [1, 3]) {
        using trained = createNetwork(options, { build });
        using network = createNetwork(options, { build });
        const steps = stream(20, 2);
        const limits = {
          learner,
          updateEvery,
          clipNorm: 0.5,
          clipValue: 0.2,
          schedule: (n: number) => 0.1 / (n + 1),
        };
        const losses: number[] = [];
        const training = train(trained, asWindows(steps), { ...limits, optimizer: adam(), maxSteps: 6 });
        for await (const { loss } of training) losses.push(loss);
        using session = onlineSession(network, { ...limits, optimizer: adam(), batch: 2 });
        const learned = steps
          .slice(0, 6 * updateEvery)
          .map(({ tokens, classes }) => session.learn(tokens, classes));
        expect(valuesOf(network)).toEqual(valuesOf(trained));
        expect(session.updates).toBe(6);
        expect(session.steps).toBe(6 * updateEvery);
        const means = losses.map((_, i) => {
          const parts = learned.slice(i * updateEvery, (i + 1) * updateEvery);
          const count = parts.reduce((sum, part) => sum + part.count, 0);
          return parts.reduce((sum, part) => sum + part.loss * part.count, 0) / Math.max(1, count);
        });
        means.forEach((mean, i) => {
          expect(mean).toBeCloseTo(losses[i], 12); // the same terms in float64, added up in another order
        });
      }
    },
  );

  it.each(onlineRules.flatMap((rule) => [shape, lstm].map((options) => ({ ...rule, options }))))(
    "$name: sequences begin anew as in windows with resets, bit for bit, $options.cell",
    async ({ learner, options }) => {
      using trained = createNetwork(options, { build });
      using network = createNetwork(options, { build });
      using other = createNetwork(options, { build });
      const steps = stream(12, 3);
      const resets = [3, 4, 8].reduce<(Uint8Array | undefined)[]>((all, t, i) => {
        all[t] = Uint8Array.of(Number(i === 1), 1, 0);
        return all;
      }, []);
      const given = { learner, clipNorm: 0.5 };
      const training = train(trained, asWindows(steps, resets), {
        ...given,
        updateEvery: 1,
        optimizer: sgd({ learningRate: 0.1 }),
      });
      for await (const event of training) expect(event.loss).toBeGreaterThanOrEqual(0);
      using session = onlineSession(network, { ...given, optimizer: sgd({ learningRate: 0.1 }), batch: 3 });
      using resumed = onlineSession(other, { ...given, optimizer: sgd({ learningRate: 0.1 }), batch: 3 });
      steps.forEach(({ tokens, classes }, t) => {
        const which = resets[t];
        if (which !== undefined) {
          const before = session.state;
          session.reset(which);
          const kept = (all: Float32Array): Float32Array =>
            all.map((x, i) => (which[Math.floor(i / 6) % 3] === 1 ? 0 : x));
          expect(session.state.h).toEqual(kept(before.h));
          if (before.c) expect(session.state.c).toEqual(kept(before.c));
          // What was forgotten is forgotten in the file too.
          for (const parameter of network.parameters) other.parameter(parameter.name).write(parameter.read());
          resumed.restore(session.save());
          expect(resumed.state).toEqual(session.state);
        }
        const learned = session.learn(tokens, classes);
        if (which !== undefined) expect(resumed.learn(tokens, classes)).toEqual(learned);
      });
      expect(valuesOf(network)).toEqual(valuesOf(trained));
    },
  );

  it("diagonalRtrl learns, saves and restores too", () => {
    const options: NetworkOptions = { ...shape, cell: "mingru" };
    using network = createNetwork(options, { build });
    using other = createNetwork(options, { build });
    const [session, resumed] = [network, other].map((one) =>
      onlineSession(one, { learner: diagonalRtrl(), optimizer: sgd({ learningRate: 0 }), updateEvery: 4 }),
    );
    for (let t = 0; t < 5; t++) session.learn(t, t % 4);
    resumed.restore(session.save());
    for (let t = 0; t < 3; t++) expect(resumed.learn(t, t % 4)).toEqual(session.learn(t, t % 4));
    expect(gradientsOf(other)).toEqual(gradientsOf(network));
  });

  it.each(onlineRules)("$name: with a rate of 0 its gradient is estimateGradient's", ({ learner }) => {
    using network = createNetwork(shape, { build });
    const steps = stream(9, 2);
    using session = onlineSession(network, {
      learner,
      optimizer: sgd({ learningRate: 0 }),
      updateEvery: 9,
      batch: 2,
    });
    for (const { tokens, classes } of steps) session.learn(tokens, classes);
    expect(session.updates).toBe(1);
    const all = (key: "tokens" | "classes") => Int32Array.of(...steps.flatMap((step) => [...step[key]]));
    // Blocks of a session are of one step.
    const single = learner.name === "uoro" ? uoro() : learner;
    const { gradients } = estimateGradient(
      network,
      { steps: 9, batch: 2, tokens: all("tokens") },
      { classes: all("classes") },
      single,
    );
    for (const parameter of network.parameters) {
      const expected = gradients.get(parameter.name) ?? new Float32Array();
      const most = Math.max(...expected.map(Math.abs));
      // Scaled once or in 18 parts, and blocks of rtrl cut at other places: a few roundings of the largest.
      parameter.readGradient().forEach((g, i) => {
        expect(Math.abs(g - expected[i])).toBeLessThanOrEqual(3e-6 * most);
      });
    }
  });

  it.each(onlineRules)(
    "$name: step is learn without a target, and no step towards an update",
    ({ learner }) => {
      using a = createNetwork(lstm, { build });
      using b = createNetwork(lstm, { build });
      const options = (): OnlineSessionOptions => ({
        learner,
        optimizer: sgd({ learningRate: 0 }),
        updateEvery: 3,
      });
      using learns = onlineSession(a, options());
      using steps = onlineSession(b, options());
      for (const [t, { tokens, classes }] of stream(12).entries()) {
        const target = t % 4 === 3 ? classes : Int32Array.of(-1);
        const { outputs } = learns.learn(tokens, target);
        expect(t % 4 === 3 ? steps.learn(tokens, target).outputs : steps.step(tokens)).toEqual(outputs);
        expect(steps.state).toEqual(learns.state);
      }
      expect([learns.updates, steps.updates, steps.steps]).toEqual([4, 1, 12]);
    },
  );

  it("says what the network said before it learned", () => {
    using network = createNetwork(shape, { build });
    using session = onlineSession(network, { learner: uoro(), optimizer: sgd({ learningRate: 1 }) });
    const before = network.clone().session().step(2);
    const out = new Float32Array(4);
    const { outputs, loss, count } = session.learn(2, 1, out);
    expect(outputs).toBe(out);
    expect([...out]).toEqual([...before]);
    expect(count).toBe(1);
    using other = createNetwork(shape, { build });
    other.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(2) });
    expect(loss).toBe(other.backward({ classes: Int32Array.of(1) }).loss);
  });

  it("learns what comes next in a stream that repeats", () => {
    using network = createNetwork({ ...shape, outputSize: 5 }, { build });
    using session = onlineSession(network, {
      learner: uoro(),
      optimizer: adam({ learningRate: 0.01 }),
      clipNorm: 1,
    });
    const cycle = [0, 3, 1, 4, 2];
    const mean = (count: number): number => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += session.learn(cycle[t % 5], cycle[(t + 1) % 5]).loss;
      return sum / count;
    };
    const first = mean(100);
    mean(500);
    expect(mean(100)).toBeLessThan(first / 4);
  });
});

describe("targets", () => {
  const options: NetworkOptions = { ...shape, inputSize: 3, outputSize: 2 };
  const x = Float32Array.of(0.1, -0.2, 0.3);
  const start = (network: Network, given: Partial<OnlineSessionOptions> = {}) =>
    onlineSession(network, { learner: uoro(), optimizer: sgd({ learningRate: 0.1 }), ...given });

  it("come as a class, an array, or an object: all the same", () => {
    const classes = Int32Array.of(1);
    const values = Float32Array.of(1, NaN);
    const groups = [
      [1, classes, { classes }],
      [values, { values }],
      [-1, Int32Array.of(-1), { classes: Int32Array.of(-1) }],
    ];
    for (const group of groups) {
      const results = group.map((target) => {
        using network = createNetwork(options);
        const { loss, count, outputs } = start(network).learn(x, target);
        return { loss, count, outputs, values: valuesOf(network) };
      });
      for (const result of results) expect(result).toEqual(results[0]);
    }
  });

  it("of values give the mean of squares, of a gradient no loss, of none 0", () => {
    using network = createNetwork(options);
    using session = start(network);
    const { outputs } = network.forward({ steps: 1, batch: 1, values: x });
    const { loss, count } = session.learn(x, Float32Array.of(1, NaN));
    expect(count).toBe(1);
    expect(loss).toBeCloseTo((outputs[0] - 1) ** 2, 6); // in float32 there
    expect(session.learn(x, { gradient: Float32Array.of(0.1, 0) })).toMatchObject({ loss: NaN, count: 2 });
    expect(session.learn(x, -1)).toMatchObject({ loss: 0, count: 0 });
  });

  it("of one update are of one kind; those without a target are of any", () => {
    using network = createNetwork(options);
    using session = start(network, { updateEvery: 3 });
    session.learn(x, -1);
    session.learn(x, Float32Array.of(1, 2));
    expect(() => session.learn(x, 1)).toThrow(
      `"target" expected values, as in the steps before that the next update is made of, got classes`,
    );
    session.learn(x, -1);
    session.learn(x, 1);
    expect(session.updates).toBe(1);
  });

  it("of a network without a head, or with one output, are values", () => {
    using one = createNetwork({ ...options, outputSize: 1 });
    expect(() => start(one).learn(x, 0)).toThrow(
      `"target" expected a Float32Array for a network of one output`,
    );
    expect(start(one).learn(x, Float32Array.of(1)).count).toBe(1);
    using none = createNetwork({ ...options, outputSize: 0 });
    expect(start(none).learn(x, new Float32Array(6)).outputs).toHaveLength(6);
  });
});

describe("the state", () => {
  it("begins where it is told, and is a copy", () => {
    using network = createNetwork(lstm);
    const random = new Random(1);
    const h = Float32Array.from({ length: 2 * 3 * 6 }, () => random.normal() / 2);
    const given = { h, c: h.map((x) => x / 2) };
    const expected = structuredClone(given);
    using session = onlineSession(network, { learner: uoro(), optimizer: adam(), state: given });
    expect(session.batch).toBe(3);
    h.fill(9);
    session.state.h.fill(9);
    expect(session.state).toEqual(expected);
    session.step(Uint8Array.of(1, 2, 3));
    expect(session.state).not.toEqual(expected);
    session.state = expected;
    expect(session.state).toEqual(expected);
    session.reset();
    expect(session.state).toEqual({ h: new Float32Array(36), c: new Float32Array(36) });
  });

  it("that was reset leaves nothing of the past in the gradient", () => {
    const steps = stream(6);
    const after = (begin: (session: OnlineSession) => void): number[][] => {
      using network = createNetwork(shape);
      using session = onlineSession(network, {
        learner: rtrl(),
        optimizer: sgd({ learningRate: 0 }),
      });
      begin(session);
      for (const { tokens, classes } of steps.slice(4)) session.learn(tokens, classes);
      return gradientsOf(network);
    };
    const past = (session: OnlineSession): void => {
      for (const { tokens, classes } of steps.slice(0, 4)) session.learn(tokens, classes);
    };
    const fresh = after(() => undefined);
    expect(after(past)).not.toEqual(fresh);
    const resets = (session: OnlineSession): void => {
      past(session);
      session.reset();
    };
    const sets = (session: OnlineSession): void => {
      past(session);
      session.state = { h: new Float32Array(6) };
    };
    const some = (session: OnlineSession): void => {
      past(session);
      session.reset(Uint8Array.of(1));
    };
    expect(after(resets)).toEqual(fresh);
    expect(after(some)).toEqual(fresh);
    expect(after(sets)).toEqual(fresh);
  });

  it("keeps to one kind of input until the sequence ends", () => {
    using network = createNetwork(shape);
    using session = onlineSession(network, { learner: uoro(), optimizer: adam() });
    session.learn(1, 2);
    expect(() => session.step(new Float32Array(5))).toThrow(
      `"input" expected tokens, as in the steps before, got values: reset() begins a new sequence`,
    );
    session.reset();
    expect(session.learn(new Float32Array(5), 2).count).toBe(1);
  });
});

describe("what cannot be", () => {
  it.each([bptt(), tbptt({ k1: 2 }), artbp({ meanLength: 3 })])("$name is refused by name", (learner) => {
    using network = createNetwork(shape);
    const start = () => onlineSession(network, { learner, optimizer: adam() });
    expect(start).toThrow(RangeError);
    expect(start).toThrow(
      `for a session, got ${learner.name}: it needs several steps at a time, which train() takes`,
    );
  });

  it("a network that reads both ways, or with an embedding under a factored rule", () => {
    using both = createNetwork({ ...shape, bidirectional: true });
    using embedded = createNetwork({ ...shape, embeddingSize: 3 });
    for (const { learner } of onlineRules)
      expect(() => onlineSession(both, { learner, optimizer: adam() })).toThrow(/bidirectional/);
    expect(() => onlineSession(embedded, { learner: snap1(), optimizer: adam() })).toThrow(/embedding/);
  });

  it.each([
    [{ updateEvery: 0 }, `"updateEvery" expected an integer of at least 1, got 0`],
    [{ batch: 0 }, `"options.batch" expected an integer`],
    [{ clipNorm: 0 }, `"clipNorm" expected a finite number above 0`],
    [{ clipValue: -1 }, `"clipValue" expected a finite number above 0`],
    [{ seed: 0.5 }, `"seed" expected an integer`],
    [{ schedule: 3 }, `"schedule" expected a function`],
    [{ updateEvery: null }, `"updateEvery" expected an integer, got null`],
    [{ seed: null }, `"seed" expected an integer, got null`],
    [{ optimizer: {} }, `"optimizer" expected an optimizer`],
    [{ learner: {} }, `"learner" expected one made by`],
    [{ state: { h: new Float32Array(5) } }, `"options.state.h" expected 6 values`],
  ])("%o", (given, message) => {
    using network = createNetwork(shape);
    const options = { learner: uoro(), optimizer: adam(), ...given } as OnlineSessionOptions;
    expect(() => onlineSession(network, options)).toThrow(message);
  });

  it("a step after dispose, of the session or of its network; disposing again does nothing", () => {
    const network = createNetwork(shape);
    const session = onlineSession(network, { learner: uoro(), optimizer: adam() });
    const other = onlineSession(network, { learner: uoro(), optimizer: sgd({ learningRate: 1 }) });
    session.learn(1, 1);
    session.dispose();
    session.dispose();
    const calls: ((one: OnlineSession) => unknown)[] = [
      (one) => one.learn(1, 1),
      (one) => one.step(1),
      (one) => one.save(),
      (one) => one.state,
      (one) => (one.state = { h: new Float32Array(6) }),
    ];
    for (const call of calls) expect(() => call(session)).toThrow(DisposedError);
    expect(() => {
      session.reset();
    }).toThrow(DisposedError);
    network.dispose();
    for (const call of calls) expect(() => call(other)).toThrow(DisposedError);
  });

  it("an optimizer of another network: at the first update, nothing changed", () => {
    using network = createNetwork(shape);
    using other = createNetwork(shape);
    const optimizer = adam();
    optimizer.step(other);
    using session = onlineSession(network, { learner: uoro(), optimizer });
    expect(() => session.learn(1, 1)).toThrow(/"network" expected the network of the optimizer's first step/);
    expect([session.steps, session.updates]).toEqual([0, 0]);
  });

  it("the learning rate, which a schedule gives to an update that is made", () => {
    using network = createNetwork(shape);
    const optimizer = adam({ learningRate: 0.5 });
    using session = onlineSession(network, { learner: uoro(), optimizer, schedule: (n) => 1 / (n + 10) });
    expect(() => session.learn(new Float32Array(1), 1)).toThrow();
    const head = network.parameter("head.weight");
    const weights = head.read();
    head.write(weights.map(() => 3e38));
    expect(() => session.learn(1, { gradient: new Float32Array(4).fill(1) })).toThrow(DivergenceError);
    head.write(weights);
    expect(optimizer.learningRate).toBe(0.5);
    session.learn(1, 1);
    expect(optimizer.learningRate).toBe(0.1);
  });
});

describe("a call that fails changes nothing", () => {
  const start = (network: Network, updateEvery = 2) =>
    onlineSession(network, { learner: uoro(), optimizer: adam({ learningRate: 0.1 }), updateEvery });

  it("whatever its arguments are", () => {
    using network = createNetwork(lstm);
    using session = start(network);
    session.learn(1, 1);
    session.learn(2, 3);
    session.learn(2, 3);
    const before = snapshot(session);
    const wrong = fc.oneof(
      fc.constantFrom(null, undefined, "1", true, {}, [], new Float64Array(4), new BigInt64Array(1)),
      fc.integer({ min: 5 }),
      fc.integer({ max: -2 }),
      fc.double().filter((x) => !Number.isInteger(x)),
      fc
        .array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 })
        .filter((x) => x.length !== 1)
        .map((x) => Int32Array.from(x)),
      fc.constantFrom(Int32Array.of(7), Int32Array.of(-2), new Float32Array(3)),
    );
    const learn = (input: unknown, target: unknown, out?: unknown) =>
      session.learn(input as number, target as number, out as Float32Array);
    fc.assert(
      fc.property(wrong, (value) => {
        expect(() => learn(value, 1)).toThrow(/^"input" expected/);
        expect(() => learn(1, value)).toThrow(/^"targets?(\.\w+)?" expected/);
        expect(() => session.step(value as number)).toThrow(/^"input" expected/);
        if (value !== undefined) expect(() => learn(1, 1, value)).toThrow(/^"out" expected/);
      }),
      { numRuns: 60 },
    );
    expect(snapshot(session)).toEqual(before);
  });

  it.each([Infinity, NaN])("a loss that is not finite: %s", (bad) => {
    const options: NetworkOptions = { ...lstm, inputSize: 2 };
    using network = createNetwork(options);
    using expected = createNetwork(options);
    const sessions = [network, expected].map((one) => start(one));
    const x = Float32Array.of(0.5, -1);
    for (const session of sessions) session.learn(x, 1);
    const before = snapshot(sessions[0]);
    const bias = network.parameter("head.bias");
    const saved = bias.read();
    bias.write(saved.map(() => bad));
    let thrown: unknown;
    try {
      sessions[0].learn(x, 2);
    } catch (error) {
      thrown = error;
    }
    bias.write(saved);
    expect(thrown).toBeInstanceOf(DivergenceError);
    expect(String(thrown)).toMatch(/the loss was NaN.*The parameters are as before/);
    expect(snapshot(sessions[0])).toEqual(before);
    for (const session of sessions) for (let t = 0; t < 5; t++) session.learn(x, t % 4);
    expect(valuesOf(network)).toEqual(valuesOf(expected));
  });

  it("a gradient that is not finite, but that the past and what was pending are forgotten", () => {
    using network = createNetwork(shape);
    using session = start(network);
    session.learn(1, { gradient: new Float32Array(4).fill(3e38) });
    const values = valuesOf(network);
    const { state, steps, updates } = session;
    const bad = () => session.learn(2, { gradient: new Float32Array(4).fill(3e38) });
    expect(bad).toThrow(DivergenceError);
    expect(valuesOf(network)).toEqual(values);
    expect([session.state, session.steps, session.updates]).toEqual([state, steps, updates]);
    expect(
      gradientsOf(network)
        .flat()
        .every((g) => g === 0),
    ).toBe(true);
    session.learn(1, 1);
    session.learn(1, 2);
    expect(session.updates).toBe(1);
  });

  it("a schedule that gives no rate", () => {
    using network = createNetwork(shape);
    using session = onlineSession(network, { learner: uoro(), optimizer: adam(), schedule: () => NaN });
    expect(() => session.learn(1, 1)).toThrow(/"schedule\(0\)" expected a finite number/);
    expect([session.steps, session.updates]).toEqual([0, 0]);
  });
});
