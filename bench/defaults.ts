/** Measures what `bptt train` does with no options against others that one might have typed, in the same minutes. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { epochsFor, networkFor, textDefaults } from "../src/cli/text-defaults.js";
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

/** Words of the command line. */
type Words = readonly string[];

interface Candidate {
  readonly name: string;
  readonly words: Words;
}

const one: Words = ["--layers", "1"];

/** One thing changed at a time of one layer of 192 at the rate 0.006, two layers, and a network that people are used to. */
const candidates: readonly Candidate[] = [
  { name: "1 layer of 192, rate 0.006", words: one },
  { name: "hidden 128", words: [...one, "--hidden", "128"] },
  { name: "hidden 256", words: [...one, "--hidden", "256"] },
  { name: "lstm", words: [...one, "--cell", "lstm"] },
  { name: "elman", words: [...one, "--cell", "elman"] },
  { name: "mingru", words: [...one, "--cell", "mingru"] },
  { name: "rate 0.003", words: [...one, "--learning-rate", "0.003"] },
  { name: "rate 0.012", words: [...one, "--learning-rate", "0.012"] },
  { name: "no decay", words: [...one, "--schedule", "constant"] },
  { name: "batch 8", words: [...one, "--batch", "8"] },
  { name: "batch 32", words: [...one, "--batch", "32"] },
  { name: "window 16", words: [...one, "--window", "16"] },
  { name: "window 64", words: [...one, "--window", "64"] },
  { name: "2 layers", words: ["--layers", "2"] },
  { name: "2 layers, dropout 0.2", words: ["--layers", "2", "--dropout", "0.2"] },
  {
    name: "2 layers, dropout 0.2, rate 0.004",
    words: ["--layers", "2", "--dropout", "0.2", "--learning-rate", "0.004"],
  },
  {
    name: "elman 256, batch 32, window 64, rate 0.002",
    words: [
      ...one,
      ...[
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
    ],
  },
];

const NO_OPTION = "no option";

/** Returns what no option stands for in so many minutes, and the most updates of it. */
function noOption(characters: number, minutes: number): { words: Words; most: number } {
  const updates = Math.floor(
    ((1 - HELD_OUT) * characters) / Number(textDefaults.batch) / Number(textDefaults.window),
  );
  const length = { characters, updates };
  const { layers, dropout, "learning-rate": rate } = networkFor({ minutes }, length);
  const words = layers === "1" ? one : ["--layers", layers, "--dropout", dropout, "--learning-rate", rate];
  return { words, most: updates * Number(epochsFor(length)) };
}

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

async function learn(text: string, out: string, words: Words): Promise<End> {
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

/** A candidate and a text. */
interface Pair extends Candidate {
  readonly text: string;
  readonly path: string;
  readonly characters: number;
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
  private readonly ends: Map<string, Promise<End>>;

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.path = path;
    const lines = path === undefined || !existsSync(path) ? [] : readText(path).trimEnd().split("\n");
    const kept = lines.map((line) => JSON.parse(line) as [string, End]);
    this.ends = new Map(kept.map(([key, end]) => [key, Promise.resolve(end)]));
  }

  /** Returns what the training ends with, which is run if it has not been. */
  endOf(words: readonly string[], train: () => Promise<End>): Promise<End> {
    const key = words.join(" ");
    const found = this.ends.get(key);
    if (found !== undefined) return found;
    const end = train().then((end) => {
      if (this.path !== undefined) appendFileSync(this.path, `${JSON.stringify([key, end])}\n`);
      return end;
    });
    this.ends.set(key, end);
    return end;
  }
}

/** The part of a text that `bptt train` holds out. */
const HELD_OUT = 0.05;

/** Of each training that only finds out how many updates a minute makes, in minutes. */
const TRIAL = 0.15;
/** In minutes: all candidates are compared after the first, and those that are near the best after the others too. */
const LENGTHS = [1, 5, 30];
/** A candidate goes on to the next length when its loss is at most this many times the best of its text. */
const NEAR = 1.05;

function tableOf(minutes: number, figures: readonly Figure[]): Table {
  const of = figures.filter((figure) => figure.minutes === minutes);
  const names = [...new Set(of.map(({ text }) => text))];
  const rows = [NO_OPTION, ...candidates.map(({ name }) => name)].map((name) => [
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
 * `file`: one more text; `minutes`: the longest trainings; `journal`: a file to go on from. A minute is as many updates as a trial made in
 * one, for which the machine should be idle; trainings take that many, whatever else the machine does.
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
  const updatesPerMinute = async ({ text, path }: Pair, words: Words): Promise<number> => {
    const limits = ["--minutes", String(TRIAL), "--patience", "0"];
    // An update takes as long at any rate.
    const timed = words.filter((_, i) => ![words[i], words[i - 1]].includes("--learning-rate"));
    const { step, seconds } = await journal.endOf([text, "trial", ...timed], () =>
      learn(path, model(), [...timed, ...limits]),
    );
    return (step / seconds) * 60;
  };
  const trained = async (pair: Pair, length: number): Promise<Figure> => {
    const { name, text, path, characters } = pair;
    const { words, most } =
      name === NO_OPTION ? noOption(characters, length) : { words: pair.words, most: Infinity };
    const steps = Math.min(most, Math.max(1, Math.round((await updatesPerMinute(pair, words)) * length)));
    const time = steps === most ? `${steps} updates` : String(length);
    const end = await journal.endOf([text, time, ...words], () =>
      learn(path, model(), ["--steps", String(steps), ...words]),
    );
    process.stderr.write(`${JSON.stringify({ text, name, minutes: length, ...end })}\n`);
    return { name, text, minutes: length, end };
  };
  const all = [
    ...texts,
    ...(file === undefined ? [] : [{ name: basename(file), read: () => readText(file) }]),
  ];
  try {
    let left: readonly Pair[] = all.flatMap(({ name: text, read }, i) => {
      const path = join(folder, `text-${i}`);
      writeFileSync(path, read());
      const { length: characters } = read();
      return [...candidates, { name: NO_OPTION, words: [] }].map((one) => ({
        ...one,
        text,
        path,
        characters,
      }));
    });
    const figures: Figure[] = [];
    const lengths = [...LENGTHS.filter((length) => length < minutes), minutes];
    for (const length of lengths) {
      figures.push(...(await onAllCores(left, (pair) => trained(pair, length))));
      left = left.filter(({ name, text }) => {
        const now = figures.filter((figure) => figure.minutes === length && figure.text === text);
        const best = Math.min(...now.map(({ end }) => end.heldOut));
        const own = now.find((figure) => figure.name === name)?.end.heldOut ?? Infinity;
        return name === NO_OPTION || own <= NEAR * best;
      });
    }
    return { tables: lengths.map((length) => tableOf(length, figures)), data: { figures } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
