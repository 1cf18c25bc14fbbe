/** A run as Markdown. */
import { fixed, formatTable, percent, type Table } from "../report.js";
import { describeSize, taskNames, tasks, type TaskName } from "../work.js";
import { peerNames, peers, type PeerName } from "./peers.js";
import { isResult, type Comparison, type Outcome, type Result, type Results } from "./results.js";
import type { Peer } from "./subject.js";
import { judge, ratioOf, targets, type Judgement, type Target } from "./targets.js";

const titleOf = (name: PeerName): string => peers[name].title;

/** Three digits; a streaming step in microseconds. */
function timeText(work: TaskName, milliseconds: number): string {
  const value = work === "W6" ? 1000 * milliseconds : milliseconds;
  return value >= 100 ? fixed(value, 0) : value.toPrecision(3);
}

const ratioText = (ratio: number): string => (ratio >= 100 ? fixed(ratio, 0) : ratio.toPrecision(2));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** The works that somebody was asked to do. */
const workOf = (results: Results): TaskName[] =>
  taskNames.filter((work) => peerNames.some((peer) => results[peer]?.[work] !== undefined));

const allResults = (results: Results, work: TaskName): Result[] =>
  peerNames.map((peer) => results[peer]?.[work]).filter(isResult);

function buildsOf(results: Results): (keyof Result["ours"])[] {
  const names = ["wide", "relaxed-simd", "simd"] as const;
  const found = workOf(results).flatMap((work) => allResults(results, work));
  return names.filter((build) => found.some(({ ours }) => ours[build] !== undefined));
}

function timesTable(results: Results): Table {
  const works = workOf(results);
  const own = buildsOf(results).map((build) => [
    `**bptt**, ${build}`,
    ...works.map((work) => {
      const times = allResults(results, work).flatMap(({ ours }) => ours[build] ?? []);
      return times.length === 0 ? "" : timeText(work, median(times));
    }),
  ]);
  const others = askedOf(results).map((peer) => [
    titleOf(peer),
    ...works.map((work) => {
      const outcome = results[peer]?.[work];
      return isResult(outcome) ? timeText(work, outcome.milliseconds) : absence(outcome);
    }),
  ]);
  return {
    title: "Milliseconds a step (W6: microseconds)",
    columns: ["", ...works],
    rows: [...own, ...others],
    notes: [
      "Medians; ours over all processes that it was measured in. Compare ratios rather than rows: they are of one moment. " +
        "–: not done, ×: failed, both below.",
    ],
  };
}

const askedOf = (results: Results): PeerName[] => peerNames.filter((peer) => results[peer] !== undefined);

function absence(outcome: Outcome | undefined): string {
  return outcome === undefined || isResult(outcome) || outcome.failure.startsWith("not done") ? "–" : "×";
}

function ratiosTable(results: Results, build: Target["build"]): Table {
  const works = workOf(results);
  return {
    title: build === "wide" ? "Their time over that of our wide build" : "Their time over ours",
    columns: ["", ...works],
    rows: askedOf(results).map((peer) => [
      titleOf(peer),
      ...works.map((work) => {
        const outcome = results[peer]?.[work];
        const ratio = ratioOf(outcome, build);
        return ratio === undefined ? absence(outcome) : ratioText(ratio);
      }),
    ]),
  };
}

function judgementRow(results: Results, { target, least, measured: count }: Judgement): string[] {
  const { build, ratio, work } = target;
  const ran = (peer: PeerName): boolean => work.some((name) => isResult(results[peer]?.[name]));
  const left = target.peers.filter((peer) => !ran(peer)).map(titleOf);
  const names = target.peers.filter(ran).map(titleOf);
  if (left.length > 0) names.push(`not measured: ${left.join(", ")}`);
  const wanted = ratio < 1 ? `at most ${fixed(1 / ratio, 2)} of its time` : `${ratioText(ratio)} × faster`;
  const row = [names.join("; "), work.join(", "), build, wanted];
  if (least === undefined) return [...row, "not measured", ""];
  const who =
    target.peers.length * work.length > 1 ? ` (${titleOf(least.peer)}, ${least.work}; of ${count})` : "";
  // Rounded to our disadvantage.
  const measured =
    ratio < 1
      ? fixed(Math.ceil(100 / least.ratio) / 100, 2)
      : `${fixed(Math.floor(100 * least.ratio) / 100, 2)} ×`;
  return [...row, `${measured}${who}`, least.ratio >= ratio ? "met" : "**short**"];
}

function targetsTable(results: Results): Table {
  return {
    title: "Targets",
    columns: ["beside", "work", "our build", "target", "measured", ""],
    rows: targets.map((target) => judgementRow(results, judge(results, target))),
    notes: [
      "Where a target is of several, the least favourable of the ratios that were measured counts; how many is said behind it.",
    ],
  };
}

/** How each peer was used, and what was checked. */
function peersTable(results: Results): Table {
  const rows = askedOf(results).map((name) => {
    const peer: Peer = peers[name];
    const outcomes = Object.values(results[name] ?? {}).filter(isResult);
    const differences = outcomes.flatMap(({ checked }) => checked.difference ?? []);
    const unchecked = Object.entries(results[name] ?? {}).filter(
      ([, outcome]) => isResult(outcome) && outcome.checked.difference === undefined,
    );
    const equal =
      differences.length === 0 ? [] : [`numbers as ours to ${Math.max(...differences).toExponential(0)}`];
    const why = [...new Set(unchecked.map(([, outcome]) => (isResult(outcome) ? outcome.checked.how : "")))];
    const shapes =
      unchecked.length === 0 ? [] : [`${unchecked.map(([work]) => work).join(", ")}: ${why.join("; ")}`];
    return [peer.title, peer.use, [...equal, ...shapes].join(". ")];
  });
  return {
    title: "Who, how, and what was checked before timing",
    columns: ["peer", "used as", "checked"],
    rows,
  };
}

function notes({ results }: Comparison): string[] {
  const lines = askedOf(results).flatMap((peer) =>
    Object.entries(results[peer] ?? {}).flatMap(([work, outcome]) => {
      if (!isResult(outcome)) return [{ text: `${titleOf(peer)}: ${outcome.failure}`, work }];
      return outcome.note === undefined ? [] : [{ text: `${titleOf(peer)}: ${outcome.note}`, work }];
    }),
  );
  // One line for all works that it is true of.
  return [...new Set(lines.map(({ text }) => text))].map((text) => {
    const works = lines.filter((line) => line.text === text).map(({ work }) => work);
    return `- ${text} (${works.join(", ")})`;
  });
}

export function formatComparison(comparison: Comparison): string {
  const { machine, results } = comparison;
  const works = workOf(results).map(
    (work) => `${work} ${describeSize(tasks[work].size)}, ${tasks[work].kind}`,
  );
  const all = workOf(results).flatMap((work) => allResults(results, work));
  const core =
    all.length === 0
      ? ""
      : ` Our samples had a core to themselves ${percent(median(all.map((r) => r.core)))} of the time.`;
  const cpu = all.some(({ clock }) => clock === "cpu")
    ? " Times are those that the measuring thread ran, as others used the machine."
    : "";
  const dates = [...new Set(all.map(({ date }) => date))].sort().join(", ");
  const wide = buildsOf(results).includes("wide") ? [ratiosTable(results, "wide")] : [];
  return [
    `${machine.cpu}, ${machine.platform}, Node ${machine.node}, one thread, ${dates}.${core}${cpu}`,
    `${works.join("; ")}.\n`,
    ...[
      targetsTable(results),
      timesTable(results),
      ratiosTable(results, "default"),
      ...wide,
      peersTable(results),
    ].map(formatTable),
    "### Notes\n",
    ...notes(comparison),
    "",
  ].join("\n");
}
