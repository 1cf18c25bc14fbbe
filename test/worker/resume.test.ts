/** A training in a worker that was saved and gone on with is the uninterrupted one, bit for bit, in the worker and out of it. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sequenceSet } from "../../src/data/sequence-set.js";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingData } from "../../src/data/training-data.js";
import {
  adam,
  createNetwork,
  plateauSchedule,
  resumeTraining,
  tbptt,
  train,
  uoro,
  type Progress,
  type Training,
  type TrainOptions,
} from "../../src/index.js";
import type {
  NetworkWorker,
  RemoteData,
  RemoteTraining,
  RemoteTrainOptions,
} from "../../src/worker/index.js";
import { allParameters, countedData, tokenWindows } from "../train/windows.js";
import { collect, described, remoteParameters, stream, tokens, untimed, V } from "./compare.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { ownWorker, threads } from "./workers.js";

const items = Array.from({ length: 9 }, (_, i) => ({
  inputs: { tokens: tokens.slice(i, 2 * i + 1) },
  targets: { class: i % V },
}));
const shuffled = { batch: 2, shuffle: true, seed: 5 };
const windows = tokenWindows(5, { V });

interface DataCase {
  readonly name: string;
  readonly here: () => TrainingData;
  readonly there: () => RemoteData;
}

const page = (name: string, create: () => TrainingData): DataCase => ({ name, here: create, there: create });

const data: readonly DataCase[] = [
  { name: "a described stream", here: () => tokenStream(tokens, stream), there: () => described },
  {
    name: "a described set, shuffled",
    here: () => sequenceSet(items, shuffled),
    there: () => ({ type: "sequenceSet", items, ...shuffled }),
  },
  page("this thread's stream", () => tokenStream(tokens, stream)),
  page("this thread's set, shuffled", () => sequenceSet(items, shuffled)),
  page("a list of windows", () => windows),
  page("windows that come one by one", () => ({
    async *[Symbol.asyncIterator]() {
      for (const window of windows) {
        await new Promise((resolve) => setTimeout(resolve));
        yield window;
      }
    },
  })),
];

interface Options {
  readonly name: string;
  readonly here: () => TrainOptions;
  readonly there: () => RemoteTrainOptions;
}

const plateau = { rate: 0.05, patience: 1, factor: 0.5 };
const validated = { validation: tokenWindows(2, { V, seed: 50 }), validateEvery: 3, keepBest: true };

const options: readonly Options[] = [
  {
    name: "that cuts windows, clipped and averaged",
    here: () => ({
      ...{ optimizer: adam(), learner: tbptt({ k1: 3, k2: 5 }), epochs: 4, clipNorm: 1 },
      averaging: { decay: 0.5 },
    }),
    there: () => ({
      ...{ optimizer: { type: "adam" }, learner: { type: "tbptt", k1: 3, k2: 5 }, epochs: 4, clipNorm: 1 },
      averaging: { decay: 0.5 },
    }),
  },
  {
    name: "that follows validation",
    here: () => ({ optimizer: adam(), epochs: 4, ...validated, schedule: plateauSchedule(plateau) }),
    there: () => ({
      ...{ optimizer: { type: "adam" }, epochs: 4, ...validated },
      schedule: { type: "plateau", ...plateau },
    }),
  },
  {
    name: "online, several windows an update",
    here: () => ({ optimizer: adam(), epochs: 4, learner: uoro(), accumulate: 3 }),
    there: () => ({ optimizer: { type: "adam" }, epochs: 4, learner: { type: "uoro" }, accumulate: 3 }),
  },
];

const size = { cell: "gru", inputSize: V, hiddenSize: 5, outputSize: V, seed: 4 } as const;

/** Takes so many events. */
async function take(events: AsyncGenerator<Progress, void>, count: number): Promise<Progress[]> {
  const taken: Progress[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** A training on this thread or in the worker. */
type Either = Training | RemoteTraining;

async function parametersOf({ network }: Either): Promise<number[]> {
  const all: number[] = [];
  for (const parameter of network.parameters) all.push(...(await parameter.read()));
  return all;
}

describe.each(threads)("in %s", (_, start) => {
  let worker: NetworkWorker;
  beforeAll(async () => {
    worker = await start();
  });
  afterAll(() => worker.terminate());

  const begin = async (where: "here" | "worker", over: DataCase, by: Options): Promise<Either> =>
    where === "here"
      ? train(createNetwork(size), over.here(), by.here())
      : (await worker.createNetwork(size)).train(over.there(), { ahead: 0, ...by.there() });

  const goOn = async (
    where: "here" | "worker",
    checkpoint: Uint8Array,
    over: DataCase,
    by: Options,
  ): Promise<Either> =>
    where === "here"
      ? resumeTraining(checkpoint, over.here(), by.here())
      : worker.resumeTraining(checkpoint, over.there(), { ahead: 0, ...by.there() });

  const routes = [
    ["worker", "worker"],
    ["worker", "here"],
    ["here", "worker"],
  ] as const;

  describe.each(options)("a training $name", (by) => {
    it.each(data.flatMap((over) => routes.map(([from, to]) => ({ over, name: over.name, from, to }))))(
      "over $name goes on, from $from to $to",
      async ({ over, from, to }) => {
        const whole = train(createNetwork(size), over.here(), by.here());
        const expected = untimed(await collect(whole));
        // Within the first epoch, past it, and past the last event.
        for (const stop of [2, Math.ceil(0.6 * expected.length), expected.length]) {
          const first = await begin(from, over, by);
          expect(untimed(await take(first, stop))).toEqual(expected.slice(0, stop));
          const checkpoint = await first.save();
          const rest = await goOn(to, checkpoint, over, by);
          expect(untimed(await collect(rest))).toEqual(expected.slice(stop));
          expect(await parametersOf(rest)).toEqual(allParameters(whole.network));
          await first.return();
          for (const { network } of [first, rest]) network.dispose();
        }
      },
    );
  });

  it.each(data)("is saved while it trains ahead over $name, behind all events made by then", async (over) => {
    const given = { optimizer: { type: "adam" }, epochs: 1e6 } as const;
    const expected = train(createNetwork(size), over.here(), { optimizer: adam(), epochs: 1e6 });
    const network = await worker.createNetwork(size);
    const training = network.train(over.there(), { ...given, ahead: 1e6 });
    const [first] = await take(training, 1);
    let checkpoint = await training.save();
    // The worker makes updates past the first event, of which the page takes none.
    for (const before = checkpoint; Buffer.from(before).equals(checkpoint);)
      checkpoint = await training.save();
    const rest = await worker.resumeTraining(checkpoint, over.there(), { ...given, ahead: 0 });
    const next = await take(rest, 8);
    const made = first.step + 1;
    expect(next[0].step + next[0].epoch).toBeGreaterThan(made);
    const events = [first];
    while (events.length === 0 || !sameEvent(events[events.length - 1], next[0]))
      events.push(...(await take(training, 1)));
    const known = untimed(await take(expected, events.length + 7));
    expect(untimed([...events, ...next.slice(1)])).toEqual(known);
    for (const run of [training, rest, expected]) await run.return();
    for (const { network: one } of [training, rest, expected]) one.dispose();
  });

  it("is saved behind the event that is being made", async () => {
    const given = { optimizer: { type: "adam" }, epochs: 2 } as const;
    const expected = untimed(
      await collect(train(createNetwork(size), windows, { optimizer: adam(), epochs: 2 })),
    );
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gated: RemoteData = {
      async *[Symbol.asyncIterator]() {
        yield windows[0];
        await gate;
        yield* windows.slice(1);
      },
    };
    const network = await worker.createNetwork(size);
    const training = network.train(gated, { ...given, ahead: 1e6 });
    await take(training, 1);
    let saved = false;
    const saving = training.save().then((checkpoint) => {
      saved = true;
      return checkpoint;
    });
    // Calls are answered meanwhile.
    for (let i = 0; i < 5; i++) await network.save();
    expect(saved).toBe(false);
    open();
    const rest = await worker.resumeTraining(await saving, windows, given);
    expect(untimed(await collect(rest))).toEqual(expected.slice(2));
    await training.return();
  });

  it.each(["its last event", "break", "the signal"])("is saved after %s", async (way) => {
    const stop = new AbortController();
    const given = { optimizer: { type: "adam" }, epochs: 2, ahead: 0 } as const;
    const expected = untimed(
      await collect(train(createNetwork(size), windows, { optimizer: adam(), epochs: 2 })),
    );
    const network = await worker.createNetwork(size);
    const training = network.train(windows, { ...given, signal: stop.signal });
    let taken = 0;
    const ended = (async () => {
      for await (const event of training) {
        taken += event.step > 0 ? 1 : 0;
        if (taken < 7 || way === "its last event") continue;
        if (way === "break") break;
        stop.abort();
      }
    })();
    if (way === "the signal") await expect(ended).rejects.toThrow(/abort/);
    else await ended;
    const checkpoint = await training.save();
    expect(await training.save()).toEqual(checkpoint);
    const rest = await worker.resumeTraining(checkpoint, windows, given);
    expect(untimed(await collect(rest))).toEqual(expected.slice(taken));
  });

  it("goes on in a network that is given, and shows what is frozen there", async () => {
    const by = options[0];
    const local = createNetwork(size);
    local.parameter("head.bias").trainable = false;
    const expected = untimed(await collect(train(local, windows, by.here())));
    const first = await worker.createNetwork(size);
    first.parameter("head.bias").trainable = false;
    const training = first.train(windows, { ahead: 0, ...by.there() });
    await take(training, 7);
    const checkpoint = await training.save();
    const network = await worker.createNetwork({ ...size, seed: size.seed });
    network.parameter("head.weight").trainable = false;
    const before = await network.save();
    const rest = await worker.resumeTraining(checkpoint, windows, { ...by.there(), network });
    expect(rest.network).toBe(network);
    expect(await network.save()).toEqual(before);
    expect(network.parameter("head.weight").trainable).toBe(false);
    expect(untimed(await collect(rest))).toEqual(expected.slice(7));
    expect(network.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name)).toEqual([
      "head.bias",
    ]);
    const fresh = await worker.resumeTraining(checkpoint, windows, by.there());
    expect(fresh.network.parameter("head.bias").trainable).toBe(false);
    expect(fresh.network.parameter("head.weight").trainable).toBe(true);
    expect(await remoteParameters(fresh.network)).not.toEqual(await remoteParameters(network));
  });

  it("asks this thread's data for an iterator for each past epoch, closes it, and walks the present one", async () => {
    const given = { optimizer: { type: "adam" }, epochs: 3, ahead: 0 } as const;
    const network = await worker.createNetwork(size);
    const training = network.train(windows, given);
    await take(training, 14); // of 5 updates and an end an epoch
    for (const asynchronous of [false, true]) {
      const { data: walked, counts } = countedData(windows, asynchronous);
      const rest = await worker.resumeTraining(await training.save(), walked, given);
      expect(counts.iterated).toBe(0);
      const [next] = await take(rest, 1);
      expect(next).toMatchObject({ step: 13, epoch: 3 });
      expect(counts).toMatchObject({ iterated: 3, closed: 2 });
      await rest.return();
    }
  });

  it.each(["is asked for", "is closed"])(
    "throws what data throws as an iterator %s that is passed over",
    async (when) => {
      const given = { optimizer: { type: "adam" }, epochs: 3, ahead: 0 } as const;
      const training = (await worker.createNetwork(size)).train(windows, given);
      await take(training, 14);
      const thrown = new EvalError("not again");
      const broken: RemoteData = {
        [Symbol.iterator]: () => {
          if (when === "is asked for") throw thrown;
          return {
            next: () => ({ done: true, value: undefined }),
            return: () => {
              throw thrown;
            },
          };
        },
      };
      const rest = await worker.resumeTraining(await training.save(), broken, given);
      await expect(rest.next()).rejects.toBe(thrown);
    },
  );
});

it("a checkpoint comes after the events that were made before it", async () => {
  const received: Progress[] = [];
  const worker = await startWorker({
    worker: () => {
      const made = ownWorker();
      made.on("message", ({ message }: { message: { kind: string; events?: Progress[] } }) => {
        received.push(...(message.events ?? []));
      });
      return made;
    },
  });
  const given = { optimizer: { type: "adam" }, epochs: 1e6 } as const;
  const network = await worker.createNetwork(size);
  const training = network.train(described, { ...given, ahead: 1e6 });
  await take(training, 1);
  for (let i = 0; i < 20; i++) {
    const checkpoint = await training.save();
    const here = received.length;
    const rest = resumeTraining(checkpoint, tokenStream(tokens, stream), { optimizer: adam(), epochs: 1e6 });
    const [{ step, epoch, epochEnd }] = await take(rest, 1);
    const before = step + epoch - (epochEnd ? 1 : 2);
    expect(here).toBeGreaterThanOrEqual(before);
    await rest.return();
    rest.network.dispose();
  }
  await worker.terminate();
});

function sameEvent(one: Progress, other: Progress): boolean {
  return one.step === other.step && one.epochEnd === other.epochEnd;
}
