/** What the commands that train tell `fit`. */

import type {
  Build,
  Cluster,
  Network,
  Optimizer,
  ThreadPool,
  TrainingData,
  TrainOptions,
} from "../../index.js";
import type { Details, Figures, Finding } from "./events.js";
import type { Limit } from "./limit.js";
import type { RatePlan } from "./rates.js";

/** How figures are named and written. */
export interface Units {
  /** What the network reads a second: "characters", "words", "rows". */
  readonly steps: string;
  /** Writes a loss: "1.234 nats (1.780 bits)". */
  readonly loss: (value: number) => string;
  /** What the loss is in, for an axis: "nats a character". */
  readonly lossName: string;
  /** What looks are taken at: default "held out". */
  readonly looks?: string;
}

/** What is shown of a network besides its held-out loss. */
export interface Shown {
  /** A text that it writes, or one that says how it does, for people. */
  readonly sample?: string;
  readonly figures?: Figures;
}

/** What the model that was kept amounts to. */
export interface Outcome extends Shown {
  /** The loss over all that is held out; undefined where nothing is. */
  readonly heldOut?: number;
  /** Said at the end, in lines. */
  readonly lines: readonly string[];
  /** Said under them, and kept for the report: what is too much for figures. */
  readonly findings?: readonly Finding[];
  readonly details?: Details;
}

/** What a model's file tells of its training. */
export interface Trained {
  /** Updates. */
  readonly steps: number;
  /** The held-out loss at the model's look; undefined where nothing was held out. */
  readonly heldOut?: number;
}

/** How to train, whatever it is that learns: `readFitPlan` reads it from the options that all training commands share. */
export interface FitPlan {
  /** What the command is called: "train". */
  readonly command: string;
  /** Its options by name, as typed, defaults included. */
  readonly settings: Readonly<Record<string, string>>;
  readonly limit: Limit;
  readonly rates: RatePlan;
  /** The largest norm of the gradient. */
  readonly clip: number;
  /** Looks without a better held-out loss after which training ends; Infinity: it goes on. */
  readonly patience: number;
  /** Of the network's first weights, and of whatever else is drawn. */
  readonly seed: number;
  readonly build: "auto" | Build;
  /** The model's file; undefined where it was not given. */
  readonly out: string | undefined;
  /** The run's folder; undefined: none. */
  readonly run: string | undefined;
  /** Seconds from one checkpoint of a run to the next. */
  readonly checkpointSeconds: number;
  /** Whether JSON lines go to the output instead of words. */
  readonly json: boolean;
  /** Whether the processes that mpirun has started train together. */
  readonly mpi: boolean;
  /** They, once they are connected. */
  readonly cluster?: Cluster;
  /** Threads that share the work of this process. */
  readonly threads: number;
  /** They, once they have started; the job's network runs on them. */
  readonly pool?: ThreadPool;
}

/** What is trained, on what, and how it is told of. */
export interface FitJob {
  readonly network: Network;
  readonly data: TrainingData;
  /** What looks are taken at: short, since there are some dozens of them. Undefined: nothing is held out, and the last model kept. */
  readonly heldOut: TrainingData | undefined;
  /** Updates in an epoch, about. */
  readonly epochUpdates: number;
  /** Updates from one look to the next; undefined: some dozens of looks, closer at the beginning. */
  readonly lookEvery?: number;
  /** Of `train`'s options those that the command decides. */
  readonly train?: Pick<TrainOptions, "learner" | "loss" | "accumulate" | "updateEvery" | "clipValue">;
  /** Default adam(). */
  readonly createOptimizer?: (learningRate: number) => Optimizer;
  readonly units: Units;
  /** Says what is trained, in lines. */
  readonly head: readonly string[];
  /** The same for machines. */
  readonly details?: Details;
  /** Called at each look. */
  readonly show?: (network: Network) => Promise<Shown> | Shown;
  /** Measures the model that is kept, once, at the end. */
  readonly measure: (network: Network) => Promise<Outcome> | Outcome;
  /** Makes the model's file, with all that is needed to use it. The same network gives the same bytes. */
  readonly save: (network: Network, trained: Trained) => Uint8Array;
  /** Says what to do with the model's file next, in lines. */
  readonly next?: (path: string) => readonly string[];
}
