/** Measures what `bptt classify` learns with no options but those that say what the data are. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArguments } from "../src/cli/arguments.js";
import { runClassify } from "../src/cli/classify/classify-command.js";
import { classifyCommand } from "../src/cli/classify/classify-options.js";
import type { Build } from "../src/wasm/builds.js";
import { shapes, surnames, weather } from "./classify-data.js";
import { fixed, percent, type Section, type Table } from "./report.js";

/** The last event of `bptt classify --json`, as far as it is read here. */
interface End {
  readonly figures: { readonly accuracy: number; readonly macroF1: number };
  readonly details: {
    readonly rows: number;
    readonly majority: { readonly accuracy: number; readonly macroF1: number };
  };
  readonly step: number;
  readonly seconds: number;
}

const tasks: readonly {
  readonly file: string;
  readonly make: () => string;
  readonly words: readonly string[];
}[] = [
  { file: "surnames.csv", make: surnames, words: [] },
  { file: "surnames.csv", make: surnames, words: ["--class-weights", "root"] },
  { file: "shapes.jsonl", make: () => shapes(900), words: [] },
  {
    file: "weather.csv",
    make: weather,
    words: ["--group", "month", "--label", "location", "--ignore", "date,weather", "--held-out", "0.5"],
  },
];

async function learn(folder: string, file: string, words: readonly string[], build: Build): Promise<End> {
  const out = join(folder, "model.safetensors");
  const given = parseArguments(classifyCommand, [
    join(folder, file),
    ...words,
    "--out",
    out,
    "--build",
    build,
    "--json",
  ]);
  if (given === undefined) throw new Error("help was asked for");
  let last = "";
  const output = { write: (text: string) => (last = text) };
  await runClassify(given, undefined, {
    stdout: output,
    stderr: output,
    env: {},
    platform: process.platform,
  });
  return JSON.parse(last) as End;
}

export async function measureClassify(build: Build): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "bptt-classify-"));
  try {
    const runs = [];
    for (const { file, make, words } of tasks) {
      writeFileSync(join(folder, file), make());
      runs.push({
        command: ["bptt classify", file, ...words].join(" "),
        ...(await learn(folder, file, words, build)),
      });
    }
    const table: Table = {
      title: `bptt classify on what is held out, ${build}`,
      columns: [
        "command",
        "held out",
        "accuracy",
        "macro-F1",
        "always the commonest",
        "its macro-F1",
        "updates",
        "seconds",
      ],
      rows: runs.map(({ command, figures, details, step, seconds }) => [
        command,
        String(details.rows),
        percent(figures.accuracy),
        fixed(figures.macroF1, 3),
        percent(details.majority.accuracy),
        fixed(details.majority.macroF1, 3),
        String(step),
        fixed(seconds),
      ]),
      notes: [
        "surnames.csv: 7,261 names of ten languages without accents (Faker); shapes.jsonl: 900 noisy waves of 20 to 60 steps, " +
          "round, square or saw; weather.csv: 96 months of days in Seattle or New York (vega-datasets).",
      ],
    };
    return { tables: [table], data: runs };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
