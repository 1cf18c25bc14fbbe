/** Iterates over the page's windows and sends them to the worker as it asks for them. */

import type { TrainingData, TrainingWindow } from "../data/training-data.js";
import { macrotask } from "../train/pace.js";
import { fields } from "./fields.js";
import type { ToWorker } from "./messages.js";
import { Parcel, sending } from "./portable-arrays.js";

/** After so many milliseconds of iterating, what is there goes to the worker, and the page has its turn. */
const TURN_DUE = 8;

type AnyIterator = AsyncIterator<TrainingWindow> | Iterator<TrainingWindow>;

function iteratorOf(data: TrainingData): AnyIterator {
  return Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
}

type Send = (message: ToWorker, transfer: ArrayBuffer[]) => void;

/** One iteration, which `PulledIteration` is in the worker. */
export class PageIteration {
  /** What the iterator threw, or what a window was refused with. */
  thrown: unknown;
  threw = false;
  private readonly job: number;
  private readonly iteration: number;
  private readonly send: Send;
  private iterator: AnyIterator | undefined;
  /** The number of windows that the worker asked for and did not get yet. */
  private wanted = 0;
  private running = false;
  /** Whether the iterator owes an answer. */
  private pending = false;
  private closed = false;
  private windows: TrainingWindow[] = [];
  private parcel = new Parcel();

  constructor(job: number, iteration: number, send: Send) {
    this.job = job;
    this.iteration = iteration;
    this.send = send;
  }

  serve(data: TrainingData, count: number): void {
    this.wanted += count;
    if (!this.running) void this.run(data);
  }

  /** Begins the iteration, of which no window is wanted, and ends it. */
  async pass(data: TrainingData): Promise<void> {
    try {
      this.iterator = iteratorOf(data);
      await this.close();
      this.flush("done");
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the iteration; waits for the iterator's own end unless it may wait for something that never comes. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const closing = Promise.resolve(this.iterator?.return?.());
    if (!this.pending) await closing;
    else closing.catch(() => undefined);
  }

  private async run(data: TrainingData): Promise<void> {
    this.running = true;
    try {
      this.iterator ??= iteratorOf(data);
      await this.iterate(this.iterator);
    } catch (error) {
      this.fail(error);
    }
    this.running = false;
  }

  private fail(error: unknown): void {
    this.thrown = error;
    this.threw = true;
    this.flush("thrown");
  }

  private async iterate(iterator: AnyIterator): Promise<void> {
    let turn = performance.now();
    while (this.wanted > 0 && !this.closed) {
      const result = await this.ask(iterator);
      if (result === undefined) return;
      if (result.done === true) {
        this.closed = true;
        this.flush("done");
        return;
      }
      this.wanted--;
      this.add(result.value);
      if (performance.now() - turn < TURN_DUE) continue;
      this.flush();
      await macrotask();
      turn = performance.now();
    }
    this.flush();
  }

  /** Returns the next result; undefined where the iteration was closed meanwhile. An iterator that throws is at its end. */
  private async ask(iterator: AnyIterator): Promise<IteratorResult<TrainingWindow> | undefined> {
    this.pending = true;
    try {
      const result = await iterator.next();
      return this.closed ? undefined : result;
    } catch (error) {
      this.closed = true;
      throw error;
    } finally {
      this.pending = false;
    }
  }

  /** Adds a window: what comes at once goes together, and does not wait for what the iterator waits for. */
  private add(window: TrainingWindow): void {
    this.windows.push(this.parcel.pack("window", window, fields.window));
    if (this.windows.length > 1) return;
    const { parcel } = this;
    void macrotask().then(() => {
      if (this.parcel === parcel && !this.closed) this.flush();
    });
  }

  private flush(end?: "done" | "thrown"): void {
    const { job, iteration, windows, parcel } = this;
    if (windows.length === 0 && end === undefined) return;
    this.windows = [];
    this.parcel = new Parcel();
    sending(() => {
      this.send({ kind: "windows", job, iteration, windows, end }, parcel.transfer);
    });
  }
}
