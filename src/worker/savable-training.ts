/** A training in the worker, which can be asked at any time to be saved. */

import type { Progress, Training } from "../train/training.js";

export class SavableTraining {
  private readonly training: Training;
  private readonly sendEvents: () => void;
  /** Whether an event is being made: it cannot be saved then. */
  private busy = false;
  /** Saves it, for those who asked meanwhile. */
  private waiting: (() => void)[] = [];

  /** `sendEvents`: sends the page those that were made. */
  constructor(training: Training, sendEvents: () => void) {
    this.training = training;
    this.sendEvents = sendEvents;
  }

  /** Makes the next event; once it was told, or the training ended, `rest` is to be called. */
  next(): Promise<IteratorResult<Progress, void>> {
    this.busy = true;
    return this.training.next();
  }

  /** Saves for those who asked while an event was being made, before the next is begun. */
  rest(): void {
    this.busy = false;
    const { waiting } = this;
    this.waiting = [];
    for (const save of waiting) save();
  }

  /** Saves it between two events, or past the last, when the page was sent those before. Rejects as `Training.save` throws. */
  async save(): Promise<Uint8Array> {
    if (this.busy)
      return new Promise((resolve) =>
        this.waiting.push(() => {
          resolve(this.save());
        }),
      );
    this.sendEvents();
    return this.training.save();
  }
}
