/** A run's report: one page of HTML with curves, which opens anywhere. */

import { readFile } from "node:fs/promises";
import { HELD_OUT, lossAt, type EndEvent, type FitEvent, type LookEvent } from "../fit/events.js";
import { duration, grouped } from "../format.js";
import type { RunConfig } from "./run-config.js";

/** What the page brings: its program, uPlot in it, and the style. The build puts both beside this file. */
interface PageParts {
  readonly program: string;
  readonly style: string;
}

let parts: Promise<PageParts> | undefined;

async function readParts(): Promise<PageParts> {
  const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");
  const [program, style] = await Promise.all([read("page/page.js"), read("page/page.css")]);
  return { program, style };
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}

function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) => `<tr><th scope="row">${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
  );
  return `<table>${cells.join("\n")}</table>`;
}

function endingOf({ ending }: EndEvent, events: readonly FitEvent[]): string {
  return {
    limit: "It trained to its end.",
    patience: `It ended early, since the ${lossAtLooks(events)} became no better.`,
    signal: "It was stopped. bptt resume goes on with it.",
    divergence: "It ended since its loss became no number.",
  }[ending];
}

function last<Kind extends FitEvent["event"]>(
  events: readonly FitEvent[],
  kind: Kind,
): Extract<FitEvent, { event: Kind }> | undefined {
  return events.findLast((event): event is Extract<FitEvent, { event: Kind }> => event.event === kind);
}

function lossAtLooks(events: readonly FitEvent[]): string {
  return lossAt(last(events, "start")?.units.looks ?? HELD_OUT);
}

/** Returns the figures that say most. */
function figures(events: readonly FitEvent[]): [string, string][] {
  const start = last(events, "start");
  const update = last(events, "update");
  const look = last(events, "look");
  const best = events.findLast((event): event is LookEvent => event.event === "look" && event.best);
  const end = events.at(-1)?.event === "end" ? last(events, "end") : undefined;
  const loss = (value: number): string => value.toPrecision(5);
  return [
    ...(best?.heldOut === undefined
      ? []
      : [
          [`Best ${lossAtLooks(events)}`, `${loss(best.heldOut)}, step ${grouped(best.step)}`] as [
            string,
            string,
          ],
        ]),
    ...(end?.heldOut === undefined
      ? []
      : [["That model over all that is held out", loss(end.heldOut)] as [string, string]]),
    // One that is no number has become null in the log.
    ...Object.entries(end?.figures ?? look?.figures ?? {})
      .filter(([, value]) => Number.isFinite(value))
      .map(([name, value]): [string, string] => [name, value.toPrecision(5)]),
    ...(update === undefined
      ? []
      : ([
          ["Updates", grouped(Math.max(update.step, end?.step ?? 0, look?.step ?? 0))],
          ["Times through the data", String(update.epoch)],
          ["Time", duration(end?.seconds ?? look?.seconds ?? update.seconds)],
        ] satisfies [string, string][])),
    ...(start === undefined
      ? []
      : ([
          ["Parameters", grouped(start.parameters)],
          ["Kernels", start.build],
        ] satisfies [string, string][])),
  ];
}

function findings(events: readonly FitEvent[]): string {
  const end = events.at(-1);
  if (end?.event !== "end") return "";
  return (end.findings ?? [])
    .map(({ title, lines }) => {
      return `<h2>${escaped(title)}</h2>\n<pre class="table">${escaped(lines.join("\n"))}</pre>\n`;
    })
    .join("");
}

function samples(events: readonly FitEvent[]): string {
  const found = events.filter(
    (event): event is LookEvent | EndEvent =>
      (event.event === "look" || event.event === "end") && event.sample !== undefined,
  );
  if (found.length === 0) return "";
  const items = found.reverse().map((event, i) => {
    const title =
      event.event === "end" ? `The model that was kept, of step ${event.modelStep}` : `Step ${event.step}`;
    const open = i === 0 ? " open" : "";
    return `<details${open}><summary>${title}</summary><pre>${escaped(event.sample ?? "")}</pre></details>`;
  });
  return `<h2>Samples</h2>\n${items.join("\n")}`;
}

/** Returns the data as a script's text that no markup can end. */
function data(events: readonly FitEvent[]): string {
  const kept = events
    .filter(({ event }) => event === "start" || event === "update" || event === "look")
    .map((event) => ({ ...event, sample: undefined, settings: undefined, details: undefined }));
  return JSON.stringify(kept).replaceAll("<", "\\u003c");
}

/** Makes the page of a run, under way or ended. */
export async function reportPage(config: RunConfig, events: readonly FitEvent[]): Promise<string> {
  parts ??= readParts();
  const { program, style } = await parts;
  const { command, operands, options, began } = config;
  const title = `bptt ${command} ${operands.join(" ")}`;
  const end = events.at(-1);
  const state = end?.event === "end" ? endingOf(end, events) : "It is under way, or was interrupted.";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${state} Began ${escaped(began.replace("T", " ").slice(0, 16))} UTC, bptt ${escaped(config.bptt)}, Node ${escaped(config.node)}.</p>
${table(figures(events))}
${findings(events)}<h2>Curves</h2>
<div id="curves"><noscript>The curves need JavaScript.</noscript></div>
${samples(events)}
<h2>Settings</h2>
${table(Object.entries(options))}
</main>
<script type="application/json" id="events">${data(events)}</script>
<script>
${program}</script>
</body>
</html>
`;
}
