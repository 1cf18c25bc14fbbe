/** Tells what a sweep came to. */

import { join } from "node:path";
import { Failure } from "../failure.js";
import type { Voice } from "../fit/teller.js";
import { quoted } from "../invocation.js";
import { runFiles } from "../run/run-folder.js";
import { reasonLines, resultLines, sweepFiles } from "./results-files.js";
import { bestOf, isDone, metricOf, ranked, type TrialRecord } from "./results.js";
import { sweepChart } from "./sweep-chart.js";
import { saveModel } from "./sweep-folder.js";

export interface Conclusion {
  /** Where the runs are. */
  readonly folder: string;
  /** Whether they stay there. */
  readonly kept: boolean;
  readonly records: readonly TrialRecord[];
  /** Where the best model is saved; undefined: nowhere. */
  readonly out: string | undefined;
  /** Returns the command that trains as a trial did; undefined where it is not known. */
  readonly commandOf: (trial: number) => string | undefined;
}

/** Prints the table and the charts, and saves the best model. Throws a Failure where there is none to be saved. */
export async function conclude(
  { folder, kept, records, out, commandOf }: Conclusion,
  { screen, ascii, machine }: Voice,
): Promise<void> {
  const sorted = ranked(records);
  const results = sorted.map(({ result }) => result);
  const metric = metricOf(sorted);
  const best = bestOf(sorted);
  if (out !== undefined && best !== undefined) await saveModel(folder, best.run, out);
  screen.print();
  const [head, ...rows] = resultLines(sorted, metric);
  screen.print(screen.strong(head));
  for (const row of rows) screen.print(row);
  const chart = sweepChart(results, metric, screen.size.columns - 1, ascii);
  for (const line of chart.length === 0 ? [] : ["", ...chart]) screen.print(line);
  for (const line of reasonLines(sorted)) screen.print(line);
  const model = out ?? (kept && best !== undefined ? join(folder, best.run, runFiles.best) : undefined);
  machine?.write(
    `${JSON.stringify({
      event: "end",
      trials: results.length,
      done: results.filter(isDone).length,
      ...(best !== undefined && { best, ...(model !== undefined && { model }) }),
    })}\n`,
  );
  if (best?.heldOut !== undefined) {
    const unit = metric.unit === "" ? "" : ` ${metric.unit}`;
    screen.print();
    screen.print(
      screen.strong(`Best: trial ${best.trial}, ${metric.name} ${best.heldOut.toPrecision(4)}${unit}.`),
    );
    const command = commandOf(best.trial);
    if (command !== undefined) {
      screen.print("The same training once more:");
      screen.print(`    ${command}`);
    }
    if (model !== undefined)
      screen.print(out === undefined ? `Its model is ${model}.` : `Its model is saved as ${out}.`);
  }
  if (kept)
    screen.print(`All of it is in ${quoted(folder)}: ${join(folder, sweepFiles.report)} has the charts.`);
  if (out !== undefined && best === undefined)
    throw new Failure(
      `no trial has a held-out loss at its end, so that none is the best to save as ${out}`,
      1,
    );
}
