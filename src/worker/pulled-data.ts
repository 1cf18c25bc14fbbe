/** The page's windows in the worker: some are there before they are asked for. */

import type { TrainingWindow } from "../data/training-data.js";
import { buffersOf } from "./portable-arrays.js";
import { PageHas } from "./page-has.js";

/** Windows that are asked for ahead: at first, and at most, the latter also in bytes. */
const FIRST = 4;
const MOST = 256;
const MOST_BYTES = 1 << 24;

/** Asks for so many more windows of an iteration. */
export type Pull = (walk: number, count: number) => void;

/** One iteration of the page's data. */
export class PulledWalk implements AsyncIterator<TrainingWindow> {
  private readonly data: PulledData;
  private readonly pull: (count: number) => void;
  private readonly arrived: TrainingWindow[] = [];
  /** Asked for, and not here yet. */
  private coming = 0;
  private end: "done" | "thrown" | undefined;
  private wake: (() => void) | undefined;

  constructor(data: PulledData, pull: (count: number) => void) {
    this.data = data;
    this.pull = pull;
    this.askAhead();
  }

  async next(): Promise<IteratorResult<TrainingWindow>> {
    while (this.arrived.length === 0) {
      if (this.end === "thrown") throw new PageHas("data");
      if (this.end === "done") return { done: true, value: undefined };
      this.data.ranOut();
      this.askAhead();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const [value] = this.arrived.splice(0, 1);
    this.data.measure(value);
    this.askAhead();
    return { done: false, value };
  }

  /** The page closes its iterators when the job ends, which follows at once. */
  return(): Promise<IteratorResult<TrainingWindow>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  arrive(windows: readonly TrainingWindow[], end: "done" | "thrown" | undefined): void {
    this.arrived.push(...windows);
    this.coming -= windows.length;
    this.end = end;
    this.wake?.();
  }

  /** In halves, so that a message brings several windows. */
  private askAhead(): void {
    const there = this.arrived.length + this.coming;
    if (this.end !== undefined || there > this.data.ahead / 2) return;
    const count = this.data.ahead - there;
    this.coming += count;
    this.pull(count);
  }
}

export class PulledData implements AsyncIterable<TrainingWindow> {
  /** Windows to have there, or on their way: grows when they were too few. */
  ahead = FIRST;
  private readonly open: (data: PulledData) => PulledWalk;
  private bytes = 0;

  constructor(open: (data: PulledData) => PulledWalk) {
    this.open = open;
  }

  [Symbol.asyncIterator](): PulledWalk {
    return this.open(this);
  }

  measure(window: TrainingWindow): void {
    if (this.bytes === 0) this.bytes = buffersOf(window).reduce((sum, { byteLength }) => sum + byteLength, 1);
  }

  ranOut(): void {
    if (2 * this.ahead <= MOST && 2 * this.ahead * this.bytes <= MOST_BYTES) this.ahead *= 2;
  }
}
