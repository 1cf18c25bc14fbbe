/** Plots what a search for a learning rate found. */

import type { LearningRateSearch } from "../index.js";
import { naturalLogarithm } from "../random.js";
import { Canvas } from "./canvas.js";
import { drawLine, type PlotSize } from "./plot.js";

/** Characters left of the axis, as in `  4.31 `. */
const LABEL = 8;

/** Share of the range from the least loss to the first that is shown above the first. */
const HEADROOM = 0.15;

/** Writes a learning rate with two digits, as people type it: 0.0032, 3.2e-6. */
export function writeRate(rate: number): string {
  const rounded = Number(rate.toPrecision(2));
  return rounded >= 1e-4 && rounded < 1e5 ? String(rounded) : rounded.toExponential();
}

/** Writes a loss in no more characters than there are left of the axis. */
function writeLoss(loss: number): string {
  const plain = String(Number(loss.toPrecision(4)));
  return plain.length < LABEL ? plain : loss.toExponential(0);
}

/** Writes texts at columns, from left to right, where there is room; one that stands out at the end moves back. */
function place(texts: readonly (readonly [column: number, text: string])[], width: number): string {
  let line = "";
  for (const [column, text] of texts) {
    const at = Math.min(column, width - text.length);
    if (line === "" || at > line.length) line = line.padEnd(at) + text;
  }
  return line;
}

/** Returns the whole powers of ten from the first rate to the last, each with its column. */
function decades(rates: readonly number[], columnOf: (rate: number) => number): [number, string][] {
  const exponent = (rate: number): number => naturalLogarithm(rate) * Math.LOG10E;
  const [first, last] = [rates[0], rates[rates.length - 1]].map(exponent);
  const marks: [number, string][] = [];
  for (let k = Math.ceil(first - 1e-9); k <= last + 1e-9; k++)
    marks.push([columnOf(Number(`1e${k}`)), `1e${k}`]);
  return marks;
}

/**
 * Plots a search's losses against its rates, which stand on a logarithmic axis, and marks the suggestion. Returns `height`
 * lines of the curve, and three of the axis, without colours. Losses far above the first are left out.
 */
export function plotRates(
  { rates, losses, suggestion }: LearningRateSearch,
  { width, height }: PlotSize,
  ascii: boolean,
): string[] {
  if (losses.length < 2) return ["(too few losses to plot)"];
  const wide = Math.max(10, width - LABEL - 2);
  const [bottom, top] = shownRange(losses);
  const canvas = new Canvas(wide, height, ascii);
  drawLine(canvas, losses, bottom, top);
  // Rates that are one number after rounding stand at the left.
  const range = naturalLogarithm(rates[rates.length - 1] / rates[0]) || Infinity;
  const columnOf = (rate: number): number =>
    Math.max(0, Math.min(wide - 1, Math.round((naturalLogarithm(rate / rates[0]) / range) * (wide - 1))));
  const [side, corner, line] = ascii ? ["|", "+", "-"] : ["┤", "└", "─"];
  const labels = new Map([
    [0, writeLoss(top)],
    [height - 1, writeLoss(bottom)],
  ]);
  const curve = canvas
    .lines()
    .map((dots, row) => `${(labels.get(row) ?? "").padStart(LABEL)} ${side}${dots}`);
  const margin = " ".repeat(LABEL + 2);
  const mark = suggestion === undefined ? "" : suggestionMark(columnOf(suggestion), suggestion, wide, ascii);
  return [
    ...curve.map((text) => text.trimEnd()),
    `${" ".repeat(LABEL + 1)}${corner}${line.repeat(wide)}`,
    `${margin}${place(decades(rates, columnOf), wide)}`.trimEnd(),
    `${margin}${mark}`.trimEnd(),
  ];
}

/** Returns the least loss and the most that is shown. */
function shownRange(losses: readonly number[]): [bottom: number, top: number] {
  const bottom = losses.reduce((least, loss) => Math.min(least, loss));
  const fall = losses[0] - bottom;
  if (fall > 0) return [bottom, losses[0] + HEADROOM * fall];
  // Where nothing fell, what rose is all that there is to see.
  const most = losses.reduce((top, loss) => Math.max(top, loss));
  return [bottom, most > bottom ? most : bottom + Math.max(1, Math.abs(bottom))];
}

/** Returns an arrow at the suggestion's column, with the suggestion on the side where there is room. */
function suggestionMark(column: number, suggestion: number, wide: number, ascii: boolean): string {
  const [arrow, text] = [ascii ? "^" : "↑", writeRate(suggestion)];
  const right = column + 2 + text.length <= wide;
  return right ? `${" ".repeat(column)}${arrow} ${text}` : `${text} ${arrow}`.padStart(column + 1);
}
