/** Makes in the worker what the page described. */

import { sequenceSet } from "../data/sequence-set.js";
import { tokenStream } from "../data/token-stream.js";
import type { TrainingData } from "../data/training-data.js";
import { describe, requireKnown } from "../errors.js";
import type { Learner, LossFunction } from "../learn/learner.js";
import { learningRules, type LearningRule } from "../learn/rules.js";
import { losses, type LossName } from "../network/losses/by-name.js";
import type { Loss } from "../network/types.js";
import { optimizers, type Optimizer, type OptimizerName } from "../optimize/optimizers.js";
import { plateauSchedule, type PlateauSchedule } from "../train/schedules/plateau.js";
import type { Schedule } from "../train/schedules/schedule.js";
import {
  isOwn,
  type DataDescription,
  type LearnerDescription,
  type LossDescription,
  type LossOptions,
  type OptimizerDescription,
  type OptimizerOptions,
  type OwnDescription,
  type OwnFunctions,
  type ScheduleDescription,
} from "./descriptions.js";

/** Makes something by one of the functions that the caller gave to `serveNetworks`. */
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

function unknownType(name: string, { type }: { type: unknown }, types: readonly string[]): RangeError {
  return new RangeError(`"${name}.type" expected one of ${types.join(", ")}, got ${describe(type)}`);
}

function describedOptimizer<Name extends OptimizerName>(
  description: { type: Name } & OptimizerOptions[Name],
): Optimizer {
  const { type, ...options } = description;
  if (!Object.hasOwn(optimizers, type)) throw unknownType("optimizer", description, Object.keys(optimizers));
  const create: { readonly [Type in OptimizerName]: (options: OptimizerOptions[Type]) => Optimizer } =
    optimizers;
  return create[type](options as OptimizerOptions[Name]);
}

function describedLearner(name: string, description: Exclude<LearnerDescription, OwnDescription>): Learner {
  const { type, ...options } = description;
  if (!Object.hasOwn(learningRules, type)) throw unknownType(name, description, Object.keys(learningRules));
  const rule: LearningRule = learningRules[type];
  // A rule that has none does not look at them.
  if (rule.options.length === 0) requireKnown(name, options, []);
  return rule.create(options);
}

function describedData(name: string, description: Exclude<DataDescription, OwnDescription>): TrainingData {
  switch (description.type) {
    case "tokenStream": {
      const { type, tokens, ...options } = description;
      return tokenStream(tokens, options);
    }
    case "sequenceSet": {
      const { type, items, ...options } = description;
      return sequenceSet(items, options);
    }
    default:
      throw unknownType(name, description, ["tokenStream", "sequenceSet"]);
  }
}

function describedLoss<Name extends LossName>(description: { type: Name } & LossOptions[Name]): Loss {
  const { type, ...options } = description;
  if (!Object.hasOwn(losses, type)) throw unknownType("loss", description, Object.keys(losses));
  const create: { readonly [Type in LossName]: (options: LossOptions[Type]) => Loss } = losses;
  const loss = create[type](options as LossOptions[Name]);
  // Its fields are its name and all that it takes; one that takes nothing did not look.
  const { name: _name, ...known } = loss;
  requireKnown("loss", options, Object.keys(known));
  return loss;
}

function describedSchedule(description: ScheduleDescription): PlateauSchedule {
  const { type, ...options } = description;
  const given: string = type;
  if (given !== "plateau") throw unknownType("schedule", description, ["plateau"]);
  return plateauSchedule(options);
}

/** Makes a schedule of a list of learning rates, one an update; the last holds from there on. */
function listSchedule(rates: ArrayLike<number>): Schedule {
  return (step) => rates[Math.min(step, rates.length - 1)];
}

/** Makes what descriptions name. Each method throws a TypeError or RangeError that names the argument. */
export class DescriptionFactory {
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

  loss(description: LossDescription | OwnDescription): Loss | LossFunction {
    return isOwn(description)
      ? makeOwn("loss", this.own.losses, description)
      : describedLoss<LossName>(description);
  }

  /**
   * Returns options with the loss that theirs describe, of calls that take none but the library's. Throws a TypeError for a
   * function of the worker's own.
   */
  withLoss<Options extends { readonly loss?: LossDescription }>(
    options: Options | undefined,
  ): (Omit<Options, "loss"> & { loss?: Loss }) | undefined {
    if (options === undefined) return undefined;
    const { loss, ...rest } = options;
    if (loss === undefined) return rest;
    if (!isOwn(loss)) return { ...rest, loss: describedLoss<LossName>(loss) };
    throw new TypeError(
      `"loss" expected a loss of the library's, { type: "huber", delta: 2 }, got { own: ${describe(loss.own)} }: functions of ` +
        `the worker's own are for train and evaluate`,
    );
  }

  schedule(
    description: ScheduleDescription | OwnDescription | ArrayLike<number>,
  ): Schedule | PlateauSchedule {
    if (isOwn(description)) return makeOwn("schedule", this.own.schedules, description);
    return "type" in description ? describedSchedule(description) : listSchedule(description);
  }
}
