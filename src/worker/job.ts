/** A job is a call in the worker that takes its time: it tells of its progress, reads the page's data, and can be stopped. */

import type { TrainingData, TrainingWindow } from "../data/training-data.js";
import type { StopSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { SentData } from "./descriptions.js";
import type { Source, ToPage } from "./messages.js";
import { ThrownOnPage } from "./thrown-on-page.js";
import { PulledData, PulledIteration } from "./pulled-data.js";
import type { SavableTraining } from "./savable-training.js";
import type { DescriptionFactory } from "./description-factory.js";

/** An event waits so many milliseconds at most for others to go with it: a message each would slow short updates. */
const GATHER = 16;

export class Job {
  /** Of the call that it is. */
  readonly id: number;
  private readonly post: (message: ToPage) => void;
  private readonly controller = new AbortController();
  private iterations: PulledIteration[] = [];
  /** Events that are to be sent. */
  private gathered: Progress[] = [];
  private lastSent = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When each event came that the page did not take yet. */
  private readonly untaken: number[] = [];
  private wake: (() => void) | undefined;

  constructor(id: number, post: (message: ToPage) => void) {
    this.id = id;
    this.post = post;
  }

  get signal(): StopSignal {
    return this.controller.signal;
  }

  stop(by: "signal" | "break"): void {
    this.controller.abort(new ThrownOnPage(by));
    this.wake?.();
  }

  windows(source: Source, data: SentData, factory: DescriptionFactory): TrainingData {
    if (data !== "page") return factory.data(source, data);
    return new PulledData((pulled) => {
      const iteration = this.iterations.length;
      const opened = new PulledIteration(pulled, {
        pull: (count) => {
          this.post({ kind: "pull", job: this.id, iteration, source, count });
        },
        pass: () => {
          this.post({ kind: "pass", job: this.id, iteration, source });
        },
      });
      this.iterations.push(opened);
      return opened;
    });
  }

  arrive(iteration: number, windows: readonly TrainingWindow[], end: "done" | "thrown" | undefined): void {
    this.iterations[iteration].arrive(windows, end);
  }

  /**
   * Runs the training to its end, or until it is stopped; an update begins only while the oldest event that the page did not
   * take yet is younger than `ahead` milliseconds.
   */
  async relay(training: SavableTraining, ahead: number): Promise<void> {
    try {
      for (;;) {
        await this.mayGoOn(ahead);
        const { done, value } = await training.next();
        if (done === true) return;
        this.tell(value);
        training.rest();
      }
    } catch (error) {
      if (!(error instanceof ThrownOnPage && error.where === "break")) throw error;
    } finally {
      training.rest();
      this.send();
      // The training may be kept, to be saved, but reads no more.
      this.iterations = [];
    }
  }

  /** Sends the events that were gathered. */
  send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.gathered.length === 0) return;
    this.lastSent = performance.now();
    this.post({ kind: "events", job: this.id, events: this.gathered });
    this.gathered = [];
  }

  taken(count: number): void {
    this.untaken.splice(0, count);
    this.wake?.();
  }

  private async mayGoOn(ahead: number): Promise<void> {
    while (
      this.untaken.length > 0 &&
      performance.now() - this.untaken[0] >= ahead &&
      !this.controller.signal.aborted
    ) {
      this.send();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private tell(event: Progress): void {
    const now = performance.now();
    this.untaken.push(now);
    this.gathered.push(event);
    if (now - this.lastSent >= GATHER) this.send();
    else
      this.timer ??= setTimeout(() => {
        this.send();
      }, GATHER);
  }
}
