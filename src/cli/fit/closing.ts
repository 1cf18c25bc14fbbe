/** What people are told when a training has ended, besides what its model amounts to. */

import { grouped } from "../format.js";
import { ownName, quoted } from "../invocation.js";
import type { FitState } from "../run/fit-state.js";
import type { RunFolder } from "../run/run-folder.js";
import { HELD_OUT, lossAt, type Ending } from "./events.js";
import type { FitJob, FitPlan } from "./job.js";

/** Says why it ended, and which model is kept. */
export function endingLines(
  ending: Ending,
  { step, best }: FitState,
  { units }: FitJob,
  { patience }: FitPlan,
): string[] {
  const loss = lossAt(units.looks ?? HELD_OUT);
  return [
    ...(ending === "patience" ? [`Ended early: no better ${loss} in the last ${patience} looks.`] : []),
    ...(best !== undefined && best.step < step
      ? [`The best of the ${loss}es was that of step ${grouped(best.step)}: its model is kept.`]
      : []),
  ];
}

/** Says where all of it is, and how to go on. */
export function runLines(ending: Ending, run: RunFolder | undefined): string[] {
  if (run === undefined) return [];
  const folder = quoted(run.folder);
  const more = ending === "signal" ? [`    ${ownName()} resume ${folder}`] : [];
  return [
    `All of it is in ${folder}: ${run.path("report")} has the curves.${more.length > 0 ? " To go on:" : ""}`,
    ...more,
  ];
}
