/** Asks a worker to train and evaluate, and yields what it tells. */

import { isArrayLike } from "../data/token-list.js";
import { requireInteger, requireNumber, requireObject } from "../errors.js";
import type { Evaluation } from "../train/evaluate.js";
import { requireSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { JobArguments, SentTraining } from "./calls.js";
import type { Connection } from "./connection.js";
import { isOwn, requireDescription, wrongDescription, type OwnDescription } from "./descriptions.js";
import { fields } from "./fields.js";
import { packData, PageJob, type JobParts } from "./page-job.js";
import { PageOptimizer } from "./page-optimizer.js";
import { Parcel } from "./portable-arrays.js";
import type { RemoteData, RemoteEvaluateOptions, RemoteTrainOptions } from "./types.js";

/** Default milliseconds ahead: six times what events are gathered for, so that a page now and then busy holds nothing up. */
const AHEAD = 100;

/** Copies a list of learning rates, each checked; a description goes as it is. */
function packSchedule(schedule: unknown): OwnDescription | Float64Array {
  if (isOwn(schedule)) return schedule;
  if (!isArrayLike(schedule)) throw wrongDescription("schedule", schedule, "learning rates, one an update");
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
    schedule: schedule === undefined ? undefined : packSchedule(schedule),
    validation: validation === undefined ? undefined : packData("validation", validation, parcel),
  };
}

/** Reads and checks the arguments now, and begins the work with the first event that is asked for. */
export function trainInWorker(
  connection: Connection,
  network: number,
  data: RemoteData,
  options: RemoteTrainOptions,
): AsyncGenerator<Progress, void> {
  const { signal, validation, ahead = AHEAD } = requireObject("options", options);
  if (signal !== undefined) requireSignal(signal);
  requireNumber("ahead", ahead, { least: 0 });
  const parcel = new Parcel();
  const sent = packData("data", data, parcel);
  const args: JobArguments<"train"> = [network, sent, packOptions(options, connection, parcel), ahead];
  return relayTraining(connection, { data, validation, signal }, args, parcel.transfer);
}

async function* relayTraining(
  connection: Connection,
  parts: JobParts,
  args: JobArguments<"train">,
  transfer: ArrayBuffer[],
): AsyncGenerator<Progress, void> {
  const { signal } = parts;
  signal?.throwIfAborted();
  const job = new PageJob(connection, parts);
  const ended = job.begin("train", args, transfer);
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
