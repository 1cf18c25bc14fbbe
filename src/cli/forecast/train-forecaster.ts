/** Trains a network until its validation gets no better. */

import { adam, DivergenceError, train, type ForecastPart, type Network, type Progress } from "../../index.js";
import type { ForecastLimit } from "./forecast-options.js";

/** Updates from one look at the validation rows to the next, at least and at most. */
const LEAST_UPDATES = 50;
const MOST_UPDATES = 500;

/** Forecasts that are validated at a time. */
const VALIDATION_BATCH = 256;

export interface ForecasterTraining {
  readonly training: ForecastPart;
  readonly validation: ForecastPart;
}

export interface ForecasterOptions {
  readonly batch: number;
  readonly seed: number;
  readonly learningRate: number;
  readonly clip: number;
  readonly limit: ForecastLimit;
  /** Looks without a lower loss after which training ends. */
  readonly patience: number;
}

/** A look at the validation rows. */
export interface ForecasterLook {
  readonly step: number;
  readonly epoch: number;
  /** The mean squared error, as scaled. */
  readonly validation: number;
  /** Whether it is the lowest so far. */
  readonly best: boolean;
  readonly seconds: number;
}

/** What is told while the training goes on, and asked. */
export interface ForecasterWatch {
  /** Takes an update, and the share of the limit that is used up. */
  readonly update: (progress: Progress, share: number) => void;
  readonly look: (look: ForecasterLook) => void;
  /** Whether to end after this update. */
  readonly stopped: () => boolean;
}

/** How a training went. */
export interface Trained {
  readonly ending: "limit" | "patience" | "signal" | "divergence";
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly looks: number;
  /** The look whose parameters the network has now; undefined where there was none, and it has the last. */
  readonly best: ForecasterLook | undefined;
  /** With the ending "divergence". */
  readonly error?: DivergenceError;
}

/** Returns the updates from one look to the next: an epoch's, or even parts of it, so that the last update is looked at too. */
export function lookEvery(epoch: number, total?: number): number {
  const every = Math.max(LEAST_UPDATES, Math.ceil(epoch / Math.ceil(epoch / MOST_UPDATES)));
  return total === undefined ? every : Math.ceil(total / Math.ceil(total / every));
}

/** Trains to the limit, until `patience` looks brought nothing better, or until it is stopped. The network has the best parameters. */
export async function trainForecaster(
  network: Network,
  { training, validation }: ForecasterTraining,
  { batch, seed, learningRate, clip, limit, patience }: ForecasterOptions,
  watch: ForecasterWatch,
): Promise<Trained> {
  const epochUpdates = Math.ceil(training.origins.length / batch);
  const total = limit.kind === "epochs" ? limit.amount * epochUpdates : undefined;
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  let [steps, epochs, looks] = [0, 0, 0];
  let best: ForecasterLook | undefined;
  let ending: Trained["ending"] | undefined;
  let error: DivergenceError | undefined;
  const events = train(network, training.windows({ batch, shuffle: true, seed }), {
    optimizer: adam({ learningRate }),
    clipNorm: clip,
    maxSteps: total ?? Number.MAX_SAFE_INTEGER,
    ...(validation.origins.length > 0 && {
      validation: validation.windows({ batch: VALIDATION_BATCH }),
      validateEvery: lookEvery(epochUpdates, total),
      patience,
      keepBest: true,
    }),
  });
  try {
    for await (const progress of events) {
      if (progress.epochEnd) continue;
      ({ step: steps, epoch: epochs } = progress);
      const share = total === undefined ? seconds() / (60 * limit.amount) : steps / total;
      watch.update(progress, Math.min(1, share));
      const { validationLoss } = progress;
      if (validationLoss !== undefined) {
        const look = { step: steps, epoch: epochs, validation: validationLoss, seconds: seconds() };
        const lower = validationLoss < (best?.validation ?? Infinity);
        if (lower) best = { ...look, best: true };
        looks++;
        watch.look({ ...look, best: lower });
      }
      if (watch.stopped()) ending = "signal";
      else if (share >= 1) ending = "limit";
      if (ending !== undefined) break;
    }
  } catch (thrown) {
    if (!(thrown instanceof DivergenceError)) throw thrown;
    [ending, error] = ["divergence", thrown];
  }
  return {
    ending: ending ?? "patience",
    steps,
    epochs,
    seconds: seconds(),
    looks,
    best,
    ...(error !== undefined && { error }),
  };
}
