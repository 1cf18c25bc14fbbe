/** Draws the curves of a section of kept figures: `npm run bench:draw -- bench/results/ranks-….json ranks.svg`. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawCurves, type Curves } from "./curves.js";

interface Kept {
  readonly machine: { readonly cpu: string; readonly node: string; readonly date: string };
  readonly sections: Readonly<Record<string, { readonly curves?: Curves }>>;
}

function draw(from: string, to: string, wanted: string | undefined): void {
  // bench/run.ts wrote it.
  const { machine, sections } = JSON.parse(readFileSync(from, "utf8")) as Kept;
  const found = Object.entries(sections).flatMap(([name, { curves }]) =>
    curves === undefined || (wanted ?? name) !== name ? [] : [{ name, curves }],
  );
  if (found.length !== 1) {
    const which = wanted === undefined ? "with curves" : `${wanted} with curves`;
    const names = found.map(({ name }) => name).join(", ");
    throw new Error(`${from} expected one section ${which}, got ${names === "" ? "none" : names}`);
  }
  const { cpu, node, date } = machine;
  const [{ curves }] = found;
  writeFileSync(to, drawCurves({ ...curves, notes: [`${cpu}, Node ${node}, ${date}`, ...curves.notes] }));
}

const { positionals } = parseArgs({ allowPositionals: true });
if (positionals.length < 2 || positionals.length > 3) {
  console.error("Usage: npm run bench:draw -- <file of bench/results/> <file>.svg [section]");
  process.exitCode = 2;
} else {
  const [from, to] = positionals;
  draw(from, to, positionals.at(2));
}
