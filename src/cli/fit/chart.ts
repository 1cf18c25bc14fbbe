/** Draws a training's losses in a terminal while it goes on: a line of the training loss, a mark for each look at what is held out. */

import { Canvas } from "../canvas.js";
import { HELD_OUT } from "./events.js";

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface ChartSize {
  /** In characters, axis and legend included. */
  readonly width: number;
  readonly height: number;
}

/** Values from here on are left out, as NaN is: so far off, half a unit is lost in rounding. */
const MOST = 1e15;

/** Whether a value can be drawn. */
export function isDrawn({ value }: Pick<Point, "value">): boolean {
  return Math.abs(value) < MOST;
}

/** Characters left of the axis, as in ` 1.234 `. */
const LABEL = 6;

const marks = { line: ["⠤", "*"], look: ["●", "o"] } as const;

/** Writes a value for an axis. */
export function label(value: number): string {
  const magnitude = Math.abs(value);
  return (
    magnitude >= 1e4 || (magnitude > 0 && magnitude < 1e-3) ? value.toExponential(0) : value.toPrecision(4)
  )
    .slice(0, LABEL)
    .padStart(LABEL);
}

/** Returns where the values lie, the few that are far above the rest left out: a loss falls steeply at first. */
export function bounds(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[0];
  const most = sorted[sorted.length - 1];
  const usual = sorted[Math.floor(0.95 * (sorted.length - 1))];
  const high = sorted.length < 20 ? most : Math.min(most, low + 1.5 * (usual - low));
  return high > low ? { low, high } : { low: low - 0.5, high: low + 0.5 };
}

/**
 * Returns the chart's lines. `line` is drawn from its first step to its last; values that are no numbers are left out. Throws nothing:
 * without a value there is one line that says so. `looksAt`: what looks are taken at, for the legend.
 */
export function lossChart(
  line: readonly Point[],
  looks: readonly Point[],
  { width, height }: ChartSize,
  ascii: boolean,
  looksAt = HELD_OUT,
): string[] {
  const all = [...line, ...looks].filter(isDrawn);
  if (all.length === 0) return ["(no loss yet)"];
  const { low, high } = bounds(all.map(({ value }) => value));
  const last = Math.max(...all.map(({ step }) => step));
  const rows = height - 2;
  const wide = Math.max(10, width - LABEL - 2);
  const canvas = new Canvas(wide, rows, ascii);
  const place = ({ step, value }: Point, columns: number, down: number): readonly [number, number] => [
    Math.floor((Math.max(0, step - 1) / Math.max(1, last - 1)) * (columns - 1)),
    Math.max(0, Math.min(down - 1, Math.round(((high - value) / (high - low)) * (down - 1)))),
  ];
  let before: readonly [number, number] | undefined;
  for (const point of line.filter(isDrawn)) {
    const at = place(point, canvas.columns, canvas.rows);
    connect(canvas, before ?? at, at);
    before = at;
  }
  const lines = canvas.lines().map((row) => Array.from(row.padEnd(wide)));
  const kind = ascii ? 1 : 0;
  for (const look of looks.filter(isDrawn)) {
    const [x, y] = place(look, wide, rows);
    lines[y][x] = marks.look[kind];
  }
  const frame = ascii ? ["|", "+", "-"] : ["┤", "└", "─"];
  const legend = `${marks.line[kind]} training${looks.length > 0 ? `  ${marks.look[kind]} ${looksAt}` : ""}`;
  const end = `step ${last}`;
  const middle = Math.floor((rows - 1) / 2);
  const labels = new Map([
    [0, label(high)],
    [middle, label(high - ((high - low) * middle) / Math.max(1, rows - 1))],
    [rows - 1, label(low)],
  ]);
  return [
    ...lines.map((row, y) => `${labels.get(y) ?? " ".repeat(LABEL)} ${frame[0]}${row.join("")}`.trimEnd()),
    `${" ".repeat(LABEL + 1)}${frame[1]}${frame[2].repeat(wide)}`,
    `${" ".repeat(LABEL + 2)}${legend}${end.padStart(Math.max(end.length + 1, wide - legend.length))}`,
  ];
}

/** Draws a straight line between two dots. */
function connect(
  canvas: Canvas,
  [fromX, fromY]: readonly [number, number],
  [toX, toY]: readonly [number, number],
): void {
  const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
  for (let i = 0; i <= steps; i++) {
    canvas.set(
      Math.round(fromX + ((toX - fromX) * i) / steps),
      Math.round(fromY + ((toY - fromY) * i) / steps),
    );
  }
}
