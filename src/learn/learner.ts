/**
 * Defines what a learning rule is to the training loop: how it begins, takes windows and yields gradients.
 */

import { describe, requireInteger, requireNumber, requireObject } from "../errors.js";
import type { TrainingWindow } from "../data/training-data.js";
import { definitionOf } from "../network/losses/definition.js";
import type { Loss, Network, Reduction, State } from "../network/types.js";
import type { PlainData } from "../plain-data.js";
import type { CheckedWindow } from "./windows/checked-window.js";

/**
 * A learning rule, made by `bptt()`, `tbptt()`, … or `createLearner()`, says how gradients are obtained. It
 * keeps no state, so that one learner serves any number of trainings.
 */
export interface Learner {
  readonly name: string;
}

/**
 * A loss function of the caller's own replaces the targets' loss. It maps the outputs of a window, [T, B, O],
 * to the loss and to dLoss/doutputs, [T, B, O]. Where a rule cuts or joins windows, `window` is the stretch
 * of steps that the rule learns from. Where an online rule asks several times for one gradient, loss and
 * gradient are averaged, weighted by steps.
 */
export type LossFunction = (
  outputs: Float32Array,
  window: TrainingWindow,
) => { loss: number; gradient: Float32Array };

/** Holds what a learning rule works with during one training. */
export interface LearnerContext {
  readonly network: Network;
  /**
   * The loss instead of the targets' own: one of the library's, which a window's checked targets know of; or a function, whose
   * gradient is taken as it is, whatever the reduction.
   */
  readonly loss?: LossFunction | Loss | undefined;
  /** Whether loss and gradient of an event are means over its targets or sums; `train` asks for means. */
  readonly reduction: Reduction;
  /**
   * Seed for rules that draw at random: equal seeds give equal draws, consecutive seeds independent ones.
   * `train` gives the network's option `seed`.
   */
  readonly seed: number;
  /**
   * State that the first window starts from, default zeros; later windows that do not carry start from zeros.
   */
  readonly state?: State | undefined;
}

/** Reports one gradient, which the rule has just added to the gradients of the network's parameters. */
export interface GradientEvent {
  /** The loss that was differentiated; undefined where the targets were a gradient. */
  readonly loss: number | undefined;
  /** Number of targets that the loss is the mean, or the sum, over. */
  readonly count: number;
  /** What the mean was divided by, where targets have weights: their sum; default `count`. */
  readonly weight?: number;
  /** T·B, the number of steps, over all sequences, that this gradient was learned from. */
  readonly steps: number;
}

/**
 * A learner run is a rule at work on one network. The training loop may move the parameters and zeroes the
 * gradients after each event and before it asks for the next: a rule computes an event only when it is asked
 * for.
 */
export interface LearnerRun {
  /**
   * Yields the gradients that one more window brings: none, one, or several. The checked arrays may be kept;
   * what the caller handed in, `window.window`, is not, nor is it read after the first event.
   */
  window(window: CheckedWindow): Iterable<GradientEvent>;
  /** Ends the epoch: yields the gradient of the steps still pending, if any, and drops the carried state. */
  end(): Iterable<GradientEvent>;
  /** Frees the memory that the run holds, when training is over. */
  dispose?(): void;
  /**
   * For checkpoints: all that the run remembers, as plain data (numbers, texts, typed arrays, lists and objects of such). It is
   * called between events, or where training was stopped while it waited for a window.
   */
  save?(): PlainData;
  /** Goes on with what `save` returned, before any window comes. */
  restore?(saved: PlainData): void;
  /**
   * Whether the window that came last has steps left to learn from. A run that was saved so gets this window once more after
   * `restore`, and goes on behind the event before. Default false: a window is done with when an event of it was yielded last.
   */
  readonly unfinished?: boolean;
}

/** A run that can be kept in a checkpoint. */
export type KeptRun = LearnerRun & Required<Pick<LearnerRun, "save" | "restore">>;

/** Returns a run that can be kept. Throws a TypeError for one of the caller's own that cannot. */
export function requireKept(run: LearnerRun, { name }: Learner): KeptRun {
  if (isKept(run)) return run;
  throw new TypeError(
    `"learner" expected a run with the methods save and restore, to be kept in a checkpoint, got ${name} without them`,
  );
}

function isKept(run: LearnerRun): run is KeptRun {
  return typeof run.save === "function" && typeof run.restore === "function";
}

/** Starts a rule on one network. Throws a RangeError for a network that the rule cannot train. */
export type BeginLearning = (context: LearnerContext) => LearnerRun;

/** Maps each learner to the function that begins it; kept here, so that a learner shows its name alone. */
const beginnings = new WeakMap<object, BeginLearning>();

/** Learners that may give several gradients a window, or one for several. */
const cutting = new WeakSet<Learner>();

/** Notes that a learner cuts windows. */
export function cuts(learner: Learner): Learner {
  cutting.add(learner);
  return learner;
}

export function cutsWindows(learner: Learner): boolean {
  return cutting.has(learner);
}

/**
 * Creates a learning rule of one's own, for `train`, `estimateGradient` and `compareLearners`. `begin` is
 * called once a training and returns the run that takes the windows. Each gradient is added to the network's
 * own (by `network.backward` or `parameter.writeGradient`) before its event is yielded. This rule
 * back-propagates over each window as a whole, without dropout:
 *
 * ```ts
 * const whole = createLearner("whole", ({ network, reduction, state: first }) => {
 *   let state = first;
 *   let started = false;
 *   return {
 *     *window({ window: { inputs, targets }, carry }) {
 *       if (started && !carry) state = undefined;
 *       started = true;
 *       const run = network.forward(inputs, { state });
 *       const { loss, count } = network.backward(targets, { reduction });
 *       state = run.state;
 *       yield { loss, count, steps: inputs.steps * inputs.batch };
 *     },
 *     end: () => [],
 *   };
 * });
 * ```
 *
 * Throws a TypeError when `name` is no string or `begin` no function. Training throws a TypeError or
 * RangeError for a run or an event that is not as described.
 */
export function createLearner(name: string, begin: BeginLearning): Learner {
  if (typeof name !== "string") throw new TypeError(`"name" expected a string, got ${describe(name)}`);
  if (typeof begin !== "function") throw new TypeError(`"begin" expected a function, got ${describe(begin)}`);
  const learner = Object.freeze({ name });
  beginnings.set(learner, (context) => checkedRun(begin(context)));
  return learner;
}

/**
 * Returns the function that begins a learner. Throws a TypeError for a learner that the library did not make.
 */
export function requireLearner(name: string, learner: unknown): BeginLearning {
  const begin = typeof learner === "object" && learner !== null ? beginnings.get(learner) : undefined;
  if (begin !== undefined) return begin;
  throw new TypeError(`"${name}" expected one made by bptt(), tbptt(), …, got ${describe(learner)}`);
}

/** Whether a loss is a function of the caller's own. */
export function isLossFunction(loss: LearnerContext["loss"]): loss is LossFunction {
  return typeof loss === "function";
}

/** Returns the context's loss where it is a function of the caller's own. */
export function callersLoss({ loss }: Pick<LearnerContext, "loss">): LossFunction | undefined {
  return isLossFunction(loss) ? loss : undefined;
}

/**
 * Throws a RangeError for what needs whole sequences, for rules that cut them: a bidirectional network, a loss of whole sequences,
 * or a function for the loss of one output a sequence, which would be asked about sequences that have not ended.
 */
export function requireStepwise(
  { network, loss }: Pick<LearnerContext, "network" | "loss">,
  rule: string,
): void {
  const { bidirectional, output } = network.options;
  if (bidirectional)
    throw new RangeError(`"learner" expected bptt() for a bidirectional network, got ${rule}()`);
  if (definitionOf(loss)?.requireWhole !== undefined) {
    throw new RangeError(
      `"learner" expected bptt() for the loss ctc(), which needs whole sequences, got ${rule}()`,
    );
  }
  if (output === "sequence" && isLossFunction(loss)) {
    throw new RangeError(
      `"learner" expected bptt() for a loss function and one output a sequence, got ${rule}(), which cuts sequences`,
    );
  }
}

/** Returns the run with each event checked as it comes. */
function checkedRun(run: LearnerRun): LearnerRun {
  const given = requireObject("begin(…)", run);
  for (const method of ["window", "end"] as const) {
    const found: unknown = Reflect.get(given, method);
    if (typeof found !== "function")
      throw new TypeError(`"begin(…).${method}" expected a function, got ${describe(found)}`);
  }
  const kept = isKept(given) ? given : undefined;
  return {
    window: (window) => checkedEvents("window(…)", given.window(window)),
    end: () => checkedEvents("end()", given.end()),
    dispose: () => given.dispose?.(),
    ...(kept && {
      save: () => kept.save(),
      restore: (saved: PlainData) => {
        kept.restore(saved);
      },
    }),
    get unfinished() {
      return given.unfinished === true;
    },
  };
}

function* checkedEvents(name: string, events: Iterable<GradientEvent>): Generator<GradientEvent, void> {
  if (!isIterable(events))
    throw new TypeError(`"${name}" expected an iterable of events, got ${describe(events)}`);
  for (const event of events) {
    const { loss, count, weight, steps } = requireObject(`${name} event`, event);
    if (loss !== undefined && typeof loss !== "number")
      throw new TypeError(`"${name} event.loss" expected a number or undefined, got ${describe(loss)}`);
    requireInteger(`${name} event.count`, count, 0);
    requireInteger(`${name} event.steps`, steps, 0);
    if (weight !== undefined) requireNumber(`${name} event.weight`, weight, { least: 0 });
    yield event;
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
