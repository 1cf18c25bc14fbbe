/** What a program has of a training. */

import type { Network } from "../network/types.js";

/** Describes one event of `train`. */
export interface Progress {
  /** Updates so far. */
  step: number;
  /** Epochs begun, this one included. */
  epoch: number;
  /**
   * Mean loss over the update's targets, before the update; at an epoch's end, the mean over the epoch's
   * targets. NaN where targets are a gradient.
   */
  loss: number;
  /** The joint L2 norm of all gradients before clipping; at an epoch's end, that of the last update. */
  gradientNorm: number;
  /** The learning rate of the update; at an epoch's end, that of the last update. */
  learningRate: number;
  /**
   * Steps (T·B) a second over about the last second of work; data, validation and the caller's own time do
   * not count.
   */
  tokensPerSecond: number;
  /**
   * True on one more event after an epoch's last update. An epoch that maxSteps or patience cuts short has
   * none.
   */
  epochEnd: boolean;
  /** Mean loss over the validation data's targets; only on events that validated. */
  validationLoss?: number;
}

/** A training under way: an async iterator of its events. */
export interface Training extends AsyncGenerator<Progress, void> {
  readonly network: Network;
  /**
   * All that the rest of this training depends on, as one file (safetensors): parameters, what the optimizer and the learning rule
   * remember, the place in the data, the best parameters, counters; not the options, the loss and the data themselves.
   * `resumeTraining` goes on from it. It may be called before the first event, after the last, and where `break` or the signal
   * ended training.
   *
   * Throws an InvalidStateError while a `next()` is pending, and after an error ended training; a DisposedError; a TypeError for
   * a learner or an optimizer of the caller's own without `save` and `restore`, a RangeError for one that saves more values than
   * `PlainData` has room for; an OutOfMemoryError.
   */
  save(): Uint8Array;
}
