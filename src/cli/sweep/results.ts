/** What a sweep's trials came to, as their runs' folders tell it. */

import { join } from "node:path";
import { HELD_OUT, lastOf, lossAt, type Ending, type Figures, type StartEvent } from "../fit/events.js";
import { runFiles } from "../run/run-folder.js";
import { readEvents } from "../run/run-log.js";
import type { Trial } from "./trials.js";

/** A training's ending; or what kept it from one: an error, an interruption, that it did not begin yet. */
export type TrialEnding = Ending | "failed" | "interrupted" | "waiting";

/** A line of results.jsonl. */
export interface TrialResult {
  readonly trial: number;
  /** Of the options that are varied. */
  readonly options: Readonly<Record<string, string>>;
  readonly ending: TrialEnding;
  /** Of the model that was kept: over all that is held out, or at its look where the command measures it otherwise. */
  readonly heldOut?: number;
  readonly figures?: Figures;
  readonly parameters?: number;
  readonly steps?: number;
  /** Of training. */
  readonly seconds?: number;
  /** What went wrong. */
  readonly reason?: string;
  /** The run's folder, in the sweep's. */
  readonly run: string;
}

/** A trial's result, and what else the report has of it. */
export interface TrialRecord {
  readonly result: TrialResult;
  readonly units?: StartEvent["units"];
  /** Held-out losses on the way. */
  readonly looks: readonly { readonly step: number; readonly heldOut: number }[];
}

/** What trials are judged by. */
export interface Metric {
  /** "held-out loss". */
  readonly name: string;
  /** "nats a character". */
  readonly unit: string;
}

export function metricOf(records: readonly TrialRecord[]): Metric {
  const units = records.find((record) => record.units !== undefined)?.units;
  return { name: lossAt(units?.looks ?? HELD_OUT), unit: units?.loss ?? "" };
}

/** Reads a trial's run, which need not be there; `reason`: why its last process failed. */
export function readTrial(folder: string, run: string, trial: Trial, reason?: string): TrialRecord {
  const events = readEvents(join(folder, run, runFiles.log));
  const looks = events.flatMap((event) =>
    event.event === "look" && event.heldOut !== undefined
      ? [{ step: event.step, heldOut: event.heldOut, best: event.best }]
      : [],
  );
  const start = lastOf(events, "start");
  const last = events.at(-1);
  const end = last?.event === "end" ? last : undefined;
  const seen = end ?? lastOf(events, "look") ?? lastOf(events, "update");
  const heldOut = end?.heldOut ?? looks.findLast(({ best }) => best)?.heldOut;
  const unfinished = start === undefined ? "waiting" : "interrupted";
  return {
    result: {
      trial: trial.number,
      options: trial.options,
      ending: end?.ending ?? (reason === undefined ? unfinished : "failed"),
      ...(heldOut !== undefined && { heldOut }),
      // One that is no number has become null in the log.
      ...(end?.figures !== undefined && {
        figures: Object.fromEntries(
          Object.entries(end.figures).filter(([, value]) => Number.isFinite(value)),
        ),
      }),
      ...(start !== undefined && { parameters: start.parameters }),
      ...(seen !== undefined && { steps: seen.step, seconds: seen.seconds }),
      ...(reason !== undefined && { reason }),
      run,
    },
    ...(start !== undefined && { units: start.units }),
    looks,
  };
}

/** Whether a training has come to its end, so that nothing is to go on with. */
export function isOver({ ending }: TrialResult): boolean {
  return ending === "limit" || ending === "patience" || ending === "divergence";
}

/** Whether it came to a good end. */
export function isDone({ ending }: TrialResult): boolean {
  return ending === "limit" || ending === "patience";
}

const order: readonly TrialEnding[][] = [
  ["limit", "patience"],
  ["signal"],
  ["interrupted"],
  ["divergence"],
  ["failed"],
  ["waiting"],
];

/** Sorts by how far trials came, the best first among those that came as far. */
export function ranked(records: readonly TrialRecord[]): TrialRecord[] {
  const rank = ({ ending }: TrialResult): number => order.findIndex((endings) => endings.includes(ending));
  return records.toSorted(({ result: a }, { result: b }) => {
    const { heldOut: x = Infinity } = a;
    const { heldOut: y = Infinity } = b;
    return rank(a) - rank(b) || (x === y ? a.trial - b.trial : x - y);
  });
}

/** Returns the best of those that were trained to a good end, or else of those that were stopped; undefined where nothing is held out. */
export function bestOf(records: readonly TrialRecord[]): TrialResult | undefined {
  const result = ranked(records).find((record) => record.result.heldOut !== undefined)?.result;
  return result !== undefined && (isDone(result) || result.ending === "signal") ? result : undefined;
}
