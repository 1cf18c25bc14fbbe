/** Plots a curve in a terminal, on a logarithmic axis. */

import { naturalLogarithm } from "../random.js";
import { Canvas } from "./canvas.js";

export interface PlotSize {
  /** In characters, axis included. */
  readonly width: number;
  readonly height: number;
}

/** Decades below the largest value that are shown; anything less is lost in a float32 sum with it. */
const DECADES = 8;

/** Characters left of the axis, as in `1e-12 `. */
const LABEL = 6;

function decimalLogarithm(x: number): number {
  return naturalLogarithm(x) * Math.LOG10E;
}

/** Returns the curve at a place between two values; undefined where one of them is missing. */
function between(values: readonly (number | undefined)[], at: number): number | undefined {
  const left = values[Math.floor(at)];
  const right = values[Math.min(values.length - 1, Math.ceil(at))];
  if (left === undefined || right === undefined) return undefined;
  return left + (right - left) * (at - Math.floor(at));
}

/**
 * Plots `values` from left to right and returns lines of text without colours. Values that are not above 0,
 * not finite, or 8 decades below the largest are left out. `unit` stands behind the horizontal axis.
 */
export function plotLogarithmic(
  values: ArrayLike<number>,
  { width, height }: PlotSize,
  ascii: boolean,
  unit: string,
): string[] {
  const logs = Array.from(values, (value) =>
    value > 0 && value < Infinity ? decimalLogarithm(value) : undefined,
  );
  const known = logs.filter((log) => log !== undefined);
  if (known.length === 0) return ["(nothing above zero)"];
  const top = Math.ceil(Math.max(...known) - 1e-9);
  const bottom = Math.max(top - DECADES, Math.min(top - 1, Math.floor(Math.min(...known) + 1e-9)));
  const canvas = new Canvas(Math.max(10, width - LABEL - 2), height, ascii);
  drawLine(canvas, logs, bottom, top);
  const frame = ascii ? ["|", "+", "-"] : ["┤", "└", "─"];
  const labels = labelRows(bottom, top, height);
  const wide = Math.max(10, width - LABEL - 2);
  return [
    ...canvas
      .lines()
      .map((line, row) => `${(labels.get(row) ?? "").padStart(LABEL)} ${frame[0]}${line}`.trimEnd()),
    `${" ".repeat(LABEL + 1)}${frame[1]}${frame[2].repeat(wide)}`,
    `${" ".repeat(LABEL + 2)}${ticks(values.length - 1, wide, unit)}`,
  ];
}

/** Draws a line through all values, from left to right, without gaps; what lies beyond bottom or top is left out. */
export function drawLine(
  canvas: Canvas,
  values: readonly (number | undefined)[],
  bottom: number,
  top: number,
): void {
  let before: number | undefined;
  for (let x = 0; x < canvas.columns; x++) {
    const value = between(values, (x / Math.max(1, canvas.columns - 1)) * (values.length - 1));
    const y = value === undefined ? NaN : Math.round(((top - value) / (top - bottom)) * (canvas.rows - 1));
    if (!(y >= 0 && y < canvas.rows)) {
      before = undefined;
      continue;
    }
    const step = before === undefined ? 0 : Math.sign(before - y);
    for (let at = y; at !== before && at >= 0 && at < canvas.rows; at += step) {
      canvas.set(x, at);
      if (step === 0) break;
    }
    if (before === y) canvas.set(x, y);
    before = y;
  }
}

/** Returns labels by row, each at the row where its decade begins: as many as there is room for. */
function labelRows(bottom: number, top: number, height: number): Map<number, string> {
  const every = Math.max(1, Math.ceil((top - bottom) / (height - 1)));
  const labels = new Map<number, string>();
  for (let decade = top; decade >= bottom; decade -= every)
    labels.set(Math.round(((top - decade) / (top - bottom)) * (height - 1)), `1e${decade}`);
  return labels;
}

/** Returns the line of labels at 0, half of the axis and its end, and the unit. */
function ticks(last: number, width: number, unit: string): string {
  const middle = last > 3 ? String(Math.round(last / 2)) : "";
  const end = `${last} ${unit}`;
  const half = Math.floor(width / 2) - Math.floor(middle.length / 2);
  const start = `0${middle.padStart(half + middle.length - 1)}`;
  return start.padEnd(Math.max(start.length + 2, width - end.length)) + end;
}

/** Returns whether the terminal shows more than ASCII, by its locale or because it is Windows Terminal. */
export function showsUnicode(
  environment: Readonly<Record<string, string | undefined>>,
  platform: string,
): boolean {
  const { TERM = "", LC_ALL = "", LC_CTYPE = "", LANG = "", WT_SESSION = "" } = environment;
  if (TERM === "dumb" || TERM === "linux") return false;
  if (platform === "win32") return WT_SESSION !== "";
  return /utf-?8/i.test([LC_ALL, LC_CTYPE, LANG].find((value) => value !== "") ?? "");
}
