/** Every loss does in a worker what it does without one, described or as the object that the library makes. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  bptt,
  compareLearners,
  createNetwork,
  ctc,
  estimateGradient,
  evaluate,
  gradientFlow,
  losses,
  sgd,
  tbptt,
  uoro,
  type Loss,
  type Network,
  type NetworkOptions,
  type Sequence,
  type Target,
  type TrainingWindow,
} from "../../src/index.js";
import type { LossDescription, NetworkWorker, RemoteNetwork } from "../../src/worker/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { Random } from "../../src/random.js";
import { drawSequence, drawTargetFor, lossOf, oracleLosses, type DrawnSizes } from "../network/drawn.js";
import { allGradients } from "../train/windows.js";
import { compare, remoteParameters } from "./compare.js";
import { halvedSquares } from "./own-functions.js";
import { ownWorker, threads } from "./workers.js";

interface Row {
  readonly title: string;
  readonly made: Loss;
  readonly described: LossDescription;
  readonly draw: (random: Random, sizes: DrawnSizes) => Target;
}

/** Labels that fit: at most half as many as steps. */
function drawLabels(random: Random, { steps, batch, outputSize }: DrawnSizes): Target {
  const labelLengths = new Int32Array(batch).map(() => random.integer(1 + (steps >> 1)));
  const count = labelLengths.reduce((sum, length) => sum + length, 0);
  return { labels: new Int32Array(count).map(() => 1 + random.integer(outputSize - 1)), labelLengths };
}

const rows: readonly Row[] = [
  ...oracleLosses.map((loss): Row => {
    const { name: type, ...options } = loss;
    return {
      title: JSON.stringify(loss),
      made: lossOf(loss),
      described: { type, ...options } as LossDescription,
      draw: (random, sizes) => drawTargetFor(random, loss, sizes),
    };
  }),
  {
    title: "ctc",
    made: losses.ctc({ blank: 0 }),
    described: { type: "ctc", blank: 0 },
    draw: drawLabels,
  },
];

const size = { cell: "gru", inputSize: 3, hiddenSize: 5, outputSize: 4, seed: 8 } as const;
const sizes: DrawnSizes = { ...size, steps: 6, batch: 2 };

/** Two windows that carry, the second one ragged, with an episode that begins in it; no two alike. */
function drawWindows({ draw }: Pick<Row, "draw">, given: Partial<NetworkOptions> = {}): TrainingWindow[] {
  return [0, 1, 2, 3].map((i) => {
    const random = new Random(20 + i);
    const drawn = { ...sizes, ...given };
    const inputs: Sequence = drawSequence(random, "values", drawn);
    if (i % 2 === 1) inputs.lengths = Int32Array.of(6, 5);
    if (i % 2 === 1 && given.output !== "sequence")
      inputs.resets = Uint8Array.from({ length: 12 }, (_, at) => Number(at % 7 === 3));
    // Windows that carry are of one kind of targets.
    const kind = i < 2 || draw === drawLabels ? 0 : 1;
    let targets = draw(random, drawn);
    for (let tries = 0; tries < 20 && Number("values" in targets) !== kind; tries++)
      targets = draw(random, drawn);
    return { inputs, targets, carry: i % 2 === 1 };
  });
}

interface Pair {
  readonly local: Network;
  readonly remote: RemoteNetwork;
}

async function createPair(worker: NetworkWorker, given: Partial<NetworkOptions> = {}): Promise<Pair> {
  const options = { ...size, ...given };
  return { local: createNetwork(options), remote: await worker.createNetwork(options) };
}

async function remoteGradients({ parameters }: RemoteNetwork): Promise<number[]> {
  return (await Promise.all(parameters.map((one) => one.readGradient()))).flatMap((all) => [...all]);
}

it("the table has all of them", () => {
  expect(new Set(rows.map(({ made }) => made.name))).toEqual(new Set(Object.keys(losses)));
  for (const { made, described } of rows) expect(made).toMatchObject({ name: described.type });
});

describe.each(threads)("in %s", (_, start) => {
  let worker: NetworkWorker;
  beforeAll(async () => {
    worker = await start();
  });
  afterAll(() => worker.terminate());

  describe.each(rows)("$title", (row) => {
    const { made } = row;
    const windows = drawWindows(row);
    const [{ inputs, targets }] = windows;

    describe.each([
      ["as an object", made],
      ["described", row.described],
    ])("%s", (_form, loss) => {
      it.each(["mean", "sum"] as const)("in backward: %s", async (reduction) => {
        const { local, remote } = await createPair(worker);
        for (const window of windows) {
          local.forward(window.inputs);
          await remote.forward(window.inputs);
          const expected = local.backward(window.targets, { loss: made, reduction });
          expect(expected.loss).toBeGreaterThan(0);
          expect(await remote.backward(window.targets, { loss, reduction })).toEqual(expected);
        }
        expect(await remoteGradients(remote)).toEqual(allGradients(local));
      });

      it("in train, with validation", async () => {
        const options = { epochs: 2, validateEvery: 3 };
        await compare(worker, {
          network: size,
          data: windows,
          options: { ...options, optimizer: sgd({ learningRate: 0.1 }), loss: made, validation: windows },
          remoteOptions: {
            ...options,
            optimizer: { type: "sgd", learningRate: 0.1 },
            loss,
            validation: windows,
          },
        });
      });

      it("in evaluate, with all that it measures", async () => {
        const { local, remote } = await createPair(worker);
        const topK = made.name === "crossEntropy" ? 2 : undefined;
        const expected = await evaluate(local, windows, { loss: made, topK });
        expect(expected.count).toBeGreaterThan(0);
        expect(await remote.evaluate(windows, { loss, topK })).toEqual(expected);
      });

      it("in estimateGradient", async () => {
        const { local, remote } = await createPair(worker);
        for (const reduction of ["mean", "sum"] as const)
          expect(
            await remote.estimateGradient(inputs, targets, { type: "bptt" }, { loss, reduction }),
          ).toEqual(estimateGradient(local, inputs, targets, bptt(), { loss: made, reduction }));
      });

      it("in compareLearners", async () => {
        const { local, remote } = await createPair(worker);
        const expected = compareLearners(local, inputs, targets, [tbptt({ k1: 2 }), uoro()], {
          loss: made,
          draws: 2,
        });
        const rules = [{ type: "tbptt", k1: 2 } as const, { type: "uoro" } as const];
        const came = await remote.compareLearners(inputs, targets, rules, { loss, draws: 2 });
        const untimed = ({ learners }: typeof came) =>
          learners.map(({ name, measured, refused }) => ({ name, refused, ...measured, milliseconds: 0 }));
        expect(untimed(came)).toEqual(untimed(expected));
      });

      it("in gradientFlow", async () => {
        const { local, remote } = await createPair(worker);
        const outcome = async (run: () => unknown): Promise<unknown> => {
          try {
            return await run();
          } catch (error) {
            return String(error);
          }
        };
        const expected = await outcome(() => gradientFlow(local, inputs, targets, { loss: made }));
        expect(typeof expected).toBe(made.name === "ctc" ? "string" : "object");
        expect(await outcome(() => remote.gradientFlow(inputs, targets, { loss }))).toEqual(expected);
      });
    });
  });

  it.each(rows.filter(({ made }) => made.name !== "ctc"))("$title of one output a sequence", async (row) => {
    const network = { output: "sequence", bidirectional: true } as const;
    const whole = drawWindows(row, network).map((window) => ({ ...window, carry: false }));
    await compare(worker, {
      network: { ...size, ...network },
      data: whole,
      options: { optimizer: sgd({ learningRate: 0.1 }), loss: row.made, epochs: 2 },
      remoteOptions: { optimizer: { type: "sgd", learningRate: 0.1 }, loss: row.described, epochs: 2 },
    });
    const { local, remote } = await createPair(worker, network);
    expect(await remote.evaluate(whole, { loss: row.described })).toEqual(
      await evaluate(local, whole, { loss: row.made }),
    );
  });
});

describe("sequenceTargets", () => {
  it("go along, and are what a network of one output a sequence learns from", async () => {
    const worker = await startWorker();
    const windows = drawWindows(rows[0]).map(({ inputs: { resets: _, ...inputs }, targets }, i) => ({
      inputs,
      targets,
      sequenceTargets: { classes: Int32Array.of(i, -1), weights: Float32Array.of(0.5, 1) },
    }));
    for (const output of ["step", "sequence"] as const) {
      await compare(worker, {
        network: { ...size, output },
        data: windows,
        options: { optimizer: sgd({ learningRate: 0.1 }) },
        remoteOptions: { optimizer: { type: "sgd", learningRate: 0.1 } },
      });
    }
    await worker.terminate();
  });
});

describe("a function of the worker's own", () => {
  const windows = drawWindows(rows[0]);
  let worker: NetworkWorker;
  beforeAll(async () => {
    worker = await startWorker({ worker: ownWorker });
  });
  afterAll(() => worker.terminate());

  it("is a loss for evaluate", async () => {
    const { local, remote } = await createPair(worker);
    const expected = await evaluate(local, windows, { loss: halvedSquares(3) });
    expect(expected).not.toEqual(await evaluate(local, windows));
    expect(await remote.evaluate(windows, { loss: { own: "halvedSquares", options: 3 } })).toEqual(expected);
  });
});

describe("what is no loss", () => {
  const windows = drawWindows(rows[0]);
  const [{ inputs, targets }] = windows;
  let worker: NetworkWorker;
  let remote: RemoteNetwork;
  beforeAll(async () => {
    worker = await startWorker({ worker: ownWorker });
    remote = await worker.createNetwork(size);
  });
  afterAll(() => worker.terminate());

  /** Every call that takes a loss. */
  const takers: Readonly<Record<string, (loss: never) => Promise<unknown>>> = {
    backward: async (loss) => {
      await remote.forward(inputs);
      return remote.backward(targets, { loss });
    },
    train: async (loss) => remote.train(windows, { optimizer: { type: "adam" }, loss }).next(),
    evaluate: (loss) => remote.evaluate(windows, { loss }),
    estimateGradient: (loss) => remote.estimateGradient(inputs, targets, { type: "bptt" }, { loss }),
    compareLearners: (loss) => remote.compareLearners(inputs, targets, [{ type: "bptt" }], { loss }),
    gradientFlow: (loss) => remote.gradientFlow(inputs, targets, { loss }),
  };

  const wrong: readonly (readonly [string, unknown, typeof TypeError, RegExp])[] = [
    ["no object", 3, TypeError, /"loss" expected one made by huber.*, got 3/],
    ["null", null, TypeError, /"loss" expected one made by huber.*, got null/],
    ["a name", "huber", TypeError, /"loss" expected one made by huber.*, got "huber"/],
    ["a function", () => 0, TypeError, /"loss" expected one made by huber.*got a function.*cannot go/],
    ["a description of nothing", {}, TypeError, /"loss" expected one made by huber.*, got an object/],
    ["a type that is no name", { type: 3 }, TypeError, /"loss" expected one made by huber/],
    ["an unknown type", { type: "hubert" }, RangeError, /"loss.type" expected .*huber.* got "hubert"/],
    ["what every object has", { type: "toString" }, RangeError, /"loss.type" expected .* got "toString"/],
    ["an unknown name", { name: "mine" }, RangeError, /"loss.type" expected .* got "mine"/],
    ["an unknown option", { type: "huber", dleta: 2 }, TypeError, /expected delta, got "dleta"/],
    [
      "an option of none",
      { type: "meanSquaredError", delta: 1 },
      TypeError,
      /"loss" expected no options, got "del/,
    ],
    [
      "a name of its own",
      { type: "meanSquaredError", name: "x" },
      TypeError,
      /"loss" expected no options, got "na/,
    ],
    ["no options", { type: "quantile" }, TypeError, /"levels" expected an array, got undefined/],
    ["a bad option", { type: "huber", delta: -1 }, RangeError, /"delta" expected .* got -1/],
    ["an option that cannot go", { type: "huber", delta: () => 1 }, TypeError, /cannot go to a worker/],
    ["none for these targets", { type: "huber" }, TypeError, /"targets" expected values for huber/],
  ];

  it.each(
    Object.entries(takers).flatMap(([call, run]) =>
      wrong.map(([what, loss, type, message]) => ({ call, run, what, loss, type, message })),
    ),
  )("$call refuses $what, and changes nothing", async ({ run, loss, type, message }) => {
    const before = await remoteParameters(remote);
    await remote.zeroGradients();
    const error: unknown = await run(loss as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect(String(error)).toMatch(message);
    expect(await remoteParameters(remote)).toEqual(before);
    expect((await remoteGradients(remote)).every((d) => d === 0)).toBe(true);
  });

  it.each(Object.keys(takers).filter((call) => call !== "train" && call !== "evaluate"))(
    "%s refuses a function of the worker's own",
    async (call) => {
      const own = { own: "halvedSquares", options: 3 };
      const error: unknown = await takers[call](own as never).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain('"loss" expected a loss of the library\'s');
      expect(String(error)).toContain('{ own: "halvedSquares" }');
    },
  );

  it.each(["train", "evaluate"])("%s refuses an unknown function of the worker's own", async (call) => {
    await expect(takers[call]({ own: "nothing" } as never)).rejects.toThrow(
      '"loss.own" expected "halvedSquares" or "exits", got "nothing"',
    );
  });

  it("labels without ctc() are refused, and ctc() for other targets", async () => {
    const labels = { labels: Int32Array.of(1, 2), labelLengths: Int32Array.of(1, 1) };
    await remote.forward(inputs);
    await expect(remote.backward(labels)).rejects.toThrow(/"loss" expected ctc\(\)/);
    await expect(remote.backward(targets, { loss: ctc() })).rejects.toThrow(/expected labels for ctc\(\)/);
    expect(await remote.backward(labels, { loss: { type: "ctc" } })).toMatchObject({ count: 2 });
  });
});
