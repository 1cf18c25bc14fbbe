/** Connects the page with a worker: sends calls and jobs, settles them by the answers, and ends them with the worker. */

import type { Build } from "../network/types.js";
import type { Progress } from "../train/training.js";
import { compileShared, kernelModule } from "../wasm/load.js";
import { withSharedMemory } from "../wasm/shared-memory.js";
import type { CallArguments, Calls, JobArguments, Jobs } from "./calls.js";
import { envelope, openFromWorker, type Source, type ToWorker } from "./messages.js";
import { sending } from "./portable-arrays.js";
import { unpackError } from "./portable-errors.js";
import type { WorkerLike } from "../threads/worker-like.js";
import { WorkerError } from "../threads/worker-error.js";

/** Hears what a job tells the page while it runs. */
export interface JobListener {
  arrive(events: readonly Progress[]): void;
  pull(iteration: number, source: Source, count: number): void;
  pass(iteration: number, source: Source): void;
  /** Returns the error that the worker knows only as the page's. */
  thrown(where: "signal" | "data"): unknown;
}

/** Hears a worker's answers to "hello", which may be several, and of its end. */
export interface ConnectionWatch {
  ready(lock: string | undefined): void;
  died(error: WorkerError): void;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
  readonly listener: JobListener | undefined;
}

/** A job that was begun, and its end. */
export interface RunningJob<Value> {
  readonly id: number;
  readonly ended: Promise<Value>;
}

export class Connection {
  private readonly worker: WorkerLike;
  private readonly waiting = new Map<number, Waiting>();
  private readonly sentModules = new Set<Build>();
  private ids = 0;
  /** The number of promises that a program may be waiting for. */
  private awaited = 0;
  private death: WorkerError | undefined;
  private readonly watch: ConnectionWatch;

  constructor(worker: WorkerLike, watch: ConnectionWatch) {
    this.worker = worker;
    this.watch = watch;
  }

  receive(data: unknown): void {
    const message = openFromWorker(data);
    if (message === undefined) return;
    if (message === "foreign") {
      this.die(
        new WorkerError("the worker runs another version of the library, which speaks another protocol"),
      );
      return;
    }
    switch (message.kind) {
      case "ready":
        this.watch.ready(message.lock);
        return;
      case "reply":
        this.settle(message.id)?.resolve(message.value);
        return;
      case "failure": {
        const { id, error } = message;
        const waiting = this.settle(id);
        waiting?.reject(typeof error === "string" ? waiting.listener?.thrown(error) : unpackError(error));
        return;
      }
      case "events":
        this.waiting.get(message.job)?.listener?.arrive(message.events);
        return;
      case "pull":
        this.waiting.get(message.job)?.listener?.pull(message.iteration, message.source, message.count);
        return;
      case "pass":
        this.waiting.get(message.job)?.listener?.pass(message.iteration, message.source);
        return;
      case "unreadable":
        this.die(new WorkerError("the worker could not read a message"));
    }
  }

  /** Asks the worker; `transfer`: buffers of the arguments, which are the worker's from then on. */
  call<Name extends keyof Calls>(
    name: Name,
    args: Readonly<CallArguments<Name>>,
    transfer: ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    return this.awaiting(this.begin<Awaited<ReturnType<Calls[Name]>>>(name, args, transfer, undefined).ended);
  }

  /** Begins a job, whose end is to be waited for with `awaiting`. */
  job<Name extends keyof Jobs>(
    name: Name,
    args: Readonly<JobArguments<Name>>,
    transfer: ArrayBuffer[],
    listener: JobListener,
  ): RunningJob<Awaited<ReturnType<Jobs[Name]>>> {
    return this.begin(name, args, transfer, listener);
  }

  /** Waits for a promise, and keeps the program from its end while it is pending. */
  async awaiting<Value>(promise: Promise<Value>): Promise<Value> {
    if (this.awaited++ === 0) this.worker.ref?.();
    try {
      return await promise;
    } finally {
      if (--this.awaited === 0) this.worker.unref?.();
    }
  }

  /** Posts a build's kernels once, compiled; with `threads` for memory that threads share, too. */
  sendKernels(build: Build, threads: boolean): void {
    if (this.sentModules.has(build)) return;
    const shared = threads ? compileShared(build, withSharedMemory) : undefined;
    this.send({ kind: "module", build, module: kernelModule(build), shared });
    this.sentModules.add(build);
  }

  /** Sends a message that has no answer; after the worker's end it does nothing. */
  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (this.death === undefined) this.worker.postMessage(envelope(message), transfer);
  }

  /** Throws a WorkerError when the worker ended. */
  requireAlive(): void {
    if (this.death !== undefined) throw this.death;
  }

  /** Ends the worker, and rejects all that waits and all that comes. */
  die(error: WorkerError): unknown {
    if (this.death !== undefined) return undefined;
    this.death = error;
    for (const waiting of this.waiting.values()) waiting.reject(error);
    this.waiting.clear();
    this.watch.died(error);
    return this.worker.terminate();
  }

  private begin<Value>(
    name: string,
    args: readonly unknown[],
    transfer: ArrayBuffer[],
    listener: JobListener | undefined,
  ): RunningJob<Value> {
    const id = ++this.ids;
    const ended = new Promise<Value>((resolve, reject) => {
      this.requireAlive();
      this.waiting.set(id, { resolve, reject, listener });
      try {
        sending(() => {
          this.send({ kind: "call", id, name, args }, transfer);
        });
      } catch (error) {
        this.waiting.delete(id);
        throw error;
      }
    });
    // A job's end may be of no interest to anyone.
    ended.catch(() => undefined);
    return { id, ended };
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }
}
