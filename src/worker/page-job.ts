/** The page's side of a job: what it tells, the page's data that it iterates, and what was thrown here. */

import type { TrainingData } from "../data/training-data.js";
import type { StopSignal } from "../train/stop-signal.js";
import type { Progress } from "../train/training.js";
import type { Jobs, TakenByJob } from "./calls.js";
import type { Connection, JobListener } from "./connection.js";
import { requireDescription, type SentData } from "./descriptions.js";
import type { Source } from "./messages.js";
import { PageWalk } from "./page-walk.js";
import type { Parcel } from "./portable-arrays.js";
import type { RemoteData } from "./types.js";

function isIterable(data: RemoteData): data is TrainingData {
  const given: unknown = data;
  return (
    typeof given === "object" && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given)
  );
}

/** What to send for the data: itself where it is a description. Throws a TypeError. */
export function packData(name: string, data: RemoteData, parcel: Parcel): SentData {
  if (isIterable(data)) return "page";
  requireDescription(name, data, `an iterable of windows, { type: "tokenStream", tokens, batch, window }`);
  const fields = Object.entries(data).map(([field, value]): [string, unknown] => [
    field,
    parcel.pack(`${name}.${field}`, value),
  ]);
  return Object.assign({ ...data }, Object.fromEntries(fields));
}

/** What the page has of a job that may be under way. */
export interface JobParts {
  readonly data: RemoteData;
  readonly validation?: RemoteData | undefined;
  readonly signal?: StopSignal | undefined;
}

export class PageJob implements JobListener {
  /** Events that came and were not taken yet. */
  readonly events: Progress[] = [];
  /** Whether it came to its end. */
  over = false;
  private readonly connection: Connection;
  private readonly parts: JobParts;
  private readonly walks = new Map<number, PageWalk>();
  private id = 0;
  private settled: Promise<void> = Promise.resolve();
  private wake: (() => void) | undefined;

  constructor(connection: Connection, parts: JobParts) {
    this.connection = connection;
    this.parts = parts;
  }

  /** Begins it; what it gives, or fails with. */
  begin<Name extends keyof Jobs>(
    name: Name,
    args: Readonly<TakenByJob<Name>>,
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

  /** Until an event, or the end. */
  more(): Promise<void> {
    return this.connection.awaiting(
      new Promise((resolve) => {
        if (this.over || this.events.length > 0) resolve();
        this.wake = resolve;
      }),
    );
  }

  /** Until the end, whatever it comes to. */
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
    await Promise.all([...this.walks.values()].map((walk) => walk.close()));
  }

  arrive(events: readonly Progress[]): void {
    this.events.push(...events);
    this.wake?.();
  }

  pull(walk: number, source: Source, count: number): void {
    const data = source === "data" ? this.parts.data : this.parts.validation;
    if (data === undefined || !isIterable(data)) return;
    const served =
      this.walks.get(walk) ??
      new PageWalk(this.id, walk, (message, transfer) => {
        this.connection.send(message, transfer);
      });
    this.walks.set(walk, served);
    served.serve(data, count);
  }

  /** The error that the page has, and the worker does not. */
  thrown(where: "signal" | "data"): unknown {
    if (where === "data") return [...this.walks.values()].find(({ threw }) => threw)?.thrown;
    try {
      this.parts.signal?.throwIfAborted();
    } catch (reason) {
      return reason;
    }
    return undefined;
  }
}
