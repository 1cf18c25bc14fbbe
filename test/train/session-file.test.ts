import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adam,
  createNetwork,
  FormatError,
  loadNetwork,
  onlineSession,
  rtrl,
  saveNetwork,
  sgd,
  uoro,
  type NetworkOptions,
  type OnlineSession,
} from "../../src/index.js";
import { parseSafetensors } from "../../src/formats/safetensors.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { onlineRules } from "../learn/online/rules.js";
import { variants } from "../optimize/variants.js";

const gru: NetworkOptions = { cell: "gru", inputSize: 5, hiddenSize: 6, outputSize: 4, seed: 3 };
const lstm: NetworkOptions = { ...gru, cell: "lstm", layers: 2, dropout: 0.4 };

/** So many steps of a stream, learned from; what came of them, and where they led. */
function learn(session: OnlineSession, seed: number, steps: number): unknown {
  const random = new Random(seed);
  const learned = Array.from({ length: steps }, (_, t) =>
    t % 4 === 1 ? session.step(random.integer(5)) : session.learn(random.integer(5), random.integer(4)),
  );
  const { network, state, steps: all, updates } = session;
  return { learned, state, all, updates, values: network.parameters.map((one) => [...one.read()]) };
}

/** As toEqual, but for files: it takes a millisecond a kilobyte. */
function expectSameBytes(file: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(file, expected)).toBe(0);
}

describe.each(builds)("a saved session, %s", (build) => {
  const cases = [
    ...onlineRules.map(({ name, learner }) => ({
      learner,
      title: name,
      create: () => adam({ amsgrad: true }),
    })),
    ...variants.map(({ title, create }) => ({ learner: uoro(), title, create })),
  ];
  it.each(cases.flatMap((one) => [gru, lstm].map((options) => ({ ...one, options }))))(
    "goes on bit for bit: $title, $options.cell",
    ({ learner, create, options }) => {
      for (const before of [0, 1, 7]) {
        const start = () => ({ learner, optimizer: create(), updateEvery: 3, clipNorm: 1 });
        using network = createNetwork(options, { build });
        using session = onlineSession(network, start());
        learn(session, 1, before);
        const [file, parameters] = [session.save(), saveNetwork(network)];
        const went = learn(session, 2, 8);
        using loaded = loadNetwork(parameters, { build });
        using resumed = onlineSession(loaded, start());
        learn(resumed, 3, 5); // whatever it did before is no more
        using stored = loadNetwork(parameters, { build });
        for (const from of stored.parameters) loaded.parameter(from.name).write(from.read());
        resumed.restore(file);
        expectSameBytes(resumed.save(), file);
        expect(learn(resumed, 2, 8)).toEqual(went);
      }
    },
  );

  it("is not changed by saving", () => {
    using network = createNetwork(lstm, { build });
    using other = createNetwork(lstm, { build });
    const [saved, plain] = [network, other].map((one) =>
      onlineSession(one, { learner: uoro(), optimizer: adam() }),
    );
    for (let t = 0; t < 5; t++) {
      saved.save();
      expect(learn(saved, t, 3)).toEqual(learn(plain, t, 3));
    }
  });

  it("holds its sequences, and what they begin from", () => {
    using network = createNetwork(gru, { build });
    const state = { h: Float32Array.from({ length: 12 }, (_, i) => i / 12) };
    using session = onlineSession(network, { learner: uoro(), optimizer: adam(), state });
    using resumed = onlineSession(network, { learner: uoro(), optimizer: adam(), batch: 2 });
    resumed.restore(session.save());
    expect(resumed.state).toEqual(state);
    session.learn(new Float32Array(10), Int32Array.of(0, 1));
    resumed.restore(session.save());
    expect(resumed.state).toEqual(session.state);
  });
});

describe("a file that is refused", () => {
  const start = (options: NetworkOptions = gru, given: object = {}) =>
    onlineSession(createNetwork(options), { learner: uoro(), optimizer: adam(), updateEvery: 2, ...given });
  const saved = start();
  learn(saved, 1, 4);
  const file = saved.save();

  it.each([
    ["another learner", start(gru, { learner: rtrl() }), `expected learner rtrl, got uoro`],
    ["another batch", start(gru, { batch: 2 }), `expected batch 2, got 1`],
    [
      "another size",
      start({ ...gru, hiddenSize: 7 }),
      `expected tensor "state.h" as F32 [1, 1, 7], got F32 [1, 1, 6]`,
    ],
    ["another cell", start({ ...gru, cell: "lstm" }), `expected tensor "state.c" as F32 [1, 1, 6], got none`],
    [
      "other moments",
      start(gru, { optimizer: sgd({ learningRate: 1 }) }),
      `expected tensor "optimizer.mean" as none`,
    ],
    ["more parameters", start({ ...gru, layers: 2 }), `expected numbers of updates for 10 parameters, got 6`],
  ])("of %s", (_, session, message) => {
    learn(session, 2, 0);
    const before = session.save();
    expect(() => {
      session.restore(file);
    }).toThrow(FormatError);
    expect(() => {
      session.restore(file);
    }).toThrow(message);
    expectSameBytes(session.save(), before);
  });

  it("of a network, or none at all", () => {
    const restore = (bytes: unknown) => () => {
      saved.restore(bytes as Uint8Array);
    };
    expect(restore(saveNetwork(saved.network))).toThrow(/none: not a file of a session's save\(\)/);
    expect(restore(new Uint8Array(3))).toThrow(FormatError);
    expect(restore("file")).toThrow(/"bytes" expected a Uint8Array/);
  });

  /** The file with its progress told otherwise. */
  function retold(change: (progress: Record<string, unknown>) => void): Uint8Array {
    const { metadata } = parseSafetensors(file);
    const progress = JSON.parse(metadata.get("bptt.progress") ?? "") as Record<string, unknown>;
    change(progress);
    const length = new DataView(file.buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as {
      __metadata__: Record<string, string>;
    };
    header.__metadata__["bptt.progress"] = JSON.stringify(progress);
    const text = new TextEncoder().encode(JSON.stringify(header));
    const made = new Uint8Array(8 + text.length + file.length - 8 - length);
    new DataView(made.buffer).setUint32(0, text.length, true);
    made.set(text, 8);
    made.set(file.subarray(8 + length), 8 + text.length);
    return made;
  }

  it.each<[string, (progress: Record<string, unknown>) => void, RegExp]>([
    ["steps below 0", (one) => (one["steps"] = -1), /a whole number/],
    ["no random words", (one) => (one["random"] = []), /words of random numbers 4, got 0/],
    ["random words of 0", (one) => (one["random"] = [0, 0, 0, 0]), /four words, not all 0/],
    ["random words past 32 bits", (one) => (one["random"] = [1, 2, 3, 2 ** 32]), /four words/],
    ["five random words", (one) => (one["random"] = [1, 2, 3, 4, 5]), /at most 4 sizes/],
    [
      "inputs of another kind",
      (one) => (one["inputs"] = "sounds"),
      /"inputs" to be one of tokens, values, none/,
    ],
    ["something missing", (one) => delete one["updates"], /expected "updates", got none/],
    ["something more", (one) => (one["mood"] = "good"), /expected learner, .*, got "mood"/],
    ["pending steps without gradients", (one) => (one["pendingSteps"] = 0), /tensor "gradients" as none/],
    ["no steps made", (one) => (one["inputs"] = "none"), /tensor "rule.state" as none/],
  ])("with %s", (_, change, message) => {
    const before = saved.save();
    const restore = () => {
      saved.restore(retold(change));
    };
    expect(restore).toThrow(FormatError);
    expect(restore).toThrow(message);
    expectSameBytes(saved.save(), before);
  });

  it("whatever byte of its header is another: restored as it is, or refused with nothing changed", () => {
    const length = 8 + new DataView(file.buffer).getUint32(0, true);
    using network = createNetwork(gru);
    const session = onlineSession(network, { learner: uoro(), optimizer: adam(), updateEvery: 2 });
    fc.assert(
      fc.property(fc.nat({ max: length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const mutant = file.slice();
        mutant[at] ^= change;
        const before = session.save();
        try {
          session.restore(mutant);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          expectSameBytes(session.save(), before);
        }
      }),
      { numRuns: 150 },
    );
  });
});
