/** What a program has of a session that learns: what it is made of, what it is told, what it answers. */

import type { Learner } from "../learn/learner.js";
import type { Loss, Session, State, StepInput, Target } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { Schedule } from "./schedules/schedule.js";

export interface OnlineSessionOptions {
  /** An online rule, one that learns forwards in time: those of `learningRules` that are `online`. */
  learner: Learner;
  /** Of this network, or not used yet. */
  optimizer: Optimizer;
  /** Default softmax cross-entropy for classes and squared error for values; none with a gradient. */
  loss?: Loss;
  /** Calls of `learn` from one update to the next, whose gradients are averaged over their targets; default 1. */
  updateEvery?: number;
  /** Sequences side by side; default 1, or what the state says. */
  batch?: number;
  /** What they start from; default zeros. */
  state?: State;
  /** Scales the gradients so that their joint L2 norm is at most this. */
  clipNorm?: number;
  /** Then holds every gradient within ± this. */
  clipValue?: number;
  /** Sets the optimizer's learning rate before each update. */
  schedule?: Schedule;
  /** Of rules that draw, any safe integer; default the network's option `seed`. */
  seed?: number;
}

/**
 * What is to be learned from one step: a class, for B = 1 and two classes or more; B classes, -1 for none; [B, O] values, NaN
 * for none; or a `Target` of one step, as `network.backward` takes it.
 */
export type StepTarget = number | Int32Array | Float32Array | Target;

export interface LearnedStep {
  /**
   * The mean over the step's targets, by their weights, before this step's update; 0 without targets, NaN for a
   * gradient.
   */
  loss: number;
  /** Targets. */
  count: number;
  /** [B, O]: what the network said before it learned from them. */
  outputs: Float32Array;
}

/**
 * A session that learns as it goes. Its gradients stand in the network's own: those under way, or, after an update, that
 * update's, as clipped. So one network has one of them at a time, and no `backward` or `train` between its steps.
 *
 * Each step is a block of its own: here `blockRtrl` learns as `rtrl` does, and `uoro` as with a block of 1. Dropout,
 * where the network has it, is drawn at every step, of `step` too. After each update, what the rule keeps of the past is
 * of older parameters: the gradient is exact, or unbiased, only as far as they changed little since. What a parameter
 * did while it was not trainable is not kept: whoever sets one free begins a new sequence for an exact gradient.
 */
export interface OnlineSession extends Session {
  readonly learner: Learner;
  /** Calls of `learn` and `step` so far. */
  readonly steps: number;
  /** Updates so far. */
  readonly updates: number;
  /** A copy; setting it begins a new sequence there: the past is forgotten. */
  state: State;
  /**
   * One step: what the network says to the input, in `out` if given, then what it learns from the target. At every
   * `updateEvery`-th call the optimizer moves the parameters, be there targets or not.
   *
   * Throws a TypeError or RangeError for a bad argument, and for targets of another kind than the others of the same
   * update; a DivergenceError for a loss or gradient that is not finite. Parameters, optimizer, state and what the rule
   * keeps of the past are then as before, but that the gradient's is only seen at an update: the gradient under way is
   * then dropped, and the past forgotten.
   */
  learn(input: StepInput, target: StepTarget, out?: Float32Array): LearnedStep;
  /**
   * As `learn` without a target, for what the rule keeps of the past moves on with the state, but no step towards an
   * update.
   */
  step(input: StepInput, out?: Float32Array): Float32Array;
  /**
   * Begins a new sequence: zeros, and the past is forgotten; with `which`, [B], each 0 or 1, for those sequences alone that
   * have a 1, while the others go on. The gradient under way stays.
   */
  reset(which?: Uint8Array): void;
  /**
   * All that it takes to go on bit for bit, with a network of the same parameters (`saveNetwork` is for them) and the same
   * options, as a safetensors file: the state, what the rule keeps of the past, its random numbers, the gradient under way,
   * the counts and what the optimizer remembers (but of one that is not the library's).
   */
  save(): Uint8Array;
  /**
   * Goes on where a session was saved. Throws a FormatError, nothing changed, for bytes that are no such file, or of another
   * learner, batch, network size or optimizer; an OutOfMemoryError.
   */
  restore(bytes: Uint8Array): void;
}
