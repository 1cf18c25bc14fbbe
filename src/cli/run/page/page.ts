/** Runs in the pages of reports: draws a run's curves, or a sweep's trials. The build puts uPlot's code into this file (scripts/bundle-page.ts). */

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

interface Trials {
  readonly loss: string;
  /** Names of what is varied. */
  readonly options: readonly string[];
  /** The best first; `values` in the order of the options. */
  readonly trials: readonly {
    readonly trial: number;
    readonly heldOut: number;
    readonly values: readonly string[];
    readonly looks: readonly (readonly [step: number, loss: number])[];
  }[];
}

/** The share of each update in the moving mean of the loss. */
const SMOOTHING = 0.05;

/** Returns what the page has of such data. */
function dataOf(id: string): unknown {
  const text = document.getElementById(id)?.textContent ?? "";
  return text === "" ? undefined : JSON.parse(text);
}

const events = (dataOf("events") ?? []) as readonly PageEvent[];
const sweep = dataOf("trials") as Trials | undefined;
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
  readonly width?: number;
}

const cursor = uPlot.sync("steps");

function draw(
  place: HTMLElement,
  title: string,
  steps: number[],
  shown: readonly Curve[],
  height: number,
): void {
  show(
    place,
    {
      title,
      height,
      cursor: { sync: { key: cursor.key } },
      scales: { x: { time: false } },
      axes: [axis(), { ...axis(), size: 76 }],
      series: [
        { label: "step" },
        ...shown.map(({ label, stroke, points = false, width = points ? 1 : 1.5 }): uPlot.Series => ({
          label,
          stroke,
          width,
          spanGaps: true,
          points: { show: points, size: 6, fill: stroke },
          value: (_, value: number | null) => figure(value),
        })),
      ],
    },
    [steps, ...shown.map(({ values }) => values)],
  );
}

/** Shows a plot as wide as its place is. */
function show(place: HTMLElement, options: Omit<uPlot.Options, "width">, data: uPlot.AlignedData): void {
  const box = document.createElement("div");
  place.append(box);
  const { height } = options;
  const width = (): number => Math.max(280, place.clientWidth);
  const plot = new uPlot({ ...options, width: width() }, data, box);
  addEventListener("resize", () => {
    plot.setSize({ width: width(), height });
  });
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a const enum in declarations alone has no values here
const LOGARITHMIC: uPlot.Scale.Distr = 3;

/** Where numbers are so far apart, their axis is logarithmic. */
const FAR = 20;

function isFar(values: readonly number[]): boolean {
  return values.every((value) => value > 0) && Math.max(...values) > FAR * Math.min(...values);
}

/** Draws a mark for each trial, at its value of the option and its loss. */
function drawOption(place: HTMLElement, { loss, options, trials }: Trials, index: number): void {
  const texts = trials.map(({ values }) => values[index]);
  const numeric = texts.every((text) => text !== "" && Number.isFinite(Number(text)));
  const words = [...new Set(texts)];
  const sorted = trials
    .map(({ heldOut }, i) => ({
      x: numeric ? Number(texts[i]) : words.indexOf(texts[i]),
      loss: heldOut,
      best: i === 0,
    }))
    .sort((a, b) => a.x - b.x);
  const xs = sorted.map(({ x }) => x);
  const marks = (best: boolean): (number | null)[] =>
    sorted.map((one) => (one.best === best ? one.loss : null));
  const series = (label: string, stroke: string): uPlot.Series => ({
    label,
    stroke,
    paths: () => null,
    points: { show: true, size: 8, fill: stroke },
    value: (_, value: number | null) => figure(value),
  });
  show(
    place,
    {
      title: `--${options[index]}`,
      height: 260,
      scales: {
        x: {
          time: false,
          ...(numeric && isFar(xs) && { distr: LOGARITHMIC }),
          ...(!numeric && { range: [-0.5, words.length - 0.5] as [number, number] }),
        },
        ...(isFar(sorted.map((one) => one.loss)) && { y: { distr: LOGARITHMIC } }),
      },
      axes: [
        numeric
          ? axis()
          : { ...axis(), incrs: [1], values: (_, splits: number[]) => splits.map((at) => words[at] ?? "") },
        { ...axis(), size: 76 },
      ],
      series: [
        {
          label: options[index],
          value: (_, at: number | null) => (at === null ? "" : numeric ? String(at) : (words[at] ?? "")),
        },
        series(loss, colours.line),
        series("the best", colours.mark),
      ],
    },
    [xs, marks(false), marks(true)],
  );
}

function drawSweep(place: HTMLElement, all: Trials): void {
  for (let i = 0; i < all.options.length; i++) drawOption(place, all, i);
  const found = all.trials.filter(({ looks }) => looks.length > 0);
  const steps = [...new Set(found.flatMap(({ looks }) => looks.map(([step]) => step)))].sort((a, b) => a - b);
  if (steps.length === 0) return;
  const curve = ({ trial, looks }: Trials["trials"][number], i: number): Curve => {
    const values = new Map(looks);
    return {
      label: String(trial),
      values: steps.map((step) => values.get(step) ?? null),
      stroke: i === 0 ? colours.mark : colours.line,
      width: i === 0 ? 2.5 : 0.8,
    };
  };
  // The best over the others.
  draw(place, `All trials, ${all.loss}`, steps, found.map(curve).reverse(), 420);
}

const units = events.find(({ event }) => event === "start")?.units ?? {
  loss: "loss",
  steps: "steps",
  looks: "held out",
};
const steps = [...new Set(events.filter(({ event }) => event !== "start").map(({ step }) => step))].sort(
  (a, b) => a - b,
);
if (curves !== null && sweep !== undefined && sweep.trials.length > 0) {
  drawSweep(curves, sweep);
} else if (curves !== null && steps.length > 0) {
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
