/** Joins a build's kernels with the memory they work on: one of each for a build, shared by all networks. */

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
}

/** Creates an engine with memory of its own; `guard`: bytes around every region, for tests. */
export function createEngine(wish?: "auto" | Build, guard = 0): Engine {
  const build = chooseBuild(wish);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  placeConstants(memory);
  const arena = new Arena(memory, FIRST_FREE, guard);
  const kernels = instantiateKernels(build, memory);
  return { build, kernels, arena, panelColumns: panelColumns[build], constants: CONSTANTS };
}

const engines = new Map<Build, Engine>();

/** Returns a build's shared engine, created on first use; throws a RangeError if it cannot run here. */
export function engineFor(wish?: "auto" | Build): Engine {
  const build = chooseBuild(wish);
  const engine = engines.get(build) ?? createEngine(build);
  engines.set(build, engine);
  return engine;
}
