/**
 * What each rank runs: `rank.mjs <scenario> <file> [argument]`. Rank 0 writes what came of it to the file, as JSON. Without MPI,
 * under the scenario's name and `alone`, it is the single process that the ranks are compared with.
 */

import { readFileSync, writeFileSync } from "node:fs";
import {
  createNetwork,
  resumeTraining,
  train,
  type Cluster,
  type Training,
} from "../../src/entries/inlined.js";
import { connectMpi } from "../../src/entries/mpi.js";
import { trainings } from "../trainings.js";

const UPDATES = 100;
const [scenario, file, argument = ""] = process.argv.slice(2);
const alone = argument === "alone";
const cluster = alone ? undefined : await connectMpi();
const rank = cluster?.rank ?? 0;
/** The trainings that `all` and `save` are asked for, as a list in JSON. */
const names = argument.startsWith("[") ? (JSON.parse(argument) as string[]) : Object.keys(trainings);

function begin(name: string, options: object = {}): Training {
  const { network, begin: create } = trainings[name];
  const { data, options: own } = create();
  const all = { ...own, maxSteps: UPDATES, ...(cluster && { cluster }), ...options };
  return train(createNetwork({ seed: 3, ...network }), data, all);
}

function report(outcome: unknown): void {
  if (rank === 0) writeFileSync(file, JSON.stringify(outcome));
}

async function lossesOf(training: Training, most = Infinity): Promise<number[]> {
  const losses: number[] = [];
  for (let done = 0; done < most;) {
    const next = await training.next();
    if (next.done === true) break;
    const { loss, epochEnd, validationLoss } = next.value;
    if (epochEnd) continue;
    done++;
    losses.push(loss);
    if (validationLoss !== undefined) losses.push(validationLoss);
  }
  return losses;
}

const first = Object.keys(trainings)[0];

const scenarios: Record<string, () => Promise<unknown>> = {
  /** Trainings from beginning to end. */
  async all() {
    const outcomes: Record<string, number[]> = {};
    for (const name of names) outcomes[name] = await lossesOf(begin(name));
    return outcomes;
  },

  /** Trainings up to an update, each saved there; with files of those, from there on. */
  async save() {
    const outcomes: Record<string, string> = {};
    for (const name of names) {
      const training = begin(name);
      await lossesOf(training, 37);
      outcomes[name] = Buffer.from(training.save()).toString("base64");
      await training.return();
    }
    return outcomes;
  },
  async resume() {
    const from = JSON.parse(readFileSync(alone ? `${file}.from` : argument, "utf8")) as Record<
      string,
      string
    >;
    const outcomes: Record<string, number[]> = {};
    for (const [name, checkpoint] of Object.entries(from)) {
      const { data, options } = trainings[name].begin();
      const all = { ...options, maxSteps: UPDATES, ...(cluster && { cluster }) };
      outcomes[name] = await lossesOf(resumeTraining(Buffer.from(checkpoint, "base64"), data, all));
    }
    return outcomes;
  },

  /** A rank is killed, or ends, or fails, after some updates that were saved. */
  async killed() {
    for await (const { step } of writing(begin(first)))
      if (step === 20 && rank === 1) process.kill(process.pid, "SIGKILL");
    return "ended";
  },
  async exits() {
    for await (const { step } of writing(begin(first))) if (step === 20 && rank === 1) process.exit();
    return "ended";
  },
  async throws() {
    for await (const { step } of writing(begin(first)))
      if (step === 20 && rank === 1) throw new Error("rank 1 has had enough");
    return "ended";
  },
  async neverTrains() {
    return rank === 1 ? "nothing" : lossesOf(begin(first));
  },
  async data() {
    const data = [...(trainings[first].begin().data as Iterable<object>)];
    const failing = {
      *[Symbol.iterator]() {
        yield* data.slice(0, 5);
        throw new Error("the disk is full");
      },
    };
    const { network, begin: create } = trainings[first];
    const options = { ...create().options, maxSteps: UPDATES, ...(cluster && { cluster }) };
    await lossesOf(train(createNetwork(network), (rank === 1 ? failing : data) as never, options));
    return "ended";
  },

  /** Ranks differ. */
  async differ() {
    await lossesOf(begin(first, rank === 1 ? { clipNorm: 2 } : {}));
    return "ended";
  },

  /** A signal on one rank. */
  async signal() {
    const controller = new AbortController();
    const training = begin(first, { signal: controller.signal });
    let last = 0;
    try {
      for await (const { step } of training) {
        last = step;
        if (step === 10 && rank === 1) controller.abort(new Error("stop here"));
      }
      return "ended";
    } catch (error) {
      return { last, error: String(error), saved: training.save().length > 0 };
    }
  },

  /** What a cluster says of itself. */
  connect() {
    return Promise.resolve({ rank, size: (cluster as Cluster).size });
  },
};

/** Rank 0 keeps a checkpoint of each tenth update. */
async function* writing(training: Training): AsyncGenerator<{ step: number }, void> {
  for await (const event of training) {
    if (event.step % 10 === 0 && !event.epochEnd) {
      const checkpoint = Buffer.from(training.save()).toString("base64");
      if (rank === 0) writeFileSync(`${file}.from`, JSON.stringify({ [first]: checkpoint }));
    }
    yield event;
  }
}

report(await scenarios[scenario]());
