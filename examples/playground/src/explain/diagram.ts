/** The network unrolled over time, as far as the walk has come. */

import { svg } from "./svg.js";
import { norm, UNITS, type Walk, type Word } from "./walk.js";

/** Forwards through steps 0 … T−1, then back through T−1 … 0. */
export interface Place {
  readonly phase: "forward" | "backward";
  readonly step: number;
}

const COLUMN = 120;
const MARGIN = 46;
const HEIGHT = 330;
const LETTER_Y = 300;
const UNIT_Y = [232, 184, 136];
const GUESS_Y = 96;
const BAR = 64;

/** Value in [−1, 1] → a colour: its sign by hue, its size by opacity. */
function paint(value: number): { fill: string; "fill-opacity": number } {
  const strength = Math.min(1, Math.abs(value));
  return { fill: value < 0 ? "var(--negative)" : "var(--positive)", "fill-opacity": 0.08 + 0.92 * strength };
}

function arrow(x1: number, y1: number, x2: number, y2: number, kind: string, width = 1.5): SVGElement {
  const end = svg("line", { x1, y1, x2, y2, class: `arrow ${kind}`, "stroke-width": width });
  end.setAttribute("marker-end", `url(#head-${kind.split(" ")[0]})`);
  return end;
}

function heads(): SVGElement {
  const head = (kind: string): SVGElement =>
    svg(
      "marker",
      {
        id: `head-${kind}`,
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 9,
        markerHeight: 9,
        markerUnits: "userSpaceOnUse",
        orient: "auto",
      },
      svg("path", { d: "M0 0 L8 4 L0 8 z", class: `arrow-head ${kind}` }),
    );
  return svg("defs", {}, head("ahead"), head("back"));
}

export function drawDiagram(target: SVGElement, word: Word, walk: Walk, place: Place, back: number): void {
  const T = walk.steps.length;
  const width = 2 * MARGIN + T * COLUMN;
  target.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  target.setAttribute("width", String(width));
  target.setAttribute("height", String(HEIGHT));
  const columns = walk.steps.map((_, t) => drawColumn(word, walk, place, t));
  const between = walk.steps.slice(1).map((_, i) => drawBetween(walk, place, i + 1, back));
  target.replaceChildren(heads(), ...columns, ...between);
}

function middle(t: number): number {
  return MARGIN + t * COLUMN + COLUMN / 2;
}

function reached({ phase, step }: Place, t: number): boolean {
  return phase === "backward" || t <= step;
}

function drawColumn(word: Word, walk: Walk, place: Place, t: number): SVGElement {
  const x = middle(t);
  const step = walk.steps[t];
  const seen = reached(place, t);
  const group = svg("g", { class: t === place.step ? "column current" : "column" });
  group.append(
    svg("rect", {
      x: x - COLUMN / 2 + 8,
      y: 8,
      width: COLUMN - 16,
      height: HEIGHT - 16,
      rx: 10,
      class: "frame",
    }),
  );
  group.append(svg("text", { x, y: LETTER_Y + 6, class: "letter" }, word.letters[word.tokens[t]] ?? ""));
  if (seen) group.append(arrow(x, LETTER_Y - 14, x, UNIT_Y[0] + 20, "ahead"));
  UNIT_Y.forEach((y, unit) => {
    group.append(
      svg("circle", {
        cx: x,
        cy: y,
        r: 17,
        class: "unit",
        ...(seen ? paint(step.hidden[unit]) : { fill: "none" }),
      }),
    );
    if (seen) group.append(svg("text", { x, y: y + 4, class: "value" }, step.hidden[unit].toFixed(2)));
  });
  if (!seen) return group;
  group.append(arrow(x, UNIT_Y[UNITS - 1] - 18, x, GUESS_Y + 4, "ahead"));
  group.append(...drawGuess(word, step.probabilities, word.tokens[t + 1], x));
  if (place.phase === "backward" && t >= place.step) {
    const size = norm(step.through);
    group.append(arrow(x + 30, GUESS_Y + 8, x + 30, UNIT_Y[1], "back", thickness(size)));
  }
  return group;
}

/** The three likeliest letters, with bars as long as their probabilities; the right one is marked. */
function drawGuess(word: Word, probabilities: readonly number[], target: number, x: number): SVGElement[] {
  const order = probabilities.map((p, token) => ({ p, token })).sort((a, b) => b.p - a.p);
  const shown = order.slice(0, 3);
  if (!shown.some(({ token }) => token === target))
    shown[shown.length - 1] = { p: probabilities[target], token: target };
  return shown.flatMap(({ p, token }, row) => {
    const y = 28 + row * 22;
    const kind = token === target ? "guess right" : "guess";
    return [
      svg("rect", {
        x: x - BAR / 2,
        y: y - 12,
        width: Math.max(1, BAR * p),
        height: 16,
        rx: 3,
        class: `bar ${kind}`,
      }),
      svg("text", { x: x - BAR / 2 - 8, y, class: `guess-letter ${kind}` }, word.letters[token] ?? ""),
    ];
  });
}

/** Gradients' sizes span decades: a pixel for each half of one. */
function thickness(size: number): number {
  return size > 0 ? Math.min(9, Math.max(0.75, 6 + 2 * Math.log10(size))) : 0.5;
}

function drawBetween(walk: Walk, place: Place, t: number, back: number): SVGElement {
  const [from, to] = [middle(t - 1) + 22, middle(t) - 22];
  const group = svg("g", {});
  if (reached(place, t)) group.append(arrow(from, UNIT_Y[1], to, UNIT_Y[1], "ahead"));
  if (place.phase === "backward" && t >= place.step) {
    const cut = walk.steps.length - t >= back;
    const size = norm(walk.steps[t - 1].future);
    group.append(arrow(to, UNIT_Y[0], from, UNIT_Y[0], cut ? "back cut" : "back", thickness(size)));
  }
  return group;
}
