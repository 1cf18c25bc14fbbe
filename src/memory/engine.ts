/** Joins a build's kernels with the memory they work on: one of each for a build, shared by all networks, and one for each pool. */

import { describe } from "../errors.js";
import { panelColumns, type Build } from "../wasm/builds.js";
import { CONSTANTS, FIRST_FREE, placeConstants } from "../wasm/constants.js";
import type { Kernels } from "../wasm/kernels.js";
import { chooseBuild, instantiateKernels } from "../wasm/load.js";
import { Arena, MOST_PAGES } from "./arena.js";

export interface Engine {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly arena: Arena;
  /** Columns of a packed panel; a matrix's last panel may have half as many. */
  readonly panelColumns: number;
  /** Pointer to the kernels' constants. */
  readonly constants: number;
  /** How many threads may share a kernel's work: each needs scratch of its own. */
  readonly threads: number;
  /**
   * Returns what to run a window with whose forward pass has so many operations and steps: this, or if they are too few to share,
   * the same without other threads.
   */
  readonly forWindow: (operations: number, steps: number) => Engine;
  /** Says that work is coming: threads that sleep get up. */
  readonly wake: () => void;
}

/** Joins kernels with an arena of the memory that they were instantiated on, for the calling thread alone. */
export function joinEngine(build: Build, kernels: Kernels, arena: Arena): Engine {
  const engine: Engine = {
    ...{ build, kernels, arena, constants: CONSTANTS },
    panelColumns: panelColumns[build],
    threads: 1,
    forWindow: () => engine,
    wake: () => undefined,
  };
  return engine;
}

/**
 * Manages a memory of its own for kernels to work on; `guard`: bytes around every region, for tests.
 * @internal
 */
export function createArena(memory: WebAssembly.Memory, guard = 0): Arena {
  placeConstants(memory);
  return new Arena(memory, FIRST_FREE, guard);
}

/** Creates an engine with memory of its own; `guard`: bytes around every region, for tests. */
export function createEngine(wish?: "auto" | Build, guard = 0): Engine {
  const build = chooseBuild(wish);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  const arena = createArena(memory, guard);
  return joinEngine(build, instantiateKernels(build, memory), arena);
}

const engines = new Map<Build, Engine>();

/**
 * Makes an engine the one that all share, from now on; for tests of all there is on a pool.
 * @internal
 */
export function adoptEngine(engine: Engine): void {
  engines.set(engine.build, engine);
}

/** Says which engine a pool of threads has for a build; throws a RangeError for a build that it has not. */
export type PoolEngines = (build: Build) => Engine;

const pools = new WeakMap<object, PoolEngines>();

/** Networks may be asked to run on this pool from now on. */
export function registerPool(pool: object, find: PoolEngines): void {
  pools.set(pool, find);
}

/** Returns a build's engine, the one that all share or a pool's own; throws a RangeError if it cannot run here. */
export function engineFor(wish?: "auto" | Build, threads?: object): Engine {
  const build = chooseBuild(wish);
  if (threads !== undefined) {
    const find = pools.get(threads);
    if (find !== undefined) return find(build);
    throw new TypeError(`"threads" expected a pool of createThreadPool, got ${describe(threads)}`);
  }
  const engine = engines.get(build) ?? createEngine(build);
  engines.set(build, engine);
  return engine;
}
