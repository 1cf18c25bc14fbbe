/** Makes in the worker what the page described. */

import { sequenceSet } from "../data/sequence-set.js";
import { tokenStream } from "../data/token-stream.js";
import type { TrainingData } from "../data/training-data.js";
import { describe, requireKnown } from "../errors.js";
import type { Learner, LossFunction } from "../learn/learner.js";
import { learningRules, type LearningRule } from "../learn/rules.js";
import { losses } from "../network/losses/by-name.js";
import type { Loss } from "../network/types.js";
import { optimizers, type Optimizer, type OptimizerName } from "../optimize/optimizers.js";
import type { Schedule } from "../train/options.js";
import {
  isOwn,
  type DataDescription,
  type LearnerDescription,
  type LossDescription,
  type OptimizerDescription,
  type OptimizerOptions,
  type OwnDescription,
  type OwnFunctions,
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

function describedLoss(description: LossDescription): Loss {
  const { type, ...options } = description;
  if (!Object.hasOwn(losses, type)) throw unknownType("loss", description, Object.keys(losses));
  const create = losses[type] as (options: object) => Loss;
  const loss = create(options);
  // Its fields are all that it takes; one that takes nothing did not look.
  requireKnown("loss", options, Object.keys(loss));
  return loss;
}

/** Options as the library takes them, of options that describe a loss. */
type MadeLoss<Options> = Options extends { readonly loss?: unknown }
  ? Omit<Options, "loss"> & { loss?: Loss }
  : Options;

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

  loss(description: Loss | LossDescription | OwnDescription): Loss | LossFunction {
    return isOwn(description)
      ? makeOwn("loss", this.own.losses, description)
      : describedLoss(description as LossDescription);
  }

  /** Returns options with the loss that theirs describes. */
  withLoss<Options extends { readonly loss?: unknown } | undefined>(options: Options): MadeLoss<Options> {
    if (options?.loss === undefined) return options as MadeLoss<Options>;
    return { ...options, loss: describedLoss(options.loss as LossDescription) } as MadeLoss<Options>;
  }

  schedule(description: OwnDescription | ArrayLike<number>): Schedule {
    return isOwn(description)
      ? makeOwn("schedule", this.own.schedules, description)
      : listSchedule(description);
  }
}
