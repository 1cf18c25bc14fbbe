/** Runs in the report's page: draws the curves. The build puts uPlot's code into this file (scripts/bundle-page.ts). */

import uPlot from "uplot";

interface PageEvent {
  readonly event: "start" | "update" | "look";
  readonly units?: { readonly loss: string; readonly steps: string; readonly looks: string };
  readonly step: number;
  readonly loss?: number | null;
  readonly heldOut?: number | null;
  readonly learningRate?: number | null;
  readonly gradientNorm?: number | null;
  readonly tokensPerSecond?: number | null;
}

/** The share of each update in the moving mean of the loss. */
const SMOOTHING = 0.05;

const events = JSON.parse(document.getElementById("events")?.textContent ?? "[]") as readonly PageEvent[];
const curves = document.getElementById("curves");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const ink = dark ? "#ccc" : "#333";
const grid = dark ? "#333" : "#e4e4e4";
const colours = dark
  ? { faint: "#35506b", line: "#6cb6ff", mark: "#ffa657" }
  : { faint: "#c6dcf2", line: "#0b62b8", mark: "#c2410c" };

/** Returns a value for each step: null where there is none. */
function column(steps: readonly number[], valueOf: (event: PageEvent) => number | null | undefined) {
  const values = new Map<number, number>();
  for (const event of events) {
    const value = valueOf(event);
    if (typeof value === "number") values.set(event.step, value);
  }
  return steps.map((step) => values.get(step) ?? null);
}

function smoothed(values: readonly (number | null)[]): (number | null)[] {
  let [mean, count] = [0, 0];
  return values.map((value) => {
    if (value === null) return null;
    // At first the mean of all: the loss falls fastest then.
    mean += Math.max(SMOOTHING, 1 / ++count) * (value - mean);
    return mean;
  });
}

function axis(): uPlot.Axis {
  return { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
}

function figure(value: number | null): string {
  return value === null ? "" : value.toPrecision(4);
}

interface Curve {
  readonly label: string;
  readonly values: (number | null)[];
  readonly stroke: string;
  readonly points?: boolean;
}

const cursor = uPlot.sync("steps");

function draw(
  place: HTMLElement,
  title: string,
  steps: number[],
  shown: readonly Curve[],
  height: number,
): void {
  const box = document.createElement("div");
  place.append(box);
  const width = (): number => Math.max(280, place.clientWidth);
  const plot = new uPlot(
    {
      title,
      width: width(),
      height,
      cursor: { sync: { key: cursor.key } },
      scales: { x: { time: false } },
      axes: [axis(), { ...axis(), size: 76 }],
      series: [
        { label: "step" },
        ...shown.map(({ label, stroke, points = false }): uPlot.Series => ({
          label,
          stroke,
          width: points ? 1 : 1.5,
          spanGaps: true,
          points: { show: points, size: 6, fill: stroke },
          value: (_, value: number | null) => figure(value),
        })),
      ],
    },
    [steps, ...shown.map(({ values }) => values)],
    box,
  );
  addEventListener("resize", () => {
    plot.setSize({ width: width(), height });
  });
}

const units = events.find(({ event }) => event === "start")?.units ?? {
  loss: "loss",
  steps: "steps",
  looks: "held out",
};
const steps = [...new Set(events.filter(({ event }) => event !== "start").map(({ step }) => step))].sort(
  (a, b) => a - b,
);
if (curves !== null && steps.length > 0) {
  const losses = column(steps, ({ event, loss }) => (event === "update" ? loss : null));
  const heldOut = column(steps, (event) => event.heldOut);
  const looked = heldOut.some((value) => value !== null);
  draw(
    curves,
    `Loss, ${units.loss}`,
    steps,
    [
      { label: "each update", values: losses, stroke: colours.faint },
      { label: "training", values: smoothed(losses), stroke: colours.line },
      ...(looked ? [{ label: units.looks, values: heldOut, stroke: colours.mark, points: true }] : []),
    ],
    360,
  );
  const others = [
    ["Learning rate", (event: PageEvent) => event.learningRate],
    ["Norm of the gradient", (event: PageEvent) => event.gradientNorm],
    [
      `${units.steps.charAt(0).toUpperCase()}${units.steps.slice(1)} a second`,
      (event: PageEvent) => event.tokensPerSecond,
    ],
  ] as const;
  for (const [title, valueOf] of others)
    draw(curves, title, steps, [{ label: title, values: column(steps, valueOf), stroke: colours.line }], 180);
} else if (curves !== null) {
  curves.textContent = "There is nothing to draw yet.";
}
