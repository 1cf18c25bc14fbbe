/** A call in the worker that takes its time: it tells of its progress, reads the page's data, and can be stopped. */

import type { TrainingData, TrainingWindow } from "../data/training-data.js";
import type { StopSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { SentData } from "./descriptions.js";
import type { Source, ToPage } from "./messages.js";
import { PageHas } from "./page-has.js";
import { PulledData, PulledWalk } from "./pulled-data.js";
import type { Workshop } from "./workshop.js";

/** Milliseconds that an event waits at most for others to go with it: a message each would slow short updates. */
const GATHER = 16;

export class Job {
  private readonly id: number;
  private readonly post: (message: ToPage) => void;
  private readonly controller = new AbortController();
  private readonly walks: PulledWalk[] = [];
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
    this.controller.abort(new PageHas(by));
    this.wake?.();
  }

  windows(source: Source, data: SentData, workshop: Workshop): TrainingData {
    if (data !== "page") return workshop.data(source, data);
    return new PulledData((pulled) => {
      const walk = this.walks.length;
      const opened = new PulledWalk(pulled, (count) => {
        this.post({ kind: "pull", job: this.id, walk, source, count });
      });
      this.walks.push(opened);
      return opened;
    });
  }

  arrive(walk: number, windows: readonly TrainingWindow[], end: "done" | "thrown" | undefined): void {
    this.walks[walk].arrive(windows, end);
  }

  /**
   * Runs the events to their end, or until it is stopped; an update begins only while the oldest event that the page did not
   * take yet is younger than `ahead` milliseconds.
   */
  async relay(events: AsyncGenerator<Progress, void>, ahead: number): Promise<void> {
    try {
      for (;;) {
        await this.mayGoOn(ahead);
        const { done, value } = await events.next();
        if (done === true) return;
        this.tell(value);
      }
    } catch (error) {
      if (!(error instanceof PageHas && error.where === "break")) throw error;
    } finally {
      this.send();
    }
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

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.gathered.length === 0) return;
    this.lastSent = performance.now();
    this.post({ kind: "events", job: this.id, events: this.gathered });
    this.gathered = [];
  }
}
