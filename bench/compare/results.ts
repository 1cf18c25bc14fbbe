/** What a run knows. */
import type { Build } from "../../dist/index.js";
import type { Machine } from "../report.js";
import type { TaskName } from "../work.js";
import type { Check } from "./check.js";
import type { Clock } from "./clock.js";
import type { PeerName } from "./peers.js";

/** A peer at a work: milliseconds are of one step, ratios its time over ours. */
export interface Result {
  readonly milliseconds: number;
  readonly ours: Partial<Record<Build, number>>;
  readonly ratios: Partial<Record<Build, number>>;
  readonly rounds: number;
  /** Median absolute deviation of the ratio to the default build, relative. */
  readonly spread: number;
  /** How much of the time our samples had a core to themselves, 0 to 1. */
  readonly core: number;
  readonly checked: Check;
  readonly note: string | undefined;
  readonly date: string;
  readonly clock: Clock;
}

/** Why there is none. */
export interface Absence {
  readonly failure: string;
}

export type Outcome = Result | Absence;

export type Results = Partial<Record<PeerName, Partial<Record<TaskName, Outcome>>>>;

export interface Comparison {
  readonly machine: Machine;
  readonly results: Results;
}

/** From a child to its parent. */
export type Message = { readonly work: TaskName } & (
  { readonly begun: true } | { readonly result: Result } | Absence
);

export const isResult = (outcome: Outcome | undefined): outcome is Result =>
  outcome !== undefined && "milliseconds" in outcome;
