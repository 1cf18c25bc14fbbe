/** Measures what `bptt train` does with no options against others that one might have typed, in the same minutes. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
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
  { name: "2 layers, dropout 0.2", words: ["--layers", "2", "--dropout", "0.2"] },
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

const run = promisify(execFile);

async function learn(text: string, out: string, words: readonly string[]): Promise<End> {
  const given = ["train", text, "--out", out, "--json", ...words];
  const { stdout } = await run(process.execPath, [program, ...given], { maxBuffer: 1 << 30 });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as End;
}

/** Does the work on all cores, one piece a core at a time; the results come in the order of the items. */
async function onAllCores<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const workOff = async (): Promise<void> => {
    for (const [i, item] of waiting) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, workOff));
  return results;
}

interface Candidate {
  readonly name: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly path: string;
  /** Of its trainings. */
  readonly updatesPerMinute: number;
}

interface Figure {
  readonly name: string;
  readonly text: string;
  readonly minutes: number;
  readonly end: End;
}

/** What trainings ended with, kept in a file from one run to the next: all of them take hours. */
class Journal {
  private readonly path: string | undefined;
  private readonly ends: Map<string, End>;

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.path = path;
    const lines = path === undefined || !existsSync(path) ? [] : readText(path).trimEnd().split("\n");
    this.ends = new Map(lines.map((line) => JSON.parse(line) as [string, End]));
  }

  /** Returns what the training ended with, which is run if it has not been. */
  async endOf(words: readonly string[], train: () => Promise<End>): Promise<End> {
    const key = words.join(" ");
    const end = this.ends.get(key) ?? (await train());
    if (this.path !== undefined && !this.ends.has(key))
      appendFileSync(this.path, `${JSON.stringify([key, end])}\n`);
    return end;
  }
}

/** Of each training that only finds out how many updates a minute makes, in minutes. */
const TRIAL = 0.15;
/** In minutes: all candidates are compared after the first, and those that are near the best after the others too. */
const LENGTHS = [1, 5, 30];
/** A candidate goes on to the next length when its loss is at most this many times the best of its text. */
const NEAR = 1.05;

function tableOf(minutes: number, figures: readonly Figure[]): Table {
  const of = figures.filter((figure) => figure.minutes === minutes);
  const names = [...new Set(of.map(({ text }) => text))];
  const rows = candidates.map(({ name }) => [
    name,
    ...names.map((text) => {
      const found = of.find((figure) => figure.name === name && figure.text === text);
      return found === undefined ? "–" : fixed(found.end.heldOut, 3);
    }),
  ]);
  return {
    title: `bptt train, ${minutes === 1 ? "a minute" : `${minutes} minutes`}: nats a character held out`,
    columns: ["options", ...names],
    rows: rows.filter(([, ...losses]) => losses.some((loss) => loss !== "–")),
    notes: [
      "The model is the one that was best on the looks' part of what is held out; the figure is of all of it.",
      `A minute is as many updates as one makes of an idle core; –: over ${fixed((NEAR - 1) * 100, 0)} % behind the best in less time.`,
    ],
  };
}

/**
 * `file`: one more text; `minutes`: the longest trainings; `journal`: a file to go on from. First finds how many updates a minute is, for which the machine should be
 * idle; then trains for that many, whatever else the machine does.
 */
export async function measureDefaults({
  file,
  minutes,
  journal: kept,
}: {
  file: string | undefined;
  minutes: number;
  journal: string | undefined;
}): Promise<Section> {
  if (!existsSync(program)) throw new Error(`${program} is not there: run npm run build:dist`);
  const journal = new Journal(kept);
  const folder = mkdtempSync(join(tmpdir(), "bptt-defaults-"));
  const model = (): string => join(folder, `${randomUUID()}.safetensors`);
  const all = [
    ...texts,
    ...(file === undefined ? [] : [{ name: basename(file), read: () => readText(file) }]),
  ];
  try {
    const pairs = all.flatMap(({ name: text, read }, i) => {
      const path = join(folder, `text-${i}`);
      writeFileSync(path, read());
      return candidates.map(({ name, words }) => ({ name, words, text, path }));
    });
    let left: readonly Candidate[] = await onAllCores(pairs, async (pair) => {
      const limits = ["--minutes", String(TRIAL), "--patience", "0"];
      const { step, seconds } = await journal.endOf([pair.text, "trial", ...pair.words], () =>
        learn(pair.path, model(), [...limits, ...pair.words]),
      );
      return { ...pair, updatesPerMinute: (step / seconds) * 60 };
    });
    process.stderr.write("how many updates a minute makes is known\n");
    const figures: Figure[] = [];
    const lengths = [...LENGTHS.filter((length) => length < minutes), minutes];
    for (const length of lengths) {
      await onAllCores(left, async ({ name, words, text, path, updatesPerMinute }) => {
        const steps = String(Math.max(1, Math.round(updatesPerMinute * length)));
        const end = await journal.endOf([text, String(length), ...words], () =>
          learn(path, model(), ["--steps", steps, ...words]),
        );
        figures.push({ name, text, minutes: length, end });
        process.stderr.write(`${JSON.stringify({ text, name, minutes: length, ...end })}\n`);
      });
      left = left.filter(({ name, text }) => {
        const now = figures.filter((figure) => figure.minutes === length && figure.text === text);
        const best = Math.min(...now.map(({ end }) => end.heldOut));
        return now.some((figure) => figure.name === name && figure.end.heldOut <= NEAR * best);
      });
    }
    return { tables: lengths.map((length) => tableOf(length, figures)), data: { figures } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
