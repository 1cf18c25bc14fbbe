import { describe, requireInteger, requireMethods, requireNumber, requireOptions } from "../errors.js";
import { makeAsyncDisposable } from "../memory/disposable.js";
import type { NetworkOptions, RuntimeOptions } from "../network/types.js";
import { MOST_THREADS } from "../threads/control.js";
import { plainBuilds, chooseBuild, supportedBuilds } from "../wasm/load.js";
import { Connection } from "./connection.js";
import { createWorker } from "./create-worker.js";
import { requireDescription, type OptimizerDescription } from "./descriptions.js";
import { PageNetwork } from "./page-network.js";
import { PageOptimizer } from "./page-optimizer.js";
import { resumeInWorker } from "./page-resume.js";
import { Parcel } from "./portable-arrays.js";
import type {
  NetworkWorker,
  RemoteData,
  RemoteNetwork,
  RemoteOptimizer,
  RemoteResumeOptions,
  RemoteTraining,
  StartWorkerOptions,
} from "./types.js";
import { watchWorker } from "./watch-worker.js";
import { WorkerError } from "../threads/worker-error.js";

/** A file of the caller's may be fetched, compiled and run within so many milliseconds. */
const TIMEOUT = 30_000;

class PageWorker implements NetworkWorker {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  private readonly connection: Connection;
  /** Whether the worker is of the caller's file, and so has the kernels itself. */
  private readonly ownKernels: boolean;

  static {
    makeAsyncDisposable(this.prototype);
  }

  /** `threads`: whether there are to be any. */
  constructor(connection: Connection, ownKernels: boolean, threads: boolean) {
    this.connection = connection;
    this.ownKernels = ownKernels;
    if (ownKernels) return;
    // A pool has the builds that are there when it is made.
    for (const build of threads ? supportedBuilds() : plainBuilds()) connection.sendKernels(build, threads);
  }

  async startThreads(size: number): Promise<void> {
    await this.connection.call("startThreads", [size]);
  }

  async createNetwork(options: NetworkOptions, runtime?: RuntimeOptions): Promise<RemoteNetwork> {
    this.prepare(runtime);
    const info = await this.connection.call("createNetwork", [options, runtime]);
    return new PageNetwork(this.connection, info);
  }

  async loadNetwork(bytes: Uint8Array, runtime?: RuntimeOptions): Promise<RemoteNetwork> {
    const parcel = new Parcel();
    const given = parcel.pack("bytes", bytes);
    this.prepare(runtime);
    const info = await this.connection.call("loadNetwork", [given, runtime], parcel.transfer);
    return new PageNetwork(this.connection, info);
  }

  async resumeTraining(
    checkpoint: Uint8Array,
    data: RemoteData,
    options: RemoteResumeOptions,
    runtime?: RuntimeOptions,
  ): Promise<RemoteTraining> {
    this.prepare(runtime);
    return resumeInWorker(this.connection, checkpoint, data, options, runtime);
  }

  async createOptimizer(description: OptimizerDescription): Promise<RemoteOptimizer> {
    requireDescription("description", description, `{ type: "adam", learningRate: 1e-3 }`);
    return new PageOptimizer(this.connection, await this.connection.call("createOptimizer", [description]));
  }

  async terminate(): Promise<void> {
    await this.connection.die(new WorkerError("the worker was terminated"));
  }

  /**
   * Sends the wide kernels once they are asked for: they take their time. Throws a RangeError where they cannot run, and the
   * worker does not have them itself; a TypeError for a pool of this thread's.
   */
  private prepare(runtime: RuntimeOptions | undefined): void {
    // What is no object the worker refuses.
    const given: unknown = runtime;
    if (typeof given !== "object" || given === null) return;
    const { build: wish, threads }: { build?: unknown; threads?: unknown } = given;
    if (threads !== undefined) {
      throw new TypeError(
        `"runtime.threads" expected none in a worker, got ${describe(threads)}: startWorker({ threads: 2 }) gives its networks two`,
      );
    }
    if (wish !== "wide" || (this.ownKernels && !supportedBuilds().includes(wish))) return;
    this.connection.sendKernels(chooseBuild(wish), false);
  }
}

/** Makes the worker's pool; the worker ends where there can be none. */
async function startThreads(worker: PageWorker, threads: number): Promise<void> {
  try {
    await worker.startThreads(threads);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/**
 * Starts a worker that makes, trains and runs networks while this thread does something else:
 *
 * ```ts
 * const worker = await startWorker();
 * const network = await worker.createNetwork({ cell: "gru", inputSize: 65, hiddenSize: 128, outputSize: 65 });
 * const data = { type: "tokenStream", tokens, batch: 32, window: 64 } as const;
 * for await (const { step, loss } of network.train(data, { optimizer: { type: "adam" }, maxSteps: 1000 })) show(step, loss);
 * ```
 *
 * In Node a worker that nothing waits for does not keep the process from its end. Throws a TypeError or RangeError for a bad
 * argument, and a WorkerError where the worker does not start.
 */
export async function startWorker(options: StartWorkerOptions = {}): Promise<NetworkWorker> {
  const given = requireOptions("options", options, ["worker", "timeout", "threads"]);
  const { worker: make, timeout = TIMEOUT, threads = 1 } = given;
  requireNumber("timeout", timeout, { above: 0 });
  requireInteger("threads", threads, 1, MOST_THREADS);
  if (make !== undefined && typeof make !== "function")
    throw new TypeError(`"worker" expected a function that makes a worker, got ${describe(make)}`);
  const { worker, forget } =
    make === undefined ? createWorker() : { worker: make(), forget: () => undefined };
  requireMethods("worker()", "a Worker", worker, ["postMessage", "terminate"]);
  try {
    const connection = await watchWorker(worker, timeout);
    const started = new PageWorker(connection, make !== undefined, threads > 1);
    if (threads > 1) await startThreads(started, threads);
    return started;
  } finally {
    forget();
  }
}
