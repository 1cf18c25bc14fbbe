/** Iterates in the worker over the page's windows, of which some are fetched before they are asked for. */

import type { TrainingWindow } from "../data/training-data.js";
import { buffersOf } from "./portable-arrays.js";
import { ThrownOnPage } from "./thrown-on-page.js";

/** So many windows are asked for ahead: at first, and at most, the latter also in bytes. */
const FIRST = 4;
const MOST = 256;
const MOST_BYTES = 1 << 24;

/** What is asked of the page about an iteration: windows; or to begin and close it, since none is wanted. */
export interface AskPage {
  pull(count: number): void;
  pass(): void;
}

/** One iteration of the page's data, which `PageIteration` is on the page. */
export class PulledIteration implements AsyncIterator<TrainingWindow> {
  private readonly data: PulledData;
  private readonly ask: AskPage;
  private readonly arrived: TrainingWindow[] = [];
  /** The number of windows that were asked for and are not here yet. */
  private coming = 0;
  /** Whether windows were asked for. */
  private asked = false;
  private end: "done" | "thrown" | undefined;
  private wake: (() => void) | undefined;

  constructor(data: PulledData, ask: AskPage) {
    this.data = data;
    this.ask = ask;
  }

  async next(): Promise<IteratorResult<TrainingWindow>> {
    this.askAhead();
    while (this.arrived.length === 0) {
      if (this.end === "thrown") throw new ThrownOnPage("data");
      if (this.end === "done") return { done: true, value: undefined };
      this.data.ranOut();
      this.askAhead();
      await this.more();
    }
    const [value] = this.arrived.splice(0, 1);
    this.data.measure(value);
    this.askAhead();
    return { done: false, value };
  }

  /**
   * Lets the page pass over an iteration of which no window was asked for. Otherwise does nothing: the page closes its
   * iterators when the job ends, which follows at once.
   */
  async return(): Promise<IteratorResult<TrainingWindow>> {
    if (!this.asked) {
      this.asked = true;
      this.ask.pass();
      while (this.end === undefined) await this.more();
      if (this.end === "thrown") throw new ThrownOnPage("data");
    }
    return { done: true, value: undefined };
  }

  arrive(windows: readonly TrainingWindow[], end: "done" | "thrown" | undefined): void {
    this.arrived.push(...windows);
    this.coming -= windows.length;
    this.end = end;
    this.wake?.();
  }

  /** Asks for windows ahead, once half of them are used, so that a message brings several. */
  private askAhead(): void {
    const there = this.arrived.length + this.coming;
    if (this.end !== undefined || there > this.data.ahead / 2) return;
    const count = this.data.ahead - there;
    this.coming += count;
    this.asked = true;
    this.ask.pull(count);
  }

  /** Waits for the next message about it. */
  private more(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

export class PulledData implements AsyncIterable<TrainingWindow> {
  /** The number of windows to have there, or on their way: grows when they were too few. */
  ahead = FIRST;
  private readonly open: (data: PulledData) => PulledIteration;
  private bytes = 0;

  constructor(open: (data: PulledData) => PulledIteration) {
    this.open = open;
  }

  [Symbol.asyncIterator](): PulledIteration {
    return this.open(this);
  }

  measure(window: TrainingWindow): void {
    if (this.bytes === 0) this.bytes = buffersOf(window).reduce((sum, { byteLength }) => sum + byteLength, 1);
  }

  ranOut(): void {
    if (2 * this.ahead <= MOST && 2 * this.ahead * this.bytes <= MOST_BYTES) this.ahead *= 2;
  }
}
