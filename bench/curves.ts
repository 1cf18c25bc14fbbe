/** Draws curves of measurements as SVG, readable on light and on dark pages. */

/** A named row of points, drawn in their order. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface Curves {
  readonly title: string;
  /** Lines under the title: where it was measured, and how. */
  readonly notes: readonly string[];
  /** What the axes show, with units. */
  readonly x: string;
  readonly y: string;
  /** Whether a line shows where y = x; what lies above the measurements is left out. */
  readonly ideal?: boolean;
  readonly series: readonly Series[];
}

const WIDTH = 640;
const PLOT_HEIGHT = 260;
const MARGIN = { left: 60, right: 20, top: 44, bottom: 48 };
/** Pixels from one line of text to the next. */
const LINE = 20;
/** Of a mark. */
const RADIUS = 4.5;

/** Tells series apart for those who see few colours: Okabe and Ito 2008, and brighter ones on dark pages. */
const COLOURS = [
  ["#0072b2", "#56b4e9"],
  ["#d55e00", "#f0883e"],
  ["#00805f", "#2fc79b"],
  ["#a8497f", "#e08fbd"],
  ["#8a6d00", "#e6b422"],
  ["#555555", "#bbbbbb"],
] as const;

/** Where each mark stands around its point, in radii; none: a circle. */
const MARKS: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.2],
    [1.15, 0.85],
    [-1.15, 0.85],
  ],
  [
    [0, -1.3],
    [1.3, 0],
    [0, 1.3],
    [-1.3, 0],
  ],
];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

/** Two digits behind the point are enough for a place. */
const place = (x: number): string => String(Number(x.toFixed(2)));

/** Returns the distance of ticks: 1, 2 or 5 of a power of ten, with at most 7 of them up to `most`. */
function tickOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 7));
  return power * ([1, 2, 5].find((step) => most / (step * power) <= 7) ?? 10);
}

function markAt(series: number, x: number, y: number): string {
  const corners = MARKS[series % MARKS.length];
  const colour = `c${series % COLOURS.length}`;
  if (corners.length === 0)
    return `<circle class="${colour} mark" cx="${place(x)}" cy="${place(y)}" r="${RADIUS}"/>`;
  const points = corners.map(([dx, dy]) => `${place(x + RADIUS * dx)},${place(y + RADIUS * dy)}`);
  return `<polygon class="${colour} mark" points="${points.join(" ")}"/>`;
}

function textAt(x: number, y: number, text: string, anchor: "start" | "middle" | "end", name = ""): string {
  const classes = name === "" ? "" : ` class="${name}"`;
  return `<text${classes} x="${place(x)}" y="${place(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function style(): string {
  const colours = (dark: 0 | 1): string => COLOURS.map((pair, i) => `.c${i}{--c:${pair[dark]}}`).join("");
  return (
    `svg{--page:#fff;--ink:#1f2328;--faint:#59636e;--grid:#d8dee4}${colours(0)}` +
    `@media (prefers-color-scheme:dark){svg{--page:#0d1117;--ink:#f0f6fc;--faint:#9198a1;--grid:#30363d}${colours(1)}}` +
    `text{font:13px system-ui,sans-serif;fill:var(--ink)}.title{font-size:15px;font-weight:600}.faint{fill:var(--faint)}` +
    `.page{fill:var(--page)}.grid{stroke:var(--grid)}.ideal{stroke:var(--faint);stroke-dasharray:5 4}` +
    `.line{fill:none;stroke:var(--c);stroke-width:2}.mark{fill:var(--c);stroke:var(--page);stroke-width:1.5}`
  );
}

/** Returns an SVG of all series. The axis of y begins at 0, that of x has a tick for each x. Throws a RangeError without points. */
export function drawCurves({ title, notes, x, y, ideal = false, series }: Curves): string {
  const all = series.flatMap(({ points }) => points);
  if (
    all.length === 0 ||
    !all.every((point) => Number.isFinite(point.x) && point.y >= 0 && point.y < Infinity)
  )
    throw new RangeError(
      `"series" expected points of finite numbers, y at least 0, got ${JSON.stringify(series)}`,
    );
  const names = [...series.map(({ name }) => name), ...(ideal ? [`${y} = ${x}`] : [])];
  const legend = MARGIN.top + LINE * notes.length;
  const top = legend + LINE * names.length + LINE;
  const bottom = top + PLOT_HEIGHT;
  const height = bottom + MARGIN.bottom;
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right];
  const ticks = [...new Set(all.map((point) => point.x))].sort((a, b) => a - b);
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  const greatest = Math.max(...all.map((point) => point.y)) || 1;
  const tick = tickOf(greatest);
  const count = Math.ceil(greatest / tick - 1e-9);
  const inset = 24;
  const across = (value: number): number =>
    first === last
      ? (left + right) / 2
      : left + inset + ((value - first) / (last - first)) * (right - left - 2 * inset);
  const up = (value: number): number => bottom - (value / (count * tick)) * PLOT_HEIGHT;
  const parts = [
    `<rect class="page" width="${WIDTH}" height="${place(height)}" rx="6"/>`,
    textAt(left - 44, 26, title, "start", "title"),
    ...notes.map((note, i) => textAt(left - 44, 46 + LINE * i, note, "start", "faint")),
  ];
  names.forEach((name, i) => {
    const at = legend + LINE * i + 8;
    const line = `x1="${left - 44}" x2="${left - 16}" y1="${at}" y2="${at}"`;
    parts.push(
      i < series.length
        ? `<line class="c${i % COLOURS.length} line" ${line}/>${markAt(i, left - 30, at)}`
        : `<line class="ideal" ${line}/>`,
      textAt(left - 8, at + 4, name, "start"),
    );
  });
  for (let i = 0; i <= count; i++) {
    const at = up(i * tick);
    parts.push(
      `<line class="grid" x1="${left}" x2="${right}" y1="${place(at)}" y2="${place(at)}"/>`,
      textAt(left - 8, at + 4, String(Number((i * tick).toPrecision(6))), "end", "faint"),
    );
  }
  for (const value of ticks) parts.push(textAt(across(value), bottom + 18, String(value), "middle", "faint"));
  parts.push(
    textAt((left + right) / 2, bottom + 38, x, "middle"),
    `<g transform="rotate(-90 14 ${place((top + bottom) / 2)})">${textAt(14, (top + bottom) / 2, y, "middle")}</g>`,
  );
  const end = Math.min(last, count * tick);
  if (ideal && end > first && first >= 0)
    parts.push(
      `<line class="ideal" x1="${place(across(first))}" y1="${place(up(first))}" x2="${place(across(end))}" y2="${place(up(end))}"/>`,
    );
  series.forEach(({ points }, i) => {
    const places = points.map((point) => [across(point.x), up(point.y)] as const);
    const path = places.map(([px, py]) => `${place(px)},${place(py)}`).join(" ");
    parts.push(
      `<polyline class="c${i % COLOURS.length} line" points="${path}"/>`,
      ...places.map(([px, py]) => markAt(i, px, py)),
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${place(height)}" width="${WIDTH}" height="${place(height)}" role="img">
<title>${escaped(title)}</title>
<style>${style()}</style>
${parts.join("\n")}
</svg>
`;
}
