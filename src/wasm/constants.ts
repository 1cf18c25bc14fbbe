/**
 * The kernels' constants stand in memory, because a vector constant inside a loop is built anew at each use by the engine:
 * twelve multiply-adds with two such constants run at a quarter of the speed. assembly/math.ts says where each stands,
 * scripts/kernel-constants.ts what it is.
 */
import { constantTable } from "./generated/constant-table.js";

/** Address of the constants, in bytes. Address 0 is nobody's, so that kernels can take it for "none". */
export const CONSTANTS = 64;
/** Address of the first byte that is not theirs. */
export const FIRST_FREE = 1024;

/** Writes the constants into a memory. */
export function placeConstants({ buffer }: WebAssembly.Memory): void {
  new Float32Array(buffer).set(constantTable, CONSTANTS / 4);
}
