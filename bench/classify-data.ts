/** Makes the files that `bptt classify` is measured on. */
import { de, en, es, fr, hr, it, pl, pt_PT as pt, ro, tr } from "@faker-js/faker";
import { readFileSync } from "node:fs";
import { csvRecord } from "../src/cli/table/write-csv.js";
import { Random } from "../src/random.js";

const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${csvRecord(row)}\n`).join("");

const latin = new Map(Object.entries({ ß: "ss", ł: "l", ı: "i", đ: "d" }));

/** Leaves out accents, by which many names would be no riddle. */
function simplify(name: string): string {
  const letters = name.toLowerCase().normalize("NFD");
  return letters.replace(/\p{Mark}|[ßłıđ]/gu, (letter) => latin.get(letter) ?? "");
}

/** Surnames of ten languages, those of Faker's locales; names at home in several are left out. CSV, `text,label`. */
export function surnames(): string {
  const owners = new Map<string, Set<string>>();
  for (const [language, { person }] of Object.entries({ de, en, es, fr, hr, it, pl, pt, ro, tr }))
    for (const name of person?.last_name?.generic?.map(simplify) ?? [])
      owners.set(name, (owners.get(name) ?? new Set<string>()).add(language));
  const rows = [...owners].filter(([, languages]) => languages.size === 1);
  return csv([["text", "label"], ...rows.map(([name, [language]]) => [name, language])]);
}

/** The days of Seattle and New York (vega-datasets), a month each a sequence. CSV, with the month in front. */
export function weather(): string {
  const lines = readFileSync("node_modules/vega-datasets/data/weather.csv", "utf8").trim().split("\n");
  const [header, ...rows] = lines.map((line) => line.split(","));
  return csv([["month", ...header], ...rows.map((row) => [`${row[0]} ${row[1].slice(0, 7)}`, ...row])]);
}

const waves: Readonly<Record<string, (phase: number) => number>> = {
  // A parabola for each half: within 0.06 of a sine.
  round: (phase) => (phase < 0.5 ? 16 * phase * (0.5 - phase) : -16 * (phase - 0.5) * (1 - phase)),
  square: (phase) => (phase < 0.5 ? 1 : -1),
  saw: (phase) => 2 * phase - 1,
};

/** Waves of 20 to 60 steps in noise, of random period and phase; their shape is the label. JSON lines. */
export function shapes(count: number): string {
  const random = new Random(1);
  const lines = Array.from({ length: count }, (_, i) => {
    const [label, wave] = Object.entries(waves)[i % 3];
    const [period, start] = [8 + 12 * random.uniform(), random.uniform()];
    const sequence = Array.from({ length: 20 + random.integer(41) }, (__, t) => {
      const x = wave((start + t / period) % 1) + 0.5 * random.normal();
      return Math.round(1000 * x) / 1000;
    });
    return JSON.stringify({ sequence, label });
  });
  return `${lines.join("\n")}\n`;
}
