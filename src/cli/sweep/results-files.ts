/** A sweep's results as a table for people, and as files. */

import { readFileSync } from "node:fs";
import { duration } from "../format.js";
import { tableLines } from "../table.js";
import { csvRecord } from "../table/write-csv.js";
import type { Metric, TrialEnding, TrialRecord, TrialResult } from "./results.js";

export const sweepFiles = {
  jsonLines: "results.jsonl",
  csv: "results.csv",
  report: "report.html",
} as const;

/** Figures besides the held-out loss that people are shown. */
const FIGURES = 2;

const endings: Readonly<Record<TrialEnding, string>> = {
  limit: "to its end",
  patience: "early",
  signal: "stopped",
  divergence: "diverged",
  failed: "failed",
  interrupted: "interrupted",
  waiting: "not begun",
};

/** Names of all that some results have, in the order in which they come. */
function namesOf(
  results: readonly TrialResult[],
  of: (result: TrialResult) => object | undefined,
): readonly string[] {
  return [...new Set(results.flatMap((result) => Object.keys(of(result) ?? {})))];
}

/** Returns the table's head and its rows, cells of text. */
export function resultCells(
  records: readonly TrialRecord[],
  { name }: Metric,
): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const results = records.map(({ result }) => result);
  const options = namesOf(results, (result) => result.options);
  const figures = namesOf(results, (result) => result.figures).slice(0, FIGURES);
  const rows = results.map((result) => [
    String(result.trial),
    ...options.map((option) => result.options[option] ?? ""),
    result.heldOut?.toPrecision(4) ?? "",
    ...figures.map((figure) => result.figures?.[figure]?.toPrecision(4) ?? ""),
    result.seconds === undefined ? "" : duration(result.seconds),
    endings[result.ending],
  ]);
  return { head: ["trial", ...options, name, ...figures, "time", "ended"], rows };
}

export function resultLines(records: readonly TrialRecord[], metric: Metric): string[] {
  const { head, rows } = resultCells(records, metric);
  return tableLines([head, ...rows]);
}

/** Says what went wrong, a line for each reason. */
export function reasonLines(records: readonly TrialRecord[]): string[] {
  const trials = new Map<string, number[]>();
  for (const { result } of records) {
    const { reason, trial } = result;
    if (reason !== undefined) trials.set(reason, [...(trials.get(reason) ?? []), trial]);
  }
  return [...trials].map(([reason, numbers]) => {
    const which = numbers.length === 1 ? `Trial ${numbers[0]}` : `Trials ${numbers.join(", ")}`;
    return `${which}: ${reason}`;
  });
}

export function resultsAsJsonLines(records: readonly TrialRecord[]): string {
  return records.map(({ result }) => `${JSON.stringify(result)}\n`).join("");
}

export function resultsAsCsv(records: readonly TrialRecord[]): string {
  const results = records.map(({ result }) => result);
  const options = namesOf(results, (result) => result.options);
  const figures = namesOf(results, (result) => result.figures);
  const text = (value: number | string | undefined): string => String(value ?? "");
  const rows = results.map((result) => [
    text(result.trial),
    ...options.map((option) => text(result.options[option])),
    text(result.heldOut),
    ...figures.map((figure) => text(result.figures?.[figure])),
    text(result.parameters),
    text(result.steps),
    text(result.seconds),
    result.ending,
    text(result.reason),
    result.run,
  ]);
  const head = ["trial", ...options, "heldOut", ...figures, "parameters", "steps", "seconds"];
  return [[...head, "ending", "reason", "run"], ...rows].map((row) => `${csvRecord(row)}\r\n`).join("");
}

/** Returns a file's lines; none where there is no file. */
function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Returns the reasons of trials that failed, by run, from a results.jsonl that need not be there. */
export function keptReasons(path: string): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const line of linesOf(path)) {
    try {
      const row: unknown = JSON.parse(line);
      if (typeof row !== "object" || row === null || !("run" in row) || !("reason" in row)) continue;
      if (typeof row.run === "string" && typeof row.reason === "string") reasons.set(row.run, row.reason);
    } catch {
      // Another program's line, or half of one.
    }
  }
  return reasons;
}
