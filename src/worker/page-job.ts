/** Keeps the page's side of a job: the events that came, the iterations of the page's data, and what was thrown here. */

import type { TrainingData } from "../data/training-data.js";
import type { StopSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { JobArguments, Jobs } from "./calls.js";
import type { Connection, JobListener } from "./connection.js";
import { requireDescription, type SentData } from "./descriptions.js";
import type { Source } from "./messages.js";
import { PageIteration } from "./page-iteration.js";
import type { Parcel } from "./portable-arrays.js";
import type { RemoteData } from "./types.js";

function isIterable(data: RemoteData): data is TrainingData {
  const given: unknown = data;
  return (
    typeof given === "object" && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given)
  );
}

/** Returns what to send for the data: itself where it is a description. Throws a TypeError. */
export function packData(name: string, data: RemoteData, parcel: Parcel): SentData {
  if (isIterable(data)) return "page";
  requireDescription(name, data, `an iterable of windows, { type: "tokenStream", tokens, batch, window }`);
  const fields = Object.entries(data).map(([field, value]): [string, unknown] => [
    field,
    parcel.pack(`${name}.${field}`, value),
  ]);
  return Object.assign({ ...data }, Object.fromEntries(fields));
}

/** Holds what the page has of a job that may be under way. */
export interface JobParts {
  readonly data: RemoteData;
  readonly validation?: RemoteData | undefined;
  readonly signal?: StopSignal | undefined;
}

export class PageJob implements JobListener {
  /** Events that came and were not taken yet. */
  readonly events: Progress[] = [];
  /** Whether the job came to its end. */
  over = false;
  private readonly connection: Connection;
  private readonly parts: JobParts;
  private readonly iterations = new Map<number, PageIteration>();
  /** The worker's number for it; 0 before it began. */
  id = 0;
  private settled: Promise<void> = Promise.resolve();
  private wake: (() => void) | undefined;

  constructor(connection: Connection, parts: JobParts) {
    this.connection = connection;
    this.parts = parts;
  }

  /** Begins the job; the promise settles as it ends. */
  begin<Name extends keyof Jobs>(
    name: Name,
    args: Readonly<JobArguments<Name>>,
    transfer: ArrayBuffer[],
  ): Promise<Awaited<ReturnType<Jobs[Name]>>> {
    const { id, ended } = this.connection.job(name, args, transfer, this);
    this.id = id;
    const over = (): void => {
      this.over = true;
      this.wake?.();
    };
    this.settled = ended.then(over, over);
    return ended;
  }

  /** Waits for an event, or the end. */
  more(): Promise<void> {
    return this.connection.awaiting(
      new Promise((resolve) => {
        if (this.over || this.events.length > 0) resolve();
        this.wake = resolve;
      }),
    );
  }

  /** Waits for the end, whatever it comes to. */
  end(): Promise<void> {
    return this.connection.awaiting(this.settled);
  }

  stop(by: "break" | "signal"): void {
    if (!this.over) this.connection.send({ kind: "stop", job: this.id, by });
  }

  taken(count: number): void {
    if (!this.over && count > 0) this.connection.send({ kind: "taken", job: this.id, count });
  }

  /** Closes the iterators that are not at their end. */
  async closeData(): Promise<void> {
    await Promise.all([...this.iterations.values()].map((iteration) => iteration.close()));
  }

  arrive(events: readonly Progress[]): void {
    this.events.push(...events);
    this.wake?.();
  }

  pull(iteration: number, source: Source, count: number): void {
    const data = this.dataOf(source);
    if (data !== undefined) this.iteration(iteration).serve(data, count);
  }

  pass(iteration: number, source: Source): void {
    const data = this.dataOf(source);
    if (data !== undefined) void this.iteration(iteration).pass(data);
  }

  private dataOf(source: Source): TrainingData | undefined {
    const data = source === "data" ? this.parts.data : this.parts.validation;
    return data !== undefined && isIterable(data) ? data : undefined;
  }

  private iteration(number: number): PageIteration {
    const known =
      this.iterations.get(number) ??
      new PageIteration(this.id, number, (message, transfer) => {
        this.connection.send(message, transfer);
      });
    this.iterations.set(number, known);
    return known;
  }

  /** Returns the error that the page has, and the worker does not. */
  thrown(where: "signal" | "data"): unknown {
    if (where === "data") return [...this.iterations.values()].find(({ threw }) => threw)?.thrown;
    try {
      this.parts.signal?.throwIfAborted();
    } catch (reason) {
      return reason;
    }
    return undefined;
  }
}
