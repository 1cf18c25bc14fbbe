import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { shellWord } from "../../../src/cli/sweep/job-list.js";
import { lettersCsv } from "../classify/drawn.js";
import { Workplace } from "../program.js";
import { courseOf, parseLine } from "../run-events.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const main = join(import.meta.dirname, "../../../dist/cli/main.js");
const tiny = ["--batch", "4", "--window", "16", "--build", "simd", "--steps", "3"];
const grid = ["sweep", "train", "text.txt", ...tiny, "--hidden", "4,8", "--cell", "gru,lstm"];
const text = (path: string): string => readFileSync(place.path(path), "utf8");
const lines = (path: string): Record<string, unknown>[] => text(path).trimEnd().split("\n").map(parseLine);
const model = (path: string): string => readFileSync(place.path(path)).toString("hex");

/** What of a sweep's results is no time. */
function outcome(folder: string): unknown[] {
  return lines(`${folder}/results.jsonl`).map(({ seconds: _, ...row }) => row);
}

const whole = place.run([...grid, "--jobs", "2", "--run", "whole", "--out", "best.safetensors"]);

describe("bptt sweep", () => {
  it("tells of each trial, and of all in a table with the best first", () => {
    expect(whole.err).toBe("");
    expect(whole.code).toBe(0);
    expect(whole.out).toContain("A sweep of bptt train text.txt: 4 trials, all combinations\n");
    expect(whole.out).toMatch(/^3: hidden 8 · cell gru · held-out loss \d\.\d{3} · \d:\d\d$/m);
    const rows = [...whole.out.matchAll(/^(\d) +(\d) +(gru|lstm) +(\d\.\d+) +\d:\d\d +to its end$/gm)];
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map(([, trial]) => trial)).size).toBe(4);
    const losses = rows.map(([, , , , loss]) => Number(loss));
    expect(losses).toEqual(losses.toSorted((a, b) => a - b));
    expect(whole.out).toMatch(/^--hidden\n {4}4 .*\n {4}8 .*\n--cell\n {2}gru .*\n lstm .*$/m);
    expect(whole.out).toContain(`Best: trial ${rows[0][1]}, held-out loss ${rows[0][4]} nats a character.`);
    expect(whole.out).not.toMatch(/\x1b|NaN|undefined/); // eslint-disable-line no-control-regex -- there is none
  });

  it("trains each as the command does by itself", () => {
    place.run(["train", "text.txt", ...tiny, "--hidden", "8", "--cell", "gru", "--run", "alone"]);
    expect(courseOf(place.path("whole/0003/log.jsonl"))).toEqual(courseOf(place.path("alone/log.jsonl")));
    expect(model("whole/0003/best.safetensors")).toBe(model("alone/best.safetensors"));
  });

  it("leaves each trial's run, its results and a report, and nothing else", () => {
    expect(readdirSync(place.path("whole")).sort()).toEqual([
      ...["0001", "0002", "0003", "0004"],
      ...["config.json", "report.html", "results.csv", "results.jsonl"],
    ]);
    const [best, ...rest] = lines("whole/results.jsonl");
    expect(best).toMatchObject({
      ending: "limit",
      steps: 3,
      options: { hidden: expect.any(String) as string },
    });
    expect(rest.map(({ heldOut }) => Number(heldOut) >= Number(best["heldOut"]))).toEqual([true, true, true]);
    expect(text("whole/results.csv").split("\r\n")).toHaveLength(6);
    const page = text("whole/report.html");
    expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(page.match(/href="000\d\/report\.html"/g)).toHaveLength(4);
    const data = /<script type="application\/json" id="trials">(.*)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(data)).toMatchObject({
      loss: "held-out loss, nats a character",
      options: ["hidden", "cell"],
      trials: [{ trial: best["trial"] }, {}, {}, {}],
    });
  });

  it("saves the best model, and names the command that trains it once more", () => {
    const [best] = lines("whole/results.jsonl");
    expect(model("best.safetensors")).toBe(model(`whole/${String(best["run"])}/best.safetensors`));
    const command = /^ {4}(?:npx bptt|node \S+) (train text\.txt .*)$/m.exec(whole.out)?.[1] ?? "";
    const words = command.split(" ");
    expect(place.run([...words, "--out", "again.safetensors"]).code).toBe(0);
    expect(model("again.safetensors")).toBe(model("best.safetensors"));
  });

  it("prints JSON lines alone where it is told to", () => {
    const { code, out, err } = place.run([...grid, "--json"]);
    expect([code, err]).toEqual([0, ""]);
    const events = out.trimEnd().split("\n").map(parseLine);
    expect(events.map(({ event }) => event)).toEqual(["start", "trial", "trial", "trial", "trial", "end"]);
    expect(events[0]).toMatchObject({ sweeps: "train", trials: 4, settings: { hidden: "4,8" } });
    expect(events[5]).toMatchObject({ trials: 4, done: 4, best: { trial: expect.any(Number) as number } });
    expect(events[5]).not.toHaveProperty("model");
    const losses = (rows: Record<string, unknown>[]): unknown[] => rows.map(({ heldOut }) => heldOut).sort();
    expect(losses(events.slice(1, 5))).toEqual(losses(lines("whole/results.jsonl")));
  });

  it("leaves nothing behind without --run and --out", () => {
    const before = readdirSync(place.folder);
    const { out } = place.run(["sweep", "train", "text.txt", ...tiny, "--hidden", "4,8"]);
    expect(readdirSync(place.folder)).toEqual(before);
    expect(out).not.toContain("All of it is in");
  });

  it("draws the same trials from the same seed", () => {
    const words = [
      "sweep",
      "train",
      "text.txt",
      ...tiny,
      "--learning-rate",
      "0.001..0.1",
      "--hidden",
      "2..9",
    ];
    const drawn = (...more: string[]): string[] => {
      const { out } = place.run([...words, "--trials", "2", "--json", ...more]);
      const events = out.trimEnd().split("\n").map(parseLine);
      return events
        .filter(({ event }) => event === "trial")
        .map(({ options, heldOut }) => JSON.stringify([options, heldOut]))
        .sort();
    };
    const first = drawn();
    expect(first).toHaveLength(2);
    expect(drawn("--jobs", "1")).toEqual(first);
    expect(drawn("--sweep-seed", "1")).not.toEqual(first);
  });

  it("sweeps classifiers and forecasters, each judged by its own loss", () => {
    writeFileSync(place.path("letters.csv"), lettersCsv(60));
    const rows = Array.from({ length: 80 }, (_, i) => `${(i * i) % 7}\n`).join("");
    writeFileSync(place.path("x y.csv"), `x\n${rows}`);
    const swept = (...words: string[]): string =>
      place.run(["sweep", ...words, "--steps", "3", "--build", "simd", "--hidden", "2,3"]).out;
    const classified = swept("classify", "letters.csv");
    expect(classified).toMatch(/^trial {2}hidden {2}held-out loss {2}accuracy {2}macroF1 {2}time +ended$/m);
    expect(classified).toMatch(/^Best: trial \d, held-out loss \d\.\d+ nats a sequence\.$/m);
    const forecast = swept("forecast", "x y.csv", "--target", "x", "--horizon", "2", "--lookback", "5,6");
    expect(forecast).toMatch(
      /^trial {2}lookback {2}hidden {2}validation loss {4}RMSE {5}MAE {2}time +ended$/m,
    );
    expect(forecast).toMatch(/^Best: trial \d, validation loss \S+ mean squared error, as scaled\.$/m);
    expect(forecast).toMatch(/^ {4}.* forecast 'x y\.csv' --target x --horizon 2 /m);
  });
});

describe("trials that go wrong", () => {
  const wild = [
    "sweep",
    "train",
    "text.txt",
    "--batch",
    "4",
    "--window",
    "16",
    "--build",
    "simd",
    "--steps",
    "50",
  ];
  const diverging = [
    ...wild,
    "--cell",
    "elman-relu",
    "--schedule",
    "constant",
    "--hidden",
    "16",
    "--patience",
    "0",
  ];

  it("are rows with their reasons, and the others are trained", () => {
    const words = ["--rule", "bptt,uoro,rtrl", "--block", "2", "--layers", "1,2", "--seed", "0"];
    const { code, out } = place.run([
      "sweep",
      "train",
      "text.txt",
      ...tiny,
      "--hidden",
      "4",
      ...words,
      "--run",
      "odd",
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d +uoro +1 +\d\.\d+ +0:0\d +to its end$/m);
    expect(out).toMatch(/^\d +bptt +1 +failed$/m);
    expect(out).toMatch(/^Trials 1, 2: --block is for --rule blockRtrl and uoro, not for bptt$/m);
    expect(out).toMatch(/^Trials 5, 6: --block is for .* not for rtrl$/m);
    expect(lines("odd/results.jsonl")).toHaveLength(6);
    expect(existsSync(place.path("odd/0001"))).toBe(false);
  });

  it("may be refused by what trains, and are tried again when the sweep goes on", () => {
    const words = [
      "sweep",
      "train",
      "text.txt",
      ...tiny,
      "--hidden",
      "4",
      "--memory",
      "0.0001,50",
      "--run",
      "poor",
    ];
    const { code, out } = place.run(words);
    expect(code).toBe(0);
    expect(out).toMatch(/^1: memory 0\.0001 · --memory is too little: .*$/m);
    expect(out).toMatch(/^Trial 1: --memory is too little: "memoryBudget" expected at least .*$/m);
    const again = place.run(words);
    expect(again.out).toMatch(/^1 of them was over before\.$/m);
    expect(again.out).toMatch(/^1: memory 0\.0001 · --memory is too little: .*$/m);
    expect(again.out).not.toMatch(/^2: memory/m);
    expect(place.run(["sweep", "--collect", "poor"]).out).toMatch(/^Trial 1: --memory is too little/m);
  });

  it("may diverge", () => {
    const { code, out } = place.run([...diverging, "--learning-rate", "0.01,1e30"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^2 +1e30 .* diverged$/m);
    expect(out).toMatch(/^Trial 2: .*step \d+/m);
    expect(out).toMatch(/^Best: trial 1, /m);
  });

  it("end with code 1 where they are all that there are", () => {
    const { code, out, err } = place.run([...diverging, "--learning-rate", "1e30", "--seed", "1,2"]);
    expect(out.match(/ diverged$/gm)).toHaveLength(2);
    expect(err).toBe("bptt: no trial was trained to its end\n");
    expect(code).toBe(1);
  });

  it("have no best where nothing is held out, which is said where it was to be saved", () => {
    writeFileSync(place.path("short.txt"), "abcabcabcabcabcabcabcabc");
    const words = [
      "sweep",
      "train",
      "short.txt",
      "--batch",
      "1",
      "--window",
      "4",
      "--build",
      "simd",
      "--steps",
      "2",
    ];
    const { code, out, err } = place.run([...words, "--hidden", "2,3", "--out", "none.safetensors"]);
    expect(out.match(/ to its end$/gm)).toHaveLength(2);
    expect(err).toMatch(/^bptt: no trial has a held-out loss at its end/);
    expect(code).toBe(1);
    expect(existsSync(place.path("none.safetensors"))).toBe(false);
  });
});

describe("what is wrong with the whole sweep", () => {
  mkdirSync(place.path("other"));
  writeFileSync(place.path("other/file"), "");
  it.each<[RegExp, string[]]>([
    [/cannot read none\.txt: there is no such file/, ["sweep", "train", "none.txt", "--hidden", "4,8"]],
    [/--out is the text itself/, [...grid, "--out", "text.txt"]],
    [/cannot write into the folder nowhere/, [...grid, "--out", "nowhere/x"]],
    [/other is for a sweep, but it has file in it/, [...grid, "--run", "other"]],
    [/alone has a run of bptt train: a sweep needs another folder/, [...grid, "--run", "alone"]],
    [/cannot make the folder text\.txt/, [...grid, "--run", "text.txt"]],
    [/--hidden expects a whole number of at least 1, not "0"/, [...grid, "--hidden", "0,4"]],
    [/cannot read the folder none: there is no such folder/, ["sweep", "--collect", "none"]],
    [/other has no runs in it/, ["sweep", "--collect", "other"]],
    [/alone is one run of bptt train, and no folder of several/, ["sweep", "--collect", "alone"]],
  ])("is said in one line, with exit code 2: %s", (message, words) => {
    const { code, out, err } = place.run(words);
    expect(err).toMatch(message);
    expect(err).toMatch(/^bptt: [^\n]+\n$/);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});

describe("a sweep goes on", () => {
  /** Copies the whole sweep, and leaves of it what an interruption may have. */
  function interrupted(name: string): void {
    cpSync(place.path("whole"), place.path(name), { recursive: true });
    rmSync(place.path(`${name}/0003`), { recursive: true });
    rmSync(place.path(`${name}/0002/checkpoint.safetensors`));
    truncateSync(place.path(`${name}/0002/log.jsonl`), 800);
    for (const file of ["results.jsonl", "results.csv", "report.html"]) rmSync(place.path(`${name}/${file}`));
  }

  it.each([
    ["by the same words", (run: string) => [...grid, "--run", run]],
    ["by bptt resume", (run: string) => ["resume", run]],
  ])("%s: what is over stays, the rest is trained", (_, words) => {
    const run = words("x").at(0) ?? "";
    interrupted(run);
    const before = statSync(place.path(`${run}/0001/log.jsonl`)).mtimeMs;
    const { code, out } = place.run(words(run));
    expect(code).toBe(0);
    expect(out).toContain("2 of them were over before.");
    expect(outcome(run)).toEqual(outcome("whole"));
    expect(statSync(place.path(`${run}/0001/log.jsonl`)).mtimeMs).toBe(before);
    for (const trial of ["0001", "0002", "0003", "0004"])
      expect(model(`${run}/${trial}/best.safetensors`)).toBe(model(`whole/${trial}/best.safetensors`));
  });

  it("with more trials of the same seed", () => {
    const words = ["sweep", "train", "text.txt", ...tiny, "--hidden", "2..40", "--run", "more", "--trials"];
    place.run([...words, "2"]);
    const { code, out } = place.run([...words, "3"]);
    expect(code).toBe(0);
    expect(out).toContain("2 of them were over before.");
    expect(lines("more/results.jsonl")).toHaveLength(3);
  });

  it("with nothing else in its folder", () => {
    const { code, err } = place.run([...grid, "--learning-rate", "0.1", "--run", "whole"]);
    expect(err).toMatch(/^bptt: whole\/0001 is another sweep's trial, with --learning-rate 0\.006: a new/);
    expect(code).toBe(2);
  });

  it("on the same data", () => {
    writeFileSync(place.path("changing.txt"), place.text);
    const words = ["sweep", "train", "changing.txt", ...tiny, "--hidden", "2,3", "--run", "changed"];
    place.run(words);
    appendFileSync(place.path("changing.txt"), "!");
    for (const again of [words, ["resume", "changed"]]) {
      const { code, err } = place.run(again);
      expect(err).toMatch(/changing\.txt is not what it was when/);
      expect(code).toBe(2);
    }
  });

  // Windows has no signals to send.
  it.skipIf(process.platform === "win32").each([
    ["SIGINT", 130, "it"],
    ["SIGTERM", 143, "it"],
    ["SIGKILL", null, "it"],
    // Ctrl-C in a terminal.
    ["SIGINT", 130, "it and its trainings"],
  ] as const)(
    "after %s, which ends it with %s, sent to %s: each training saves its model first",
    async (signal, expected, receivers) => {
      const alone = receivers === "it";
      const run = `after-${signal}-${alone ? 1 : 2}`;
      const long = [
        "sweep",
        "train",
        "text.txt",
        ...tiny.slice(0, -2),
        "--hidden",
        "4,5,6",
        "--minutes",
        "5",
      ];
      const given = [main, ...long, "--jobs", "2", "--run", run];
      const child = spawn(process.execPath, given, { cwd: place.folder, detached: !alone });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (some: string) => (out += some));
      const ended = once(child, "close");
      const logs = ["0001", "0002"].map((trial) => place.path(`${run}/${trial}/log.jsonl`));
      while (!logs.every((log) => existsSync(log) && statSync(log).size > 2000)) await sleep(20);
      process.kill(alone ? (child.pid ?? 0) : -(child.pid ?? 0), signal);
      const [code] = (await ended) as [number | null];
      expect(code).toBe(expected);
      // Each training saves its model and lets its folder go.
      while (logs.some((log) => existsSync(join(log, "../lock")))) await sleep(20);
      for (const log of logs) {
        const last = parseLine(readFileSync(log, "utf8").trimEnd().split("\n").at(-1) ?? "");
        expect(last).toMatchObject({ event: "end", ending: "signal" });
      }
      expect(existsSync(place.path(`${run}/0003`))).toBe(false);
      if (signal === "SIGKILL") return;
      expect(out).toMatch(/^[12] +[45] +\d\.\d+ +\d:\d\d +stopped$/m);
      expect(out).toMatch(/^3 +6 +not begun$/m);
      expect(out).toMatch(new RegExp(`^To go on:\\n {4}.* resume ${run}$`, "m"));
    },
  );
});

describe("trials for other machines", () => {
  const odd = 'it\'s $HOME "quoted".txt';
  writeFileSync(place.path(odd), place.text);
  const words = ["sweep", "train", odd, ...tiny, "--hidden", "2,3", "--seed", "-1,5"];
  /** Runs a script in which `npx bptt` is the program under test. */
  const bash = (script: string, environment: Record<string, string> = {}): string =>
    execFileSync("bash", ["-c", script], {
      cwd: place.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment, PATH: `${place.folder}:${process.env["PATH"] ?? ""}` },
    });
  const node = [process.execPath, main].map(shellWord).join(" ");
  writeFileSync(place.path("npx"), `#!/bin/bash\nshift\nexec ${node} "$@"\n`, { mode: 0o755 });

  it.skipIf(process.platform === "win32")("are a list of commands, whose runs --collect tells of", () => {
    const { code, out, err } = place.run([...words, "--run", "far runs", "--print", "parallel"]);
    expect([code, err]).toEqual([0, ""]);
    expect(existsSync(place.path("far runs"))).toBe(false);
    expect(out.split("\n")).toHaveLength(5);
    bash(out);
    expect(readdirSync(place.path("far runs"))).toEqual(["0001", "0002", "0003", "0004"]);
    const collected = place.run(["sweep", "--collect", "far runs", "--out", "far.safetensors"]);
    expect(collected.code).toBe(0);
    expect(collected.out).toContain("4 trials, 4 of them done");
    expect(collected.out.match(/^\d +[23] +(-1|5) +\d\.\d+ +\d:\d\d +to its end$/gm)).toHaveLength(4);
    const [best] = lines("far runs/results.jsonl");
    expect(model("far.safetensors")).toBe(model(`far runs/${String(best["run"])}/best.safetensors`));
    // The sweep itself goes on with what the machines left.
    rmSync(place.path("far runs/0004"), { recursive: true });
    expect(place.run([...words, "--run", "far runs"]).out).toContain("3 of them were over before.");
    expect(outcome("far runs")).toHaveLength(4);
  });

  it.skipIf(process.platform === "win32")(
    "are a script for Slurm, a task each, which goes on where it stopped",
    () => {
      const { out } = place.run([...words, "--run", "array", "--print", "slurm"]);
      expect(out).toContain("#SBATCH --array=1-4\n");
      for (const task of ["2", "4", "4"]) bash(out, { SLURM_ARRAY_TASK_ID: task });
      expect(readdirSync(place.path("array"))).toEqual(["0002", "0004"]);
      const { out: json } = place.run(["sweep", "--collect", "array", "--json"]);
      const events = json.trimEnd().split("\n").map(parseLine);
      expect(events.map(({ event, trial }) => [event, trial])).toEqual([
        ["trial", 2],
        ["trial", 4],
        ["end", undefined],
      ]);
      // A number that begins with a dash is one word with its option.
      expect(out).toMatch(/ --seed=-1 /);
    },
  );

  it("leave out what cannot be trained, and say so", () => {
    const { out, err } = place.run([
      ...["sweep", "train", "text.txt", ...tiny, "--hidden", "4", "--rule", "bptt,uoro", "--block", "2"],
      ...["--seed", "1,2", "--run", "few", "--print", "parallel"],
    ]);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(-4)),
    ).toEqual(["0003", "0004"]);
    expect(err).toMatch(/^Trial 1 is left out: --block is for .*\nTrial 2 is left out: /);
  });
});

describe("bptt info", () => {
  it("says how a sweep stands", () => {
    const { code, out } = place.run(["info", "whole"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^whole: bptt sweep train .*text\.txt$/m);
    expect(out.match(/to its end$/gm)).toHaveLength(4);
    const json = JSON.parse(place.run(["info", "whole", "--json"]).out) as object;
    expect(json).toMatchObject({ folder: "whole", trials: [{ ending: "limit" }, {}, {}, {}] });
  });
});
