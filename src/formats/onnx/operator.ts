import type { Call } from "./call.js";
import type { Value } from "./values.js";

/** Says what a node gives: its outputs, or those of them that are understood. Throws a FormatError for what no network can be. */
export type Operator = (call: Call) => readonly Value[];
