/** Trains a network until what is held out gets no better. */

import {
  adam,
  DivergenceError,
  evaluate,
  train,
  type Network,
  type Progress,
  type TrainingData,
} from "../../index.js";
import type { Limit } from "../fit/limit.js";

/** Updates from one look at what is held out to the next, at least and at most. */
const LEAST_UPDATES = 50;
const MOST_UPDATES = 500;

export interface FitData {
  readonly training: TrainingData;
  /** Updates in an epoch. */
  readonly updates: number;
  readonly watched: TrainingData;
}

export interface FitOptions {
  readonly limit: Limit;
  readonly learningRate: number;
  readonly clip: number;
  /** Looks without a lower loss after which training ends. */
  readonly patience: number;
}

/** A look at what is held out. */
export interface Look {
  readonly step: number;
  readonly epoch: number;
  /** The loss, weighed as in training. */
  readonly heldOut: number;
  /** Whether it is the lowest so far. */
  readonly best: boolean;
  readonly seconds: number;
}

/** What is told while the training goes on, and asked. */
export interface FitWatch {
  /** Takes an update, and the share of the limit that is used up. */
  readonly update: (progress: Progress, share: number) => void;
  readonly look: (look: Look) => void;
  /** Whether to end after this update. */
  readonly stopped: () => boolean;
}

export interface Fitted {
  readonly ending: "limit" | "patience" | "signal" | "divergence";
  /** Updates in all. */
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly looks: number;
  /** The look whose parameters the network has now; undefined where there was none, and it has the last. */
  readonly best: Look | undefined;
  /** With the ending "divergence". */
  readonly error?: DivergenceError;
}

/** Returns the updates of a limit; undefined for one in minutes. */
function updatesOf({ kind, amount }: Limit, epoch: number): number | undefined {
  if (kind === "minutes") return undefined;
  return kind === "steps" ? amount : amount * epoch;
}

/** Returns the updates from one look to the next: an epoch's, or so many of it that looks are evenly apart. */
export function lookEvery(epoch: number): number {
  return Math.max(LEAST_UPDATES, Math.ceil(epoch / Math.ceil(epoch / MOST_UPDATES)));
}

function readParameters({ parameters }: Network): Float32Array[] {
  return parameters.map((parameter) => parameter.read());
}

/** Counts the looks, and keeps in mind which was the best. */
class Looks {
  count = 0;
  best: Look | undefined;
  private readonly watch: FitWatch;

  constructor(watch: FitWatch) {
    this.watch = watch;
  }

  /** Takes in the held-out loss after an update; returns whether it is the lowest so far. */
  take({ step, epoch }: Progress, heldOut: number, seconds: number): boolean {
    const best = heldOut < (this.best?.heldOut ?? Infinity);
    const look = { step, epoch, heldOut, best, seconds };
    if (best) this.best = look;
    this.count++;
    this.watch.look(look);
    return best;
  }
}

/**
 * Trains to the limit, until `patience` looks brought nothing better, or until it is stopped; there is a look after the last
 * update, wherever it falls. The network then has the parameters of its best look.
 */
export async function fitClassifier(
  network: Network,
  data: FitData,
  { limit, learningRate, clip, patience }: FitOptions,
  watch: FitWatch,
): Promise<Fitted> {
  const total = updatesOf(limit, data.updates);
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const looks = new Looks(watch);
  let [steps, epochs] = [0, 0];
  let last: Float32Array[] | undefined;
  const ended = (ending: Fitted["ending"]): Fitted => {
    last?.forEach((values, i) => {
      network.parameters[i].write(values);
    });
    return { ending, steps, epochs, seconds: seconds(), looks: looks.count, best: looks.best };
  };
  const events = train(network, data.training, {
    optimizer: adam({ learningRate }),
    clipNorm: clip,
    validation: data.watched,
    validateEvery: lookEvery(data.updates),
    patience,
    keepBest: true,
    epochs: Number.MAX_SAFE_INTEGER,
  });
  let ending: Fitted["ending"] = "patience";
  try {
    for await (const progress of events) {
      if (progress.epochEnd) continue;
      const { step, epoch, validationLoss } = progress;
      [steps, epochs] = [step, epoch];
      const share = total === undefined ? seconds() / (60 * limit.amount) : step / total;
      watch.update(progress, Math.min(1, share));
      if (validationLoss !== undefined) looks.take(progress, validationLoss, seconds());
      const stopped = watch.stopped();
      if (!stopped && share < 1) continue;
      ending = stopped ? "signal" : "limit";
      if (validationLoss === undefined) {
        const { loss } = await evaluate(network, data.watched);
        // `train` gives back the parameters of the best look that it knows of.
        if (looks.take(progress, loss, seconds())) last = readParameters(network);
      }
      break;
    }
  } catch (error) {
    if (error instanceof DivergenceError) return { ...ended("divergence"), error };
    throw error;
  }
  return ended(ending);
}
