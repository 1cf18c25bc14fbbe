/** The numbers of one step, as equations with tables. */

import type { Place } from "./diagram.js";
import type { Texts } from "./texts.js";
import { UNITS, type Step, type Walk, type Word } from "./walk.js";

function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

export function digits(value: number): string {
  return value === 0 || Math.abs(value) >= 1e-3 ? value.toFixed(3) : value.toExponential(1);
}

/** A row of a table for each formula, a column for each unit. */
function table(texts: Texts, rows: readonly (readonly [string, readonly number[]])[]): HTMLElement {
  const head = Array.from({ length: UNITS }, (_, i) =>
    element("th", "", `${texts.unit} ${texts.count(i + 1)}`),
  );
  for (const cell of head) cell.setAttribute("scope", "col");
  const body = rows.map(([formula, values]) => {
    const name = element("th", "formula", formula);
    name.setAttribute("scope", "row");
    name.dir = "ltr";
    return element(
      "tr",
      "",
      name,
      ...values.map((value) => element("td", value < 0 ? "negative" : "positive", digits(value))),
    );
  });
  const made = element(
    "table",
    "",
    element("thead", "", element("tr", "", element("td", ""), ...head)),
    element("tbody", "", ...body),
  );
  const scroll = element("div", "scroll", made);
  scroll.dir = "ltr";
  return scroll;
}

function forwardTable(texts: Texts, step: Step, t: number): HTMLElement {
  return table(texts, [
    [`W₁x${sub(t)} + b`, step.fromInput],
    [`W₂h${sub(t - 1)}`, step.fromState],
    [`z${sub(t)} = W₁x${sub(t)} + W₂h${sub(t - 1)} + b`, step.preactivation],
    [`h${sub(t)} = tanh(z${sub(t)})`, step.hidden],
  ]);
}

function backwardTable(texts: Texts, step: Step, t: number, last: boolean): HTMLElement {
  const later = last ? "0" : `W₂ᵀ δ${sub(t + 1)}`;
  return table(texts, [
    [`W₃ᵀ(p${sub(t)} − y${sub(t)})`, step.direct],
    [later, step.future],
    [`∂L/∂h${sub(t)}`, step.total],
    [`1 − h${sub(t)}²`, step.hidden.map((h) => 1 - h * h)],
    [`δ${sub(t)} = ∂L/∂z${sub(t)}`, step.through],
  ]);
}

function sub(t: number): string {
  return String(t).replace(/\d/g, (digit) => String.fromCodePoint(0x2080 + Number(digit)));
}

export function showPanel(
  target: HTMLElement,
  texts: Texts,
  word: Word,
  walk: Walk,
  { phase, step }: Place,
): void {
  const given = walk.steps[step];
  const t = step + 1; // the first step is 1 in the formulas, and h₀ = 0
  const heading =
    phase === "forward"
      ? texts.forwardHeading(t, word.letters[word.tokens[step]] ?? "")
      : texts.backwardHeading(t);
  const [before, after] = phase === "forward" ? texts.forward : texts.backward;
  const wanted = word.tokens[step + 1];
  const numbers =
    phase === "forward"
      ? forwardTable(texts, given, t)
      : backwardTable(texts, given, t, step === walk.steps.length - 1);
  const more =
    phase === "forward"
      ? [
          element(
            "p",
            "",
            texts.lossLine(
              word.letters[wanted] ?? "",
              digits(given.probabilities[wanted]),
              digits(given.loss),
            ),
          ),
        ]
      : [];
  target.replaceChildren(
    element("h2", "", heading),
    element("p", "", before),
    numbers,
    element("p", "", after),
    ...more,
  );
}

/** A bar for each lag on a logarithmic scale of six decades. */
export function showLags(target: HTMLElement, texts: Texts, byLag: readonly number[], back: number): void {
  const top = Math.max(...byLag, Number.MIN_VALUE);
  const rows = byLag.map((size, lag) => {
    const share = size > 0 ? Math.max(0.02, 1 + Math.log10(size / top) / 6) : 0;
    const bar = element("span", lag < back ? "bar" : "bar cut");
    bar.style.inlineSize = `${(100 * share).toFixed(1)}%`;
    return element(
      "div",
      "lag",
      element("span", "lag-name", String(lag)),
      element("span", "track", bar),
      element("span", "lag-value", size.toExponential(1)),
    );
  });
  const axis = element("p", "quiet", texts.lagAxis);
  axis.dir = texts.direction;
  target.replaceChildren(...rows, axis);
}
