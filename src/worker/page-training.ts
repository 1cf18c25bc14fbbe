/** Asks a worker to train and evaluate, and yields what it tells. */

import { isArrayLike } from "../data/token-list.js";
import { InvalidStateError, requireInteger, requireNumber, requireObject } from "../errors.js";
import type { Evaluation } from "../train/evaluate.js";
import { requireSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { SentTraining } from "./calls.js";
import type { Connection } from "./connection.js";
import { describeSchedule, requireDescription, type SentData } from "./descriptions.js";
import { fields } from "./fields.js";
import { packData, PageJob, type JobParts } from "./page-job.js";
import { PageOptimizer } from "./page-optimizer.js";
import { Parcel } from "./portable-arrays.js";
import type { RemoteHandle } from "./remote-handle.js";
import type {
  RemoteData,
  RemoteEvaluateOptions,
  RemoteNetwork,
  RemoteTraining,
  RemoteTrainOptions,
} from "./types.js";

/** A network in a worker, with its handle. */
type TrainedNetwork = RemoteNetwork & RemoteHandle;

/** Default milliseconds ahead: six times what events are gathered for, so that a page now and then busy holds nothing up. */
const AHEAD = 100;

/** Copies a list of learning rates, each checked; anything else goes described. */
function packSchedule(given: RemoteTrainOptions["schedule"]): SentTraining["schedule"] {
  if (given === undefined) return undefined;
  const schedule = describeSchedule(given);
  if (!isArrayLike(schedule)) return schedule as SentTraining["schedule"];
  const length = requireInteger("schedule.length", schedule.length, 1);
  const rates: number[] = [];
  for (let i = 0; i < length; i++) rates.push(requireNumber(`schedule[${i}]`, schedule[i], { least: 0 }));
  return Float64Array.from(rates);
}

function packOptimizer(
  optimizer: RemoteTrainOptions["optimizer"],
  connection: Connection,
): SentTraining["optimizer"] {
  if (optimizer instanceof PageOptimizer) {
    if (optimizer.connection === connection) return optimizer.requireHandle();
    throw new TypeError(`"optimizer" expected one of the same worker, got one of another`);
  }
  requireDescription("optimizer", optimizer, `{ type: "adam", learningRate: 1e-3 }`);
  return "type" in optimizer || "own" in optimizer ? optimizer : 0;
}

function packOptions(options: RemoteTrainOptions, connection: Connection, parcel: Parcel): SentTraining {
  const { learner, schedule, validation } = options;
  if (learner !== undefined) requireDescription("learner", learner, `{ type: "tbptt", k1: 64 }`);
  return {
    ...parcel.packOptions(options, fields.trainOptions),
    learner,
    optimizer: packOptimizer(options.optimizer, connection),
    schedule: packSchedule(schedule),
    validation: validation === undefined ? undefined : packData("validation", validation, parcel),
  };
}

/** What a training in a worker is to do, read and checked. */
export interface PackedTraining {
  /** What the page has of it. */
  readonly parts: JobParts;
  /** What is sent, the buffers being the parcel's. */
  readonly args: readonly [data: SentData, options: SentTraining, ahead: number];
}

/** Reads and checks what a training is to do. Throws a TypeError or RangeError. */
export function packTraining(
  connection: Connection,
  data: RemoteData,
  options: RemoteTrainOptions,
  parcel: Parcel,
): PackedTraining {
  const { signal, validation, ahead = AHEAD } = requireObject("options", options);
  if (signal !== undefined) requireSignal(signal);
  requireNumber("ahead", ahead, { least: 0 });
  const sent = packData("data", data, parcel);
  return {
    parts: { data, validation, signal },
    args: [sent, packOptions(options, connection, parcel), ahead],
  };
}

/** Reads and checks the arguments now, and begins the work with the first event that is asked for. */
export function trainInWorker(
  network: TrainedNetwork,
  data: RemoteData,
  options: RemoteTrainOptions,
): RemoteTraining {
  const parcel = new Parcel();
  const handle = network.requireHandle();
  const { parts, args } = packTraining(network.connection, data, options, parcel);
  return remoteTraining(network, parts, (job) => job.begin("train", [handle, ...args], parcel.transfer));
}

/** Returns a training that `begin` lets the worker begin, as the first event is asked for. */
export function remoteTraining(
  network: TrainedNetwork,
  parts: JobParts,
  begin: (job: PageJob) => Promise<void>,
): RemoteTraining {
  const { connection } = network;
  const job = new PageJob(connection, parts);
  return Object.assign(relayTraining(connection, job, parts, begin), {
    network,
    async save(): Promise<Uint8Array> {
      network.requireHandle();
      if (job.id !== 0) return connection.call("saveTraining", [job.id]);
      throw new InvalidStateError(`save() expected a training that began: take its first event before`);
    },
  });
}

async function* relayTraining(
  connection: Connection,
  job: PageJob,
  { signal }: JobParts,
  begin: (job: PageJob) => Promise<void>,
): AsyncGenerator<Progress, void> {
  signal?.throwIfAborted();
  const ended = begin(job);
  // After `break` its end is of no interest.
  ended.catch(() => undefined);
  const abort = (): void => {
    job.stop("signal");
  };
  signal?.addEventListener("abort", abort);
  try {
    yield* takeEvents(job, signal);
    await connection.awaiting(ended);
  } catch (error) {
    void job.closeData().catch(() => undefined);
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    job.stop("break");
    await job.end();
    await job.closeData();
  }
}

/** Yields events until the job is over and all were taken, or the signal aborted and the job is over. */
async function* takeEvents(job: PageJob, signal: JobParts["signal"]): AsyncGenerator<Progress, void> {
  let taken = 0;
  for (;;) {
    const event = job.events.shift();
    if (event !== undefined && signal?.aborted === true) {
      await job.end();
      signal.throwIfAborted();
    } else if (event !== undefined) {
      yield event;
      taken++;
    } else if (job.over) {
      return;
    } else {
      job.taken(taken);
      taken = 0;
      await job.more();
    }
  }
}

export async function evaluateInWorker(
  connection: Connection,
  network: number,
  data: RemoteData,
  options?: RemoteEvaluateOptions,
): Promise<Evaluation> {
  const parcel = new Parcel();
  const sent = packData("data", data, parcel);
  const how = parcel.packOptions(options, fields.evaluateOptions);
  const job = new PageJob(connection, { data });
  const ended = job.begin("evaluate", [network, sent, how], parcel.transfer);
  try {
    return await connection.awaiting(ended);
  } finally {
    job.closeData().catch(() => undefined);
  }
}
