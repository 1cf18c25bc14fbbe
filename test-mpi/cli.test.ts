/** `bptt train`, `classify`, `forecast` and `resume` with --mpi: the first rank prints and writes what one process would. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  mpiNames,
  mpis,
  newFile,
  nodeFlags,
  requireMpis,
  run,
  type Ended,
  type MpiName,
} from "./run-ranks.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-mpi-"));
const program = ["dist/cli/main.js"];

/** Ends of what training tells as JSON lines. */
interface Told {
  event: string;
  step: number;
  seconds: number;
  ending?: string;
  heldOut?: number;
}

function toldOf({ output }: Ended): Told[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Told);
}

function alone(...words: string[]): Promise<Ended> {
  return run([process.execPath, ...nodeFlags, ...program, ...words], newFile());
}

function together(mpi: MpiName, ranks: number, ...words: string[]): Promise<Ended> {
  return run([...mpis[mpi](ranks), process.execPath, ...nodeFlags, ...program, ...words, "--mpi"], newFile());
}

const text = join(folder, "text.txt");
const table = join(folder, "table.csv");
const labelled = join(folder, "names.csv");
const small = ["--hidden", "8", "--batch", "5", "--build", "simd"];

beforeAll(() => {
  requireMpis();
  writeFileSync(text, "the quick brown fox jumps over the lazy dog. ".repeat(200));
  const row = (i: number): string =>
    `${new Date(1.6e12 + i * 86_400_000).toISOString().slice(0, 10)},${(i % 7) + i / 100}`;
  writeFileSync(table, `date,y\n${Array.from({ length: 300 }, (_, i) => row(i)).join("\n")}\n`);
  const name = (i: number): string =>
    `${"ab".repeat(1 + (i % 4))}${i % 2 === 0 ? "a" : "o"},${i % 2 === 0 ? "x" : "y"}`;
  writeFileSync(labelled, `text,label\n${Array.from({ length: 120 }, (_, i) => name(i)).join("\n")}\n`);
});

describe.each(mpiNames)("%s", (mpi) => {
  const commands: [string, string[]][] = [
    ["train", [text, "--steps", "12"]],
    ["forecast", [table, "--target", "y", "--horizon", "3", "--steps", "12"]],
    ["classify", [labelled, "--label", "label", "--steps", "12"]],
  ];
  it.each(commands)("%s learns and tells what one process does", async (command, words) => {
    const out = join(folder, `${mpi}-${command}.safetensors`);
    const all = [...words, ...small, "--json", "--out", out];
    const one = await alone(command, ...all);
    const two = await together(mpi, 2, command, ...all);
    expect([one.code, two.code, two.output]).toEqual([0, 0, expect.not.stringMatching(/rank/i)]);
    const [expected, came] = [toldOf(one), toldOf(two)];
    expect(came.map(({ event, step }) => [event, step])).toEqual(
      expected.map(({ event, step }) => [event, step]),
    );
    const losses = (events: Told[]): number[] => events.flatMap(({ heldOut = [] }) => heldOut);
    expect(losses(expected).length).toBeGreaterThan(0);
    losses(came).forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses(expected)[i], 4);
    });
    expect(existsSync(out)).toBe(true);
  });

  it("a run that ended goes on with another number of ranks, and alone", async () => {
    const kept = join(folder, `${mpi}-run`);
    const words = ["train", text, ...small, "--steps", "40", "--checkpoint", "0", "--run", kept, "--json"];
    const first = await together(mpi, 2, ...words);
    expect(first.code).toBe(0);
    expect(readdirSync(kept).sort()).toEqual([
      ...[
        "best.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "last.safetensors",
        "log.jsonl",
        "report.html",
      ],
    ]);
    expect(readFileSync(join(kept, "config.json"), "utf8")).not.toMatch(/mpi"/);
    const more = await together(mpi, 3, "resume", kept, "--json");
    expect([more.code, toldOf(more).at(-1)?.ending]).toEqual([0, "limit"]);
    const last = await alone("resume", kept, "--json");
    expect([last.code, toldOf(last).at(-1)?.step]).toEqual([0, 40]);
    expect(toldOf(last).at(-1)?.heldOut).toBeCloseTo(toldOf(first).at(-1)?.heldOut ?? NaN, 6);
  });

  it("each rank shares its part of a batch among threads of its own, and learns the same", async () => {
    const large = ["--hidden", "96", "--batch", "64", "--build", "simd", "--steps", "3", "--json"];
    const train = (...words: string[]): Promise<Ended> => together(mpi, 2, "train", text, ...large, ...words);
    const alone = await train("--out", join(folder, `${mpi}-alone.safetensors`));
    const threads = await train("--out", join(folder, `${mpi}-threads.safetensors`), "--threads", "2");
    expect([alone.code, threads.code, threads.output]).toEqual([0, 0, expect.not.stringMatching(/rank/i)]);
    const losses = (ended: Ended): number[] => toldOf(ended).flatMap(({ heldOut = [] }) => heldOut);
    expect(losses(alone).length).toBeGreaterThan(1);
    expect(losses(threads)).toEqual(losses(alone));
  });

  it("minutes end all ranks together", async () => {
    const out = join(folder, `${mpi}-minutes.safetensors`);
    const ended = await together(
      mpi,
      2,
      "train",
      text,
      ...small,
      ...["--patience", "0"],
      "--minutes",
      "0.03",
      "--json",
      "--out",
      out,
    );
    expect([ended.code, toldOf(ended).at(-1)?.ending]).toEqual([0, "limit"]);
  });

  it("a folder that has a run already ends all ranks, and the first alone says so", async () => {
    const kept = join(folder, `${mpi}-taken`);
    expect((await alone("train", text, ...small, "--steps", "1", "--run", kept)).code).toBe(0);
    const refused = await together(mpi, 2, "train", text, ...small, "--steps", "1", "--run", kept);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/has a run already/);
  });
});

describe.each(mpiNames)("a sweep's jobs by %s", (mpi) => {
  const [place, sweep] = [join(folder, `${mpi}-sweep`), ["sweep", "train", text, ...small, "--steps", "3"]];
  const trials = [...sweep, "--seed", "1,2", "--run", place, "--print"];
  const start = mpis[mpi](2).join(" ");

  /** Puts mpirun into what a sweep prints, as the README says, and runs it. */
  async function edited(form: string, edit: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const { code, output } = await alone(...trials, form);
    expect(code).toBe(0);
    const script = join(folder, `${mpi}-${form}.sh`);
    writeFileSync(script, output);
    return run(["bash", "-c", `sed -i "$0" "$1"; bash "$1"`, edit, script], newFile(), 240, env);
  }

  it("train each trial by ranks, as lines and as tasks, which go on", async () => {
    const lines = await edited("parallel", `s|.*|${start} & --mpi|`);
    expect([lines.code, lines.output]).toEqual([0, expect.not.stringMatching(/rank/i)]);
    expect(lines.output.match(/held out/g)?.length).toBeGreaterThanOrEqual(2);
    rmSync(join(place, "0002"), { recursive: true });
    const edit = `s|exec \\([^;]*\\)|exec ${start} \\1 --mpi|`;
    for (const [task, goesOn] of [
      ["1", true],
      ["2", false],
    ] as const) {
      const { code, output } = await edited("slurm", edit, { SLURM_ARRAY_TASK_ID: task });
      expect([code, output.includes("Goes on after step 3.")]).toEqual([0, goesOn]);
    }
    const collected = await alone("sweep", "--collect", place);
    expect(collected.output).toContain("2 trials, 2 of them done");
  });
});

describe("--mpi says what is missing", () => {
  it("mpirun", async () => {
    const { code, output } = await alone("train", text, ...small, "--steps", "1", "--mpi");
    expect([code, output]).toEqual([
      2,
      expect.stringMatching(/^bptt: --mpi: connectMpi expected a program that mpirun/),
    ]);
  });

  it("a file", async () => {
    const { code, output } = await alone("train", "-", ...small, "--steps", "1", "--mpi");
    expect([code, output]).toEqual([2, expect.stringMatching(/^bptt: --mpi needs a file/)]);
  });
});
