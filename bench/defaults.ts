/** Measures what `bptt train` does with no options against others that one might have typed, in the same minutes. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fixed, type Section, type Table } from "./report.js";

const program = "dist/cli/main.js";

/** Texts of three sizes, which come with the install. */
const declarations = "node_modules/typescript/lib";
const texts: readonly { readonly name: string; readonly read: () => string }[] = [
  {
    name: "20 kB of lib.es5.d.ts",
    read: () => readText(join(declarations, "lib.es5.d.ts")).slice(0, 20_000),
  },
  { name: "lib.es5.d.ts", read: () => readText(join(declarations, "lib.es5.d.ts")) },
  { name: "lib.dom.d.ts", read: () => readText(join(declarations, "lib.dom.d.ts")) },
];

/** One thing changed at a time, and networks that people are used to. */
const candidates: readonly { readonly name: string; readonly words: readonly string[] }[] = [
  { name: "no option", words: [] },
  { name: "hidden 128", words: ["--hidden", "128"] },
  { name: "hidden 256", words: ["--hidden", "256"] },
  { name: "2 layers", words: ["--layers", "2"] },
  { name: "lstm", words: ["--cell", "lstm"] },
  { name: "elman", words: ["--cell", "elman"] },
  { name: "mingru", words: ["--cell", "mingru"] },
  { name: "rate 0.003", words: ["--learning-rate", "0.003"] },
  { name: "rate 0.012", words: ["--learning-rate", "0.012"] },
  { name: "no decay", words: ["--schedule", "constant"] },
  { name: "batch 8", words: ["--batch", "8"] },
  { name: "batch 32", words: ["--batch", "32"] },
  { name: "window 16", words: ["--window", "16"] },
  { name: "window 64", words: ["--window", "64"] },
  {
    name: "elman 256, batch 32, window 64, rate 0.002",
    words: [
      "--cell",
      "elman",
      "--hidden",
      "256",
      "--batch",
      "32",
      "--window",
      "64",
      "--learning-rate",
      "0.002",
    ],
  },
];

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** The last event of `bptt train --json`, as far as it is read here. */
interface End {
  readonly heldOut: number;
  readonly step: number;
  readonly modelStep: number;
  readonly seconds: number;
  readonly ending: string;
}

function learn(folder: string, minutes: number, words: readonly string[]): End {
  const given = ["--minutes", String(minutes), "--out", join(folder, "model"), "--json", ...words];
  const printed = execFileSync(process.execPath, [program, "train", join(folder, "text"), ...given], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  return JSON.parse(printed.trimEnd().split("\n").at(-1) ?? "") as End;
}

/** `file`: one more text. Trains for as long as the candidates, the texts and the minutes make it, one after the other. */
export function measureDefaults({ file, minutes }: { file: string | undefined; minutes: number }): Section {
  if (!existsSync(program)) throw new Error(`${program} is not there: run npm run build:dist`);
  const folder = mkdtempSync(join(tmpdir(), "bptt-defaults-"));
  const all = [
    ...texts,
    ...(file === undefined ? [] : [{ name: basename(file), read: () => readText(file) }]),
  ];
  try {
    const runs = all.map(({ name: text, read }) => {
      writeFileSync(join(folder, "text"), read());
      return {
        text,
        ends: candidates.map(({ name, words }) => {
          const end = learn(folder, minutes, words);
          process.stderr.write(`${text}, ${name}: ${fixed(end.heldOut, 3)}\n`);
          return { name, ...end };
        }),
      };
    });
    const table: Table = {
      title: `bptt train, ${minutes === 1 ? "one minute" : `${minutes} minutes`}: nats a character held out`,
      columns: ["options", ...runs.map(({ text }) => text)],
      rows: candidates.map(({ name }, i) => [name, ...runs.map(({ ends }) => fixed(ends[i].heldOut, 3))]),
      notes: [
        "The model is the one that was best on the look's part of what is held out; the figure is of all of it.",
      ],
    };
    return { tables: [table], data: { minutes, runs } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
