/** A sweep's report: one page of HTML with its table, a chart of each option, and the losses of all trials on the way. */

import { escaped, htmlPage } from "../run/html-page.js";
import { runFiles } from "../run/run-folder.js";
import { resultCells } from "./results-files.js";
import type { Metric, TrialRecord } from "./results.js";

/** What the report is of. */
export interface ReportHead {
  readonly title: string;
  /** Said under it. */
  readonly lines: readonly string[];
}

function resultTable(records: readonly TrialRecord[], metric: Metric): string {
  const { head, rows } = resultCells(records, metric);
  const titles = head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const lines = rows.map((cells, i) => {
    const { run, ending } = records[i].result;
    const path = `${run.split("/").map(encodeURIComponent).join("/")}/${runFiles.report}`;
    const texts = cells.map((cell, j) =>
      j === 0 && ending !== "waiting" && ending !== "failed"
        ? `<a href="${escaped(path)}">${escaped(cell)}</a>`
        : escaped(cell),
    );
    return `<tr>${texts.map((text) => `<td>${text}</td>`).join("")}</tr>`;
  });
  return `<div class="wide"><table>\n<tr>${titles}</tr>\n${lines.join("\n")}\n</table></div>`;
}

/** Returns what the page draws. */
function drawn(records: readonly TrialRecord[], { name, unit }: Metric): object {
  const judged = records.filter(({ result }) => result.heldOut !== undefined);
  const options = Object.keys(judged.at(0)?.result.options ?? {});
  return {
    loss: unit === "" ? name : `${name}, ${unit}`,
    options,
    // The best first.
    trials: judged.map(({ result: { trial, heldOut, options: values }, looks }) => ({
      trial,
      heldOut,
      values: options.map((option) => values[option] ?? ""),
      looks: looks.map(({ step, heldOut: loss }) => [step, loss]),
    })),
  };
}

/** Makes the page. `records` have the best first; `reasons` say what went wrong. */
export async function sweepPage(
  { title, lines }: ReportHead,
  records: readonly TrialRecord[],
  metric: Metric,
  reasons: readonly string[],
): Promise<string> {
  const list = reasons.map((reason) => `<li>${escaped(reason)}</li>`).join("\n");
  return htmlPage({
    title,
    body: `<p>${lines.map(escaped).join("<br>\n")}</p>
${resultTable(records, metric)}
${list === "" ? "" : `<h2>What went wrong</h2>\n<ul>\n${list}\n</ul>\n`}<h2>Charts</h2>
<div id="curves"><noscript>The charts need JavaScript.</noscript></div>`,
    data: { id: "trials", value: drawn(records, metric) },
  });
}
