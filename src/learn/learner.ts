/** How a gradient is obtained, and what stands between the learning rules and the training loop. */

import { describe, requireInteger, requireObject } from "../errors.js";
import type { TrainingWindow } from "../data/training-data.js";
import type { Network, Reduction, State } from "../network/types.js";
import type { CheckedWindow } from "./windows/checked-window.js";

/**
 * A learning rule, made by `bptt()`, `tbptt()`, … or `createLearner()`; it keeps nothing, so that one serves any number of
 * trainings.
 */
export interface Learner {
  readonly name: string;
}

/**
 * A loss of the caller's own, instead of the targets': from the outputs, [T, B, O], of a window to the loss and
 * dLoss/doutputs, [T, B, O]. Where a rule cuts or joins windows, the window is the stretch of steps that it learns from;
 * where an online rule makes several of one gradient, loss and gradient are their mean by steps.
 */
export type LossFunction = (
  outputs: Float32Array,
  window: TrainingWindow,
) => { loss: number; gradient: Float32Array };

/** What a rule works with during one training. */
export interface LearnerContext {
  readonly network: Network;
  /** Instead of the targets' own; its gradient is taken as it is, whatever the reduction. */
  readonly loss?: LossFunction | undefined;
  /** Of each event's loss and gradient: the mean over its targets, or their sum. `train` asks for the mean. */
  readonly reduction: Reduction;
  /**
   * Of rules that draw: the same seed draws the same, and consecutive seeds draw independently. `train` gives the network's
   * option `seed`.
   */
  readonly seed: number;
  /** What the first window starts from, default zeros; every later one that carries nothing starts from zeros. */
  readonly state?: State | undefined;
}

/** A gradient, which now stands in the network, added to what was there. */
export interface GradientEvent {
  /** What it is the gradient of; undefined where the targets were a gradient. */
  readonly loss: number | undefined;
  /** Targets that the loss is the mean, or the sum, over. */
  readonly count: number;
  /** T·B steps that this gradient was learned from. */
  readonly steps: number;
}

/**
 * A rule at work on one network. After each event, and before it asks for the next, the training loop may move the
 * parameters, and zeroes the gradients: a rule computes an event only when it is asked for.
 */
export interface LearnerRun {
  /**
   * The gradients that one more window brings: none, one, or several. The arrays of the window are not kept, nor read again
   * after the first event.
   */
  window(window: CheckedWindow): Iterable<GradientEvent>;
  /** The epoch ended: the gradient of what was put off, if anything was; the carried state is dropped. */
  end(): Iterable<GradientEvent>;
  /** Training is over: gives back what memory it holds. */
  dispose?(): void;
}

/** Starts a rule on one network. Throws a RangeError for a network that the rule cannot train. */
export type BeginLearning = (context: LearnerContext) => LearnerRun;

/** How each learner begins: kept apart, so that a learner shows its name alone. */
const beginnings = new WeakMap<object, BeginLearning>();

/**
 * A learning rule of one's own, for `train`, `estimateGradient` and `compareLearners`. `begin` is called once a training and
 * returns what takes the windows; each gradient is added to the network's own (by `network.backward`, or by
 * `parameter.writeGradient`) before its event is yielded. Back-propagation over each window as a whole, without dropout:
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
 * A TypeError when `name` is no string or `begin` no function; a TypeError or RangeError at work for a run or an event that is
 * not what it should be.
 */
export function createLearner(name: string, begin: BeginLearning): Learner {
  if (typeof name !== "string") throw new TypeError(`"name" expected a string, got ${describe(name)}`);
  if (typeof begin !== "function") throw new TypeError(`"begin" expected a function, got ${describe(begin)}`);
  const learner = Object.freeze({ name });
  beginnings.set(learner, (context) => checkedRun(begin(context)));
  return learner;
}

/** How a learner begins. TypeError for one that the library did not make. */
export function requireLearner(name: string, learner: unknown): BeginLearning {
  const begin = typeof learner === "object" && learner !== null ? beginnings.get(learner) : undefined;
  if (begin !== undefined) return begin;
  throw new TypeError(`"${name}" expected one made by bptt(), tbptt(), …, got ${describe(learner)}`);
}

/** Throws a RangeError for a network that reads both ways: of rules that do not wait for a sequence's end. */
export function requireOneDirection({ options }: Network, rule: string): void {
  if (options.bidirectional)
    throw new RangeError(`"learner" expected bptt() for a bidirectional network, got ${rule}()`);
}

/** The run as it is, each event checked when it comes. */
function checkedRun(run: LearnerRun): LearnerRun {
  const given = requireObject("begin(…)", run);
  for (const method of ["window", "end"] as const) {
    const found: unknown = Reflect.get(given, method);
    if (typeof found !== "function")
      throw new TypeError(`"begin(…).${method}" expected a function, got ${describe(found)}`);
  }
  return {
    window: (window) => checkedEvents("window(…)", given.window(window)),
    end: () => checkedEvents("end()", given.end()),
    dispose: () => given.dispose?.(),
  };
}

function* checkedEvents(name: string, events: Iterable<GradientEvent>): Generator<GradientEvent, void> {
  if (!isIterable(events))
    throw new TypeError(`"${name}" expected an iterable of events, got ${describe(events)}`);
  for (const event of events) {
    const { loss, count, steps } = requireObject(`${name} event`, event);
    if (loss !== undefined && typeof loss !== "number")
      throw new TypeError(`"${name} event.loss" expected a number or undefined, got ${describe(loss)}`);
    requireInteger(`${name} event.count`, count, 0);
    requireInteger(`${name} event.steps`, steps, 0);
    yield event;
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
