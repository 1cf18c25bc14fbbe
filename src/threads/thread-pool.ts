/** Makes pools of threads: workers over one shared memory, which share the work of one network at a time. */

import { requireInteger, requireOptions } from "../errors.js";
import { MOST_PAGES, type Arena } from "../memory/arena.js";
import { makeDisposable } from "../memory/disposable.js";
import { createArena, engineFor, joinEngine, registerPool, type Engine } from "../memory/engine.js";
import { vector } from "../memory/regions.js";
import type { Build } from "../wasm/builds.js";
import { isKernels, type Kernels } from "../wasm/kernels.js";
import { compileShared, supportedBuilds } from "../wasm/load.js";
import { signatures } from "../wasm/generated/signatures.js";
import { withSharedMemory } from "../wasm/shared-memory.js";
import { MOST_THREADS, SPLIT, type PoolStart } from "./control.js";
import { isWorth, LEAST } from "./cost.js";
import { coresOf, refusalOfThreads } from "./cores.js";
import { script } from "./generated/script.js";
import { makeWorker, type MadeWorker } from "./make-worker.js";
import { shareKernels } from "./share-kernels.js";
import { Team } from "./team.js";
import type { ThreadPool } from "./types.js";
import { WorkerError } from "./worker-error.js";
import type { WorkerLike } from "./worker-like.js";

/** Milliseconds in which the workers start. */
const START = 30_000;

const ADVICE = `where a Content-Security-Policy forbids worker-src blob:, there can be no pool`;

const names = Object.keys(signatures);

/** A build on memory that the threads share. */
interface SharedBuild {
  readonly build: Build;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Returns a shared memory that may grow as far as this engine lets it. */
function sharedMemory(): WebAssembly.Memory {
  for (let maximum = MOST_PAGES; ; maximum = Math.floor(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch (error) {
      // Some engines reserve all of it at once.
      if (maximum < 4096) throw error;
    }
  }
}

function shareBuild(build: Build): SharedBuild[] {
  const module = compileShared(build, withSharedMemory);
  return module === undefined ? [] : [{ build, module, memory: sharedMemory() }];
}

function instantiate({ build, module, memory }: SharedBuild): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernels(exports)) throw new TypeError(`the kernels of the ${build} build export something else`);
  return exports;
}

/** Bytes from one part's beat to the next: a cache line. */
const BEAT = 64;

/** Makes an engine whose kernels hand their work to the team while there is one. */
function teamEngine(shared: SharedBuild, place: number, team: Team, least: number): Engine {
  const kernels = instantiate(shared);
  const arena: Arena = createArena(shared.memory);
  const { pointer } = arena.reserve({ beats: vector((team.size * SPLIT * BEAT) / 4) });
  const beat = (part: number): number => pointer + part * BEAT;
  const beats = (parts: number): number => {
    let sum = 0;
    for (let part = 0; part < parts; part++) sum += arena.i32[beat(part) >>> 2];
    return sum;
  };
  const alone = joinEngine(shared.build, kernels, arena);
  const shares = shareKernels(
    kernels,
    { threads: team.size, least, beat },
    () => team.available,
    (round) => {
      team.run(kernels, place * names.length, round, beats);
    },
  );
  const engine: Engine = {
    ...{ ...alone, kernels: shares, threads: team.size },
    forWindow: (operations, steps) => (isWorth(operations, steps, least) ? engine : alone),
    wake: () => {
      team.wake();
    },
  };
  return engine;
}

/** Waits until a worker says that it has started; what it says later is that it died. */
async function awaitStart(worker: WorkerLike, died: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new WorkerError(`a thread of the pool did not start within ${START / 1000} s`));
    }, START);
    const started = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const ended = (error: unknown): void => {
      clearTimeout(timer);
      reject(new WorkerError(`a thread of the pool could not start: ${ADVICE}`, { cause: error }));
      died();
    };
    if (worker.on !== undefined) {
      worker.on("message", started);
      worker.on("error", ended);
      worker.on("exit", ended);
    } else {
      worker.addEventListener?.("message", started);
      worker.addEventListener?.("error", ended);
    }
  });
}

/** Workers over one shared memory, and the calling thread. */
class WorkerPool implements ThreadPool {
  declare readonly [Symbol.dispose]: () => void;
  readonly size: number;
  private readonly team: Team | undefined;

  static {
    makeDisposable(this.prototype);
  }

  constructor(size: number, team: Team | undefined) {
    this.size = size;
    this.team = team;
  }

  dispose(): void {
    this.team?.dispose();
  }
}

async function startTeam(
  size: number,
  builds: readonly SharedBuild[],
  make: () => MadeWorker,
): Promise<Team> {
  const made: WorkerLike[] = [];
  const team = new Team(size, names, () => {
    for (const worker of made) void worker.terminate();
  });
  const engines = builds.map(({ module, memory }) => ({ module, memory }));
  const forgets: (() => void)[] = [];
  try {
    const starts = Array.from({ length: size - 1 }, async (_, i) => {
      const { worker, forget } = make();
      made.push(worker);
      forgets.push(forget);
      const start: PoolStart = { thread: i + 1, control: team.control, parts: team.parts, engines, names };
      const started = awaitStart(worker, () => {
        team.miss();
      });
      worker.postMessage(start, []);
      await started;
      worker.unref?.();
    });
    await Promise.all(starts);
  } catch (error) {
    team.dispose();
    throw error;
  } finally {
    for (const forget of forgets) forget();
  }
  return team;
}

/**
 * Starts workers over one shared memory, for `createNetwork(options, { threads: pool })`: the calling thread and they share the
 * work of each window, by what is written and never by what is summed up, so that **the same bits come out for any number of
 * threads**. A pool serves any number of networks, one call at a time, in the builds that were there when it was made. Idle
 * threads sleep, and keep no Node process alive.
 *
 * ```ts
 * const pool = await createThreadPool();
 * const network = createNetwork({ cell: "lstm", inputSize: 65, hiddenSize: 256, outputSize: 65 }, { threads: pool });
 * ```
 *
 * `size`: threads, the calling one included, from 1 to 256; default as many as there are cores. Of size 1 it starts no worker. In
 * a page threads need two headers, `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`;
 * a RangeError says so where they are missing. Rejects with a WorkerError where a worker does not start. A thread that dies while
 * it works is a WorkerError of that call; the pool's networks go on with the calling thread alone, as they do after `dispose`.
 */
export async function createThreadPool(options: { size?: number } = {}): Promise<ThreadPool> {
  const { size = coresOf() } = requireOptions("options", options, ["size"]);
  return startPool(requireInteger("size", size, 1, MOST_THREADS), LEAST);
}

/** Makes a thread's worker. */
const makeThread = (): MadeWorker => makeWorker(script, "bptt-thread", ADVICE);

/**
 * Starts a pool that hands out work of `least` operations a part; tests take 1, so that threads share the smallest, and workers of
 * their own, which they can kill.
 * @internal
 */
export async function startPool(size: number, least: number, make = makeThread): Promise<ThreadPool> {
  if (size === 1) {
    const alone = new WorkerPool(1, undefined);
    registerPool(alone, engineFor);
    return alone;
  }
  const refusal = refusalOfThreads();
  if (refusal !== undefined)
    throw new RangeError(`"size" expected 1 where there are no threads, got ${size}: ${refusal}`);
  const builds = supportedBuilds().flatMap(shareBuild);
  const team = await startTeam(size, builds, make);
  const engines = new Map(
    builds.map((shared, place) => [shared.build, teamEngine(shared, place, team, least)]),
  );
  const pool = new WorkerPool(size, team);
  registerPool(pool, (build) => {
    const engine = engines.get(build);
    if (engine !== undefined) return engine;
    throw new RangeError(
      `"build" expected one that the pool has (${[...engines.keys()].join(", ")}), got "${build}": ` +
        `it was not there when the pool was made, or its kernels came compiled`,
    );
  });
  return pool;
}
