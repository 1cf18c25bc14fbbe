/** A run's report: one page of HTML with curves, which opens anywhere. */

import { HELD_OUT, lastOf, lossAt, type EndEvent, type FitEvent, type LookEvent } from "../fit/events.js";
import { duration, grouped } from "../format.js";
import { escaped, htmlPage, pairsTable } from "./html-page.js";
import type { RunConfig } from "./run-config.js";

function endingOf({ ending }: EndEvent, events: readonly FitEvent[]): string {
  return {
    limit: "It trained to its end.",
    patience: `It ended early, since the ${lossAtLooks(events)} became no better.`,
    signal: "It was stopped. bptt resume goes on with it.",
    divergence: "It ended since its loss became no number.",
  }[ending];
}

function lossAtLooks(events: readonly FitEvent[]): string {
  return lossAt(lastOf(events, "start")?.units.looks ?? HELD_OUT);
}

/** Returns the figures that say most. */
function figures(events: readonly FitEvent[]): [string, string][] {
  const start = lastOf(events, "start");
  const update = lastOf(events, "update");
  const look = lastOf(events, "look");
  const best = events.findLast((event): event is LookEvent => event.event === "look" && event.best);
  const end = events.at(-1)?.event === "end" ? lastOf(events, "end") : undefined;
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

/** Returns what the page draws. */
function drawn(events: readonly FitEvent[]): readonly object[] {
  return events
    .filter(({ event }) => event === "start" || event === "update" || event === "look")
    .map((event) => ({ ...event, sample: undefined, settings: undefined, details: undefined }));
}

/** Makes the page of a run, under way or ended. */
export async function reportPage(config: RunConfig, events: readonly FitEvent[]): Promise<string> {
  const { command, operands, options, began } = config;
  const end = events.at(-1);
  const state = end?.event === "end" ? endingOf(end, events) : "It is under way, or was interrupted.";
  return htmlPage({
    title: `bptt ${command} ${operands.join(" ")}`,
    body: `<p>${state} Began ${escaped(began.replace("T", " ").slice(0, 16))} UTC, bptt ${escaped(config.bptt)}, Node ${escaped(config.node)}.</p>
${pairsTable(figures(events))}
${findings(events)}<h2>Curves</h2>
<div id="curves"><noscript>The curves need JavaScript.</noscript></div>
${samples(events)}
<h2>Settings</h2>
${pairsTable(Object.entries(options))}`,
    data: { id: "events", value: drawn(events) },
  });
}
