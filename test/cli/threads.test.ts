/** The option --threads: the same numbers on any number of threads, and a process that ends. */

import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "./program.js";
import { courseOf } from "./run-events.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

/** So large that threads share its work. */
const large = ["--hidden", "96", "--batch", "32", "--build", "simd", "--steps", "3"];
const bytes = (path: string): string => readFileSync(place.path(path)).toString("hex");

function run(...words: string[]): string {
  const { code, out, err } = place.run(words);
  expect([code, err.startsWith("bptt")], err).toEqual([0, false]);
  return out;
}

const trainings: Readonly<Record<string, readonly string[]>> = {
  train: ["train", "text.txt"],
  forecast: ["forecast", "table.csv", "--target", "level", "--horizon", "4"],
  classify: ["classify", "names.csv", "--label", "language"],
};
const commands = Object.keys(trainings);

beforeAll(() => {
  const rows = Array.from({ length: 400 }, (_, i) => `${i},${((i * 7) % 24) + i / 50}`);
  writeFileSync(place.path("table.csv"), `time,level\n${rows.join("\n")}\n`);
  const names = Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0 ? `${"ab".repeat(1 + (i % 9))},x` : `${"ba".repeat(1 + (i % 7))},y`,
  );
  writeFileSync(place.path("names.csv"), `name,language\n${names.join("\n")}\n`);
});

describe.each(commands)("bptt %s", (command) => {
  const words = [...trainings[command], ...large];

  it("learns the same on three threads as on one, says how many there are, and ends", () => {
    const alone = run(...words, "--run", `${command}-1`);
    const three = run(...words, "--threads", "3", "--run", `${command}-3`);
    expect(alone).toMatch(/ parameters, simd kernels$/m);
    expect(three).toMatch(/ parameters, simd kernels, 3 threads$/m);
    const [one, other] = [1, 3].map((threads) => courseOf(place.path(`${command}-${threads}/log.jsonl`)));
    expect(one.length).toBeGreaterThan(3);
    expect(other).toEqual(one);
    for (const name of ["best", "last"])
      expect(bytes(`${command}-3/${name}.safetensors`)).toBe(bytes(`${command}-1/${name}.safetensors`));
  });

  it.each([
    [[], "3 threads"],
    [["--threads", "2"], "2 threads"],
    [["--threads", "1"], undefined],
  ])("goes on with %j on the threads that it began with, unless it is told", (more, said) => {
    const folder = `${command}-${said ?? "alone"}`.replace(" ", "-");
    cpSync(place.path(`${command}-3`), place.path(folder), { recursive: true });
    rmSync(place.path(`${folder}/checkpoint.safetensors`));
    truncateSync(place.path(`${folder}/log.jsonl`), 800);
    expect(/simd kernels(?:, (\d threads))?$/m.exec(run("resume", folder, ...more))?.[1]).toBe(said);
    expect(courseOf(place.path(`${folder}/log.jsonl`))).toEqual(
      courseOf(place.path(`${command}-1/log.jsonl`)),
    );
    expect(bytes(`${folder}/best.safetensors`)).toBe(bytes(`${command}-1/best.safetensors`));
  });
});

describe("a command that uses a network", () => {
  const model = (command: string): string => `${command}-1/best.safetensors`;
  it.each([
    ["evaluates a text", ["evaluate", model("train"), "text.txt"]],
    ["evaluates forecasts", ["evaluate", model("forecast"), "table.csv"]],
    ["evaluates a classifier", ["evaluate", model("classify"), "names.csv"]],
    ["forecasts", ["predict", model("forecast"), "table.csv"]],
    ["tells labels", ["predict", model("classify"), "names.csv"]],
    ["writes", ["sample", model("train"), "--length", "50"]],
    ["tries rates", ["find-rate", "text.txt", ...large, "--json"]],
  ])("%s the same on two threads as on one", (_, words) => {
    const alone = run(...words);
    expect(alone).not.toMatch(/NaN/);
    expect(run(...words, "--threads", "2")).toBe(alone);
  });
});

describe("a number of threads that there cannot be", () => {
  const all = [
    ...commands.map((command) => trainings[command]),
    ["find-rate", "text.txt"],
    ["evaluate", "train-1/best.safetensors", "text.txt"],
    ["predict", "classify-1/best.safetensors", "names.csv"],
    ["sample", "train-1/best.safetensors"],
    ["resume", "train-1"],
    ["sweep", "train", "text.txt", "--hidden", "2,3"],
  ];
  it.each(all.map((words) => ({ words, name: words[0] })))("is refused by bptt $name", ({ words }) => {
    const { code, out, err } = place.run([...words, "--threads", "0"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toBe('bptt: --threads expects a whole number of at least 1, not "0"\n');
  });
});
