/** Draws how a sweep's losses depend on each option: a row a value, or a part of a range, and a mark for each trial at its loss. */

import { naturalLogarithm } from "../../random.js";
import { bounds, isDrawn, label } from "../fit/chart.js";
import type { Metric, TrialResult } from "./results.js";

/** Rows of an option with more values than that are parts of the range from the least to the most. */
const MOST_VALUES = 10;
const PARTS = 8;

/** The widest part of the chart that has marks, in characters. */
const WIDEST = 90;

/** A trial with a loss. */
type Judged = TrialResult & { readonly heldOut: number };

interface Row {
  readonly name: string;
  readonly trials: readonly Judged[];
}

function isNumber(text: string): boolean {
  return text !== "" && Number.isFinite(Number(text));
}

/** Writes a number of a range's in few characters. */
function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}

/** Returns the rows of an option. */
function rowsOf(option: string, trials: readonly Judged[]): Row[] {
  const valueOf = ({ options }: Judged): string => options[option] ?? "";
  const values = [...new Set(trials.map(valueOf))];
  const numeric = values.every(isNumber);
  if (values.length <= MOST_VALUES || !numeric) {
    if (numeric) values.sort((a, b) => Number(a) - Number(b));
    return values.map((name) => ({ name, trials: trials.filter((trial) => valueOf(trial) === name) }));
  }
  const numbers = values.map(Number);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const place = least >= 1e-300 && most > 4 * least ? naturalLogarithm : (value: number): number => value;
  const partOf = (value: number): number =>
    Math.min(
      PARTS - 1,
      Math.floor(((place(value) - place(least)) / (place(most) - place(least)) || 0) * PARTS),
    );
  return Array.from({ length: PARTS }, (_, part) => {
    const inside = trials.filter((trial) => partOf(Number(valueOf(trial))) === part);
    const found = inside.map((trial) => Number(valueOf(trial)));
    const ends = [Math.min(...found), Math.max(...found)].map(short);
    const name = inside.length === 0 ? "" : ends[0] === ends[1] ? ends[0] : `${ends[0]} … ${ends[1]}`;
    return { name, trials: inside };
  });
}

/** Writes the trials of a row as marks, the best of all with a mark of its own. */
function marksOf(
  { trials }: Row,
  columnOf: (loss: number) => number,
  width: number,
  best: Judged,
  ascii: boolean,
): string {
  const cells = Array<string>(width).fill(" ");
  const [plain, first] = ascii ? ["o", "*"] : ["○", "●"];
  for (const trial of trials) cells[columnOf(trial.heldOut)] = plain;
  if (trials.includes(best)) cells[columnOf(best.heldOut)] = first;
  return cells.join("").trimEnd();
}

/**
 * Returns the charts' lines, without colours, all along the same axis of losses; none where fewer than two trials have a loss. The few
 * losses that are far above the rest stand at the right edge. `results` have the best first.
 */
export function sweepChart(
  results: readonly TrialResult[],
  { name: metric, unit }: Metric,
  width: number,
  ascii: boolean,
): string[] {
  const trials = results.filter(
    (result): result is Judged => result.heldOut !== undefined && isDrawn({ value: result.heldOut }),
  );
  if (trials.length < 2) return [];
  const options = Object.keys(trials[0].options);
  const charts = options.map((option) => ({ option, rows: rowsOf(option, trials) }));
  const plain = (text: string): string => (ascii ? text.replace("…", "..") : text);
  const margin = Math.max(...charts.flatMap(({ rows }) => rows.map(({ name }) => plain(name).length))) + 2;
  const wide = Math.max(10, Math.min(WIDEST, width - margin - 2));
  const { low, high } = bounds(trials.map(({ heldOut }) => heldOut));
  const columnOf = (loss: number): number =>
    Math.min(wide - 1, Math.max(0, Math.round(((loss - low) / (high - low)) * (wide - 1))));
  const [side, corner, line] = ascii ? ["|", "+", "-"] : ["┤", "└", "─"];
  const ends = [label(low).trim(), label(high).trim()];
  const axis = `${" ".repeat(margin)}${corner}${line.repeat(wide)}`;
  const ticks = `${" ".repeat(margin + 1)}${ends[0]}${ends[1].padStart(Math.max(ends[1].length + 1, wide - ends[0].length))}`;
  return [
    ...charts.flatMap(({ option, rows }) => [
      `--${option}`,
      ...rows.map((row) =>
        `${plain(row.name).padStart(margin - 1)} ${side}${marksOf(row, columnOf, wide, trials[0], ascii)}`.trimEnd(),
      ),
    ]),
    axis,
    ticks,
    `${" ".repeat(margin + 1)}${metric}${unit === "" ? "" : `, ${unit}`}`,
  ];
}
