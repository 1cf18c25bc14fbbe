/** Makes in the worker what the page described. */

import { sequenceSet } from "../data/sequence-set.js";
import { tokenStream } from "../data/token-stream.js";
import type { TrainingData } from "../data/training-data.js";
import { describe } from "../errors.js";
import { artbp } from "../learn/back/artbp.js";
import { bptt } from "../learn/back/bptt.js";
import type { Learner, LossFunction } from "../learn/learner.js";
import { diagonalRtrl } from "../learn/online/diagonal-rtrl.js";
import { kfRtrl } from "../learn/online/kf-rtrl.js";
import { noBackTrack } from "../learn/online/no-back-track.js";
import { blockRtrl, rtrl } from "../learn/online/rtrl.js";
import { snap1 } from "../learn/online/snap1.js";
import { uoro } from "../learn/online/uoro.js";
import { tbptt } from "../learn/back/tbptt.js";
import { adagrad } from "../optimize/adagrad.js";
import { adam, adamW } from "../optimize/adam.js";
import type { Optimizer } from "../optimize/optimizer.js";
import { rmsprop } from "../optimize/rmsprop.js";
import { sgd } from "../optimize/sgd.js";
import type { Schedule } from "../train/options.js";
import {
  isOwn,
  type DataDescription,
  type LearnerDescription,
  type OptimizerDescription,
  type OwnDescription,
  type OwnFunctions,
} from "./descriptions.js";

/** By one of the caller's functions. */
function makeOwn<Product>(
  name: string,
  table: Readonly<Record<string, (options: unknown) => Product>> = {},
  { own, options }: OwnDescription,
): Product {
  if (Object.hasOwn(table, own)) return table[own](options);
  const given = Object.keys(table).map(describe).join(" or ");
  throw new RangeError(
    `"${name}.own" expected ${given === "" ? "none, as serveNetworks was given none" : given}, got ${describe(own)}`,
  );
}

function unknownType(name: string, { type }: { type: unknown }, types: string): RangeError {
  return new RangeError(`"${name}.type" expected one of ${types}, got ${describe(type)}`);
}

function describedOptimizer(description: Exclude<OptimizerDescription, OwnDescription>): Optimizer {
  switch (description.type) {
    case "sgd":
      return sgd(description);
    case "rmsprop":
      return rmsprop(description);
    case "adagrad":
      return adagrad(description);
    case "adam":
      return adam(description);
    case "adamW":
      return adamW(description);
    default:
      throw unknownType("optimizer", description, "sgd, rmsprop, adagrad, adam, adamW");
  }
}

function describedLearner(name: string, description: Exclude<LearnerDescription, OwnDescription>): Learner {
  switch (description.type) {
    case "bptt":
      return bptt(description);
    case "tbptt":
      return tbptt(description);
    case "artbp":
      return artbp(description);
    case "rtrl":
      return rtrl();
    case "diagonalRtrl":
      return diagonalRtrl();
    case "blockRtrl":
      return blockRtrl(description);
    case "uoro":
      return uoro(description);
    case "noBackTrack":
      return noBackTrack();
    case "kfRtrl":
      return kfRtrl();
    case "snap1":
      return snap1();
    default:
      throw unknownType(
        name,
        description,
        "bptt, tbptt, artbp, rtrl, blockRtrl, diagonalRtrl, uoro, noBackTrack, kfRtrl, snap1",
      );
  }
}

function describedData(name: string, description: Exclude<DataDescription, OwnDescription>): TrainingData {
  switch (description.type) {
    case "tokenStream":
      return tokenStream(description.tokens, description);
    case "sequenceSet":
      return sequenceSet(description.items, description);
    default:
      throw unknownType(name, description, "tokenStream, sequenceSet");
  }
}

/** Of learning rates, one an update; the last holds from there on. */
function listSchedule(rates: ArrayLike<number>): Schedule {
  return (step) => rates[Math.min(step, rates.length - 1)];
}

/** Throws a TypeError or RangeError that names the argument. */
export class Workshop {
  private readonly own: OwnFunctions;

  constructor(own: OwnFunctions) {
    this.own = own;
  }

  optimizer(description: OptimizerDescription): Optimizer {
    return isOwn(description)
      ? makeOwn("optimizer", this.own.optimizers, description)
      : describedOptimizer(description);
  }

  learner(name: string, description: LearnerDescription): Learner {
    return isOwn(description)
      ? makeOwn(name, this.own.learners, description)
      : describedLearner(name, description);
  }

  data(name: string, description: DataDescription): TrainingData {
    return isOwn(description) ? makeOwn(name, this.own.data, description) : describedData(name, description);
  }

  loss(description: OwnDescription): LossFunction {
    return makeOwn("loss", this.own.losses, description);
  }

  schedule(description: OwnDescription | ArrayLike<number>): Schedule {
    return isOwn(description)
      ? makeOwn("schedule", this.own.schedules, description)
      : listSchedule(description);
  }
}
