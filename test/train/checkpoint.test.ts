/** What a checkpoint is for, what it refuses, and when it can be made. */

import { describe, expect, it } from "vitest";
import { FormatError, InvalidStateError } from "../../src/errors.js";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingData } from "../../src/data/training-data.js";
import { bptt } from "../../src/learn/back/bptt.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import type { GradientEvent, Learner } from "../../src/learn/learner.js";
import { createLearner } from "../../src/learn/learner.js";
import { uoro } from "../../src/learn/rules.js";
import { huber } from "../../src/network/losses/element-losses.js";
import { createNetwork } from "../../src/network/create-network.js";
import { adam } from "../../src/optimize/adam.js";
import type { Optimizer } from "../../src/optimize/optimizer.js";
import { Random } from "../../src/random.js";
import { sgd } from "../../src/optimize/sgd.js";
import type { PlainData } from "../../src/plain-data.js";
import { resumeTraining, type ResumeOptions } from "../../src/train/resume-training.js";
import { train } from "../../src/train/train.js";
import type { Progress, Training } from "../../src/train/training.js";
import { plateauSchedule } from "../../src/train/schedules/plateau.js";
import { allParameters, countedData, tokenNetwork, tokenWindows, valueNetwork } from "./windows.js";

const windows = tokenWindows(4);
/** Files to change at random places. */
const CHANGES = Number(process.env["BPTT_CHANGES"] ?? 300);
const options = (more: Partial<ResumeOptions> = {}): ResumeOptions => ({
  optimizer: adam({ learningRate: 0.01 }),
  epochs: 3,
  ...more,
});

/** The losses of what is left, or of the next events. */
async function losses(training: Training, most = Infinity): Promise<number[]> {
  const found: number[] = [];
  while (found.length < most) {
    const { done, value } = await training.next();
    if (done === true) break;
    found.push(value.loss);
  }
  return found;
}

async function checkpointAfter(
  events: number,
  more: Partial<ResumeOptions> = {},
  data: TrainingData = windows,
) {
  const training = train(tokenNetwork(), data, options(more));
  await losses(training, events);
  return training.save();
}

describe("save", () => {
  it("leaves training as it is", async () => {
    const all = await losses(train(tokenNetwork(), windows, options()));
    const training = train(tokenNetwork(), windows, options());
    const found: number[] = [];
    for (;;) {
      training.save();
      const next = await losses(training, 1);
      if (next.length === 0) break;
      found.push(...next);
      expect(training.save()).toEqual(training.save());
    }
    expect(found).toEqual(all);
  });

  it("is refused while an event is being made, and is then none the worse", async () => {
    const training = train(tokenNetwork(), windows, options());
    const next = training.next();
    expect(() => training.save()).toThrow(InvalidStateError);
    expect(() => training.save()).toThrow(/no next\(\) under way/);
    await next;
    expect(training.save().length).toBeGreaterThan(100);
  });

  it("is refused after an error", async () => {
    const training = train(
      tokenNetwork(),
      [...windows.slice(0, 2), { ...windows[0], targets: {} }],
      options(),
    );
    await expect(losses(training)).rejects.toThrow();
    expect(() => training.save()).toThrow(/a training that no error ended/);
  });

  it("is refused when the network is disposed of", () => {
    const network = tokenNetwork();
    const training = train(network, windows, options());
    network.dispose();
    expect(() => training.save()).toThrow(/disposed/);
  });

  it.each(["break", "signal"])("works where a %s ended training", async (way) => {
    const all = await losses(train(tokenNetwork(), windows, options()));
    const stop = new AbortController();
    const training = train(tokenNetwork(), windows, options({ signal: stop.signal }));
    const first: number[] = [];
    const ended = (async () => {
      for await (const { loss } of training) {
        first.push(loss);
        if (first.length < 6) continue;
        if (way === "break") break;
        stop.abort();
      }
    })();
    if (way === "break") await ended;
    else await expect(ended).rejects.toThrow(/abort/);
    const rest = await losses(resumeTraining(training.save(), windows, options()));
    expect([...first, ...rest]).toEqual(all);
  });

  it("works where the signal ended a validation, whose event is then handed out", async () => {
    const given = (signal?: AbortSignal): ResumeOptions =>
      options({ validation: windows, validateEvery: 1, ...(signal && { signal }) });
    const all: Progress[] = [];
    for await (const event of train(tokenNetwork(), windows, given())) all.push(event);
    const stop = new AbortController();
    let validated = 0;
    const validation: TrainingData = {
      async *[Symbol.asyncIterator]() {
        validated++;
        for (const window of windows) {
          if (validated === 3) stop.abort();
          await Promise.resolve();
          yield window;
        }
      },
    };
    const training = train(tokenNetwork(), windows, { ...given(stop.signal), validation });
    await expect(losses(training)).rejects.toThrow(/abort/);
    const rest: Progress[] = [];
    for await (const event of resumeTraining(training.save(), windows, given())) rest.push(event);
    const of = (events: Progress[]) =>
      events.map(({ step, loss, validationLoss, epochEnd }) => ({ step, loss, validationLoss, epochEnd }));
    expect(of(rest)).toEqual(of(all.slice(2)));
  });

  it("gives nothing more from the last event on", async () => {
    const network = tokenNetwork();
    const training = train(network, windows, options());
    await losses(training);
    const done = resumeTraining(training.save(), windows, options());
    expect(await losses(done)).toEqual([]);
    expect(allParameters(done.network)).toEqual(allParameters(network));
  });
});

describe("a training that is gone on with", () => {
  it("goes on for longer, at another rate, clipped", async () => {
    const checkpoint = await checkpointAfter(15);
    const more = resumeTraining(
      checkpoint,
      windows,
      options({ epochs: 5, optimizer: adam({ learningRate: 0.5 }), clipNorm: 0.1 }),
    );
    const events: Progress[] = [];
    for await (const event of more) events.push(event);
    expect(events.map(({ epoch }) => epoch)).toEqual([4, 4, 4, 4, 4, 5, 5, 5, 5, 5]);
    expect(events[0]).toMatchObject({ step: 13, learningRate: 0.5 });
  });

  it("is saved before it begins as it was saved", async () => {
    const checkpoint = await checkpointAfter(7, { learner: tbptt({ k1: 3, k2: 5 }) });
    const again = resumeTraining(checkpoint, windows, options({ learner: tbptt({ k1: 3, k2: 5 }) }));
    expect(again.save()).toEqual(checkpoint);
  });

  it("walks other data, an iterator for each epoch, and seeks a stream", async () => {
    const { data, counts } = countedData(windows);
    const checkpoint = await checkpointAfter(13, {}, data);
    const walked = countedData(windows);
    await losses(resumeTraining(checkpoint, walked.data, options()), 1);
    expect(walked.counts).toMatchObject({ iterated: 3, pulled: 4 });
    expect(counts.iterated).toBe(3);
    const stream = (): TrainingData =>
      tokenStream(
        Uint8Array.from({ length: 60 }, (_, i) => i % 5),
        { batch: 2, window: 4 },
      );
    const all = await losses(train(tokenNetwork(), stream(), options()));
    const rest = resumeTraining(await checkpointAfter(10, {}, stream()), stream(), options());
    expect(await losses(rest)).toEqual(all.slice(10));
  });

  it("says that data has become too short", async () => {
    const checkpoint = await checkpointAfter(3);
    const rest = resumeTraining(checkpoint, windows.slice(0, 2), options());
    await expect(losses(rest)).rejects.toThrow(/"data" expected at least 3 windows.* got 2/);
  });

  it("keeps frozen parameters frozen, and the counter of dropout", async () => {
    const make = () => {
      const network = createNetwork({
        inputSize: 5,
        hiddenSize: 4,
        outputSize: 5,
        layers: 2,
        dropout: 0.4,
        seed: 5,
      });
      network.parameter("head.bias").trainable = false;
      return network;
    };
    const all = await losses(train(make(), windows, options()));
    const training = train(make(), windows, options());
    await losses(training, 5);
    const rest = resumeTraining(training.save(), windows, options());
    expect(rest.network.parameter("head.bias").trainable).toBe(false);
    expect(await losses(rest)).toEqual(all.slice(5));
  });

  it("takes another build", async () => {
    const checkpoint = await checkpointAfter(5);
    const rest = resumeTraining(checkpoint, windows, options(), { build: "simd" });
    expect(rest.network.build).toBe("simd");
    expect(await losses(rest)).toHaveLength(10);
  });
});

interface Own {
  learner: () => Learner;
  optimizer: () => Optimizer;
}

describe("learners and optimizers of the caller's own", () => {
  /** Momentum by hand. */
  const momentum = (kept: boolean): Optimizer => {
    let velocity: Float32Array[] = [];
    return {
      learningRate: 0.1,
      step(network) {
        network.parameters.forEach((parameter, i) => {
          const gradient = parameter.readGradient();
          velocity[i] ??= new Float32Array(gradient.length);
          velocity[i].forEach((v, j) => (velocity[i][j] = 0.9 * v + gradient[j]));
          const values = parameter.read();
          parameter.write(values.map((w, j) => w - this.learningRate * velocity[i][j]));
        });
      },
      reset() {
        velocity = [];
      },
      ...(kept && {
        save: (): PlainData => velocity.map((v) => v.slice()),
        restore: (saved: PlainData) => {
          velocity = (saved as Float32Array[]).map((v) => v.slice());
        },
      }),
    };
  };
  /** Learns from every other window. */
  const halved = (kept: boolean): Learner =>
    createLearner("halved", ({ network }) => {
      let seen = 0;
      return {
        *window({ window: { inputs, targets } }): Generator<GradientEvent, void> {
          if (seen++ % 2 > 0) return;
          network.forward(inputs);
          const { loss, count } = network.backward(targets);
          yield { loss, count, steps: inputs.steps * inputs.batch };
        },
        *end() {
          // Nothing waits.
        },
        ...(kept && {
          save: (): PlainData => ({ seen }),
          restore: (saved: PlainData) => {
            ({ seen } = saved as { seen: number });
          },
        }),
      };
    });
  const own = (kept: boolean): Own => ({ learner: () => halved(kept), optimizer: () => momentum(kept) });

  it("go on from what they saved", async () => {
    const { learner, optimizer } = own(true);
    const given = () => options({ learner: learner(), optimizer: optimizer() });
    const odd = windows.slice(0, 3);
    const all = await losses(train(tokenNetwork(), odd, given()));
    for (let stop = 0; stop <= all.length; stop++) {
      const checkpoint = await checkpointAfter(stop, given(), odd);
      expect(await losses(resumeTraining(checkpoint, odd, given()))).toEqual(all.slice(stop));
    }
  });

  it.each([
    ["learner", /"learner" expected a run with the methods save and restore.*got halved/],
    ["optimizer", /"optimizer" expected the methods save and restore/],
  ] as const)("say that a %s cannot be kept", (which, message) => {
    const training = train(tokenNetwork(), windows, options({ [which]: own(false)[which]() }));
    expect(() => training.save()).toThrow(message);
    expect(() => training.save()).toThrow(TypeError);
  });
});

describe("what does not fit is refused, and nothing changes", () => {
  const kept = async (): Promise<Uint8Array> => checkpointAfter(4, { validation: windows, patience: 2 });
  const cases: [string, Partial<ResumeOptions> | (() => Partial<ResumeOptions>), RegExp][] = [
    ["another learner", { learner: uoro() }, /"checkpoint.learner.name" expected "uoro"/],
    [
      "another optimizer",
      { optimizer: sgd({ learningRate: 1 }) },
      /"checkpoint.optimizer.kind" expected "sgd".*got "adam"/,
    ],
    ["another loss", { loss: huber() }, /"checkpoint.loss" expected "huber"/],
    [
      "averaging",
      { averaging: { decay: 0.5 } },
      /"checkpoint.averaging" expected one, as "averaging" was given, got none/,
    ],
    [
      "an unknown option",
      { lerner: bptt() } as Partial<ResumeOptions>,
      /got "lerner": did you mean "learner"/,
    ],
    ["no optimizer", { optimizer: undefined as unknown as Optimizer }, /"optimizer"/],
    [
      "a network of another kind",
      () => ({ network: valueNetwork() }),
      /"options.network" expected the saved network's inputSize, 5, got 1/,
    ],
    ["a network that is none", { network: {} as never }, /"network"/],
    [
      "a plateau schedule without validation",
      { schedule: plateauSchedule({ rate: 1 }) },
      /"validation" expected data for "schedule"/,
    ],
  ];
  it.each(cases)("%s", async (_, more, message) => {
    const checkpoint = await kept();
    const given = options(typeof more === "function" ? more() : more);
    expect(() => resumeTraining(checkpoint, windows, given)).toThrow(message);
  });

  it("an optimizer of another network, which goes on with that", async () => {
    const optimizer = adam({ learningRate: 0.01 });
    const network = tokenNetwork();
    const training = train(network, windows, options({ optimizer }));
    await losses(training, 2);
    const before = training.save();
    const checkpoint = await checkpointAfter(4);
    expect(() => resumeTraining(checkpoint, windows, options({ optimizer }))).toThrow(InvalidStateError);
    expect(training.save()).toEqual(before);
  });

  it("a runtime beside a network", async () => {
    const checkpoint = await kept();
    expect(() =>
      resumeTraining(checkpoint, windows, options({ network: tokenNetwork() }), { build: "simd" }),
    ).toThrow(/"runtime" expected none/);
  });

  it("every cut of the file", async () => {
    const checkpoint = await kept();
    const network = tokenNetwork();
    const before = allParameters(network);
    const given = (): ResumeOptions => options({ network, validation: windows, patience: 2 });
    for (let length = 0; length < checkpoint.length; length += 1 + (length >> 6))
      expect(() => resumeTraining(checkpoint.slice(0, length), windows, given())).toThrow(FormatError);
    expect(allParameters(network)).toEqual(before);
  });

  it("bytes that were changed: an error that says so, the network unchanged, or a training that can go on", async () => {
    const random = new Random(1);
    const network = tokenNetwork();
    const before = allParameters(network);
    const given = (more: Partial<ResumeOptions> = {}): ResumeOptions =>
      options({ learner: uoro(), updateEvery: 3, validation: windows, averaging: { decay: 0.5 }, ...more });
    const training = train(tokenNetwork(), windows, given());
    await losses(training, 5);
    const checkpoint = training.save();
    const text = checkpoint.findIndex((byte, i) => i > 8 && byte === 0x7d && checkpoint[i + 1] === 0x7d) + 2;
    expect(text).toBeGreaterThan(100);
    let refused = 0;
    for (let i = 0; i < CHANGES; i++) {
      const changed = checkpoint.slice();
      for (let n = random.integer(3); n >= 0; n--)
        changed[8 + random.integer(text - 8)] = 32 + random.integer(95);
      try {
        const rest = resumeTraining(changed, windows, given({ network }));
        await losses(rest, 3);
        await rest.return();
        network.parameters.forEach((parameter, at) => {
          parameter.write(tokenNetwork().parameters[at].read());
          parameter.trainable = true;
        });
      } catch (error) {
        refused++;
        if (![FormatError, RangeError].some((type) => error instanceof type)) throw error;
        expect(allParameters(network)).toEqual(before);
      }
    }
    expect(refused).toBeGreaterThan(CHANGES / 2);
  });

  it("what is no file", () => {
    for (const bytes of [undefined, null, "text", [1], new ArrayBuffer(8)])
      expect(() => resumeTraining(bytes as unknown as Uint8Array, windows, options())).toThrow(TypeError);
  });
});
