/** Reads data epoch by epoch, and knows its place in it: to be saved, and found again. */

import { seekableOf } from "../data/seekable.js";
import type { TrainingData, TrainingWindow } from "../data/training-data.js";
import type { PlainData, PlainReader } from "../plain-data.js";
import { readWindows } from "./read-windows.js";
import type { StopSignal } from "./stop-signal.js";

function iteratorOf(data: TrainingData): Iterator<TrainingWindow> | AsyncIterator<TrainingWindow> {
  return Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
}

export class DataPlace {
  readonly data: TrainingData;
  /** Windows that the present iteration has given. */
  taken = 0;
  private readonly name: string;
  private readonly signal: StopSignal | undefined;
  /** Iterations that were begun. */
  private iterations = 0;
  /** Of the present iteration: where the data has no orders of its own, their number, which a set's would be. */
  private order = 0;
  /** Iterators that data which can only be walked is to be asked for before the next one: those of iterations before. */
  private owed = 0;
  /** Whether the window taken last is to be given once more. */
  private again = false;
  /** Whether the present iteration was begun by another training, so that the data's next order is not its own. */
  private resumed = false;

  /** `name`: of the data in messages. */
  constructor(name: string, data: TrainingData, signal: StopSignal | undefined) {
    this.name = name;
    this.data = data;
    this.signal = signal;
  }

  /** Begins the next iteration. */
  begin(): void {
    this.iterations++;
    this.order = seekableOf(this.data)?.order ?? this.iterations - 1;
    this.taken = 0;
    this.resumed = false;
  }

  /** Lets the present iteration not have been. */
  undo(): void {
    this.iterations--;
    this.taken = 0;
    const seekable = seekableOf(this.data);
    if (seekable !== undefined) seekable.order = this.order;
  }

  /** Yields what the present iteration has left. Throws a RangeError where it has no window, or fewer than were taken. */
  async *windows(): AsyncGenerator<TrainingWindow, void> {
    const { data } = this;
    if (this.again) this.taken--;
    this.again = false;
    const { taken } = this;
    const seekable = seekableOf(data);
    let rest: TrainingData = data;
    if (seekable === undefined) {
      await this.askForOwed();
      if (taken > 0) rest = this.walked();
    } else if (this.resumed) {
      const count = seekable.windows(this.order);
      if (count < taken) this.fail(count);
      rest = seekable.from(this.order, taken);
    }
    for await (const window of readWindows(this.name, rest, this.signal, taken)) {
      this.taken++;
      yield window;
    }
  }

  /** `again`: whether the window taken last is to be given once more, of which there is one. */
  save(again = false): PlainData {
    const { iterations, order, taken } = this;
    return { iterations, order, taken, again, next: seekableOf(this.data)?.order ?? iterations };
  }

  /** Reads a place. Returns a function that goes there. `iterating`: whether it lies within an iteration. Throws a FormatError. */
  read(saved: PlainReader, iterating: boolean): () => void {
    const iterations = saved.field("iterations").integer();
    const [order, taken] = [saved.field("order").integer(), saved.field("taken").integer()];
    const next = saved.field("next").integer();
    const again = saved.field("again");
    if (again.boolean() && taken === 0) again.fail("false, where no window was taken");
    return () => {
      this.iterations = iterations;
      this.order = order;
      this.taken = taken;
      this.again = again.boolean();
      this.resumed = iterating;
      this.owed = iterating ? iterations - 1 : iterations;
      const seekable = seekableOf(this.data);
      if (seekable !== undefined) seekable.order = next;
    };
  }

  private fail(count: number): never {
    throw new RangeError(
      `"${this.name}" expected at least ${this.taken} windows, as when the checkpoint was made, got ${count}`,
    );
  }

  /** Asks for an iterator for each iteration of before, since the next may depend on how many there were. */
  private async askForOwed(): Promise<void> {
    for (; this.owed > 0; this.owed--) await iteratorOf(this.data).return?.();
  }

  /** The windows behind those that were taken. */
  private async *walked(): AsyncGenerator<TrainingWindow, void> {
    const { taken } = this;
    let index = 0;
    for await (const window of this.data) if (index++ >= taken) yield window;
    if (index < taken) this.fail(index);
  }
}
