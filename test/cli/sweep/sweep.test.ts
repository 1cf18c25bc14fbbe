import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { lettersCsv } from "../classify/drawn.js";
import { courseOf, parseLine } from "../run-events.js";
import { grid, SweepPlace, tiny } from "./swept.js";

const place = new SweepPlace();
afterAll(() => {
  place.dispose();
});

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
    expect(place.model("whole/0003/best.safetensors")).toBe(place.model("alone/best.safetensors"));
  });

  it("leaves each trial's run, its results and a report, and nothing else", () => {
    expect(readdirSync(place.path("whole")).sort()).toEqual([
      ...["0001", "0002", "0003", "0004"],
      ...["config.json", "report.html", "results.csv", "results.jsonl"],
    ]);
    const [best, ...rest] = place.lines("whole/results.jsonl");
    expect(best).toMatchObject({
      ending: "limit",
      steps: 3,
      options: { hidden: expect.any(String) as string },
    });
    expect(rest.map(({ heldOut }) => Number(heldOut) >= Number(best["heldOut"]))).toEqual([true, true, true]);
    expect(place.read("whole/results.csv").split("\r\n")).toHaveLength(6);
    const page = place.read("whole/report.html");
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
    const [best] = place.lines("whole/results.jsonl");
    expect(place.model("best.safetensors")).toBe(
      place.model(`whole/${String(best["run"])}/best.safetensors`),
    );
    const command = /^ {4}(?:npx bptt|node \S+) (train text\.txt .*)$/m.exec(whole.out)?.[1] ?? "";
    const words = command.split(" ");
    expect(place.run([...words, "--out", "again.safetensors"]).code).toBe(0);
    expect(place.model("again.safetensors")).toBe(place.model("best.safetensors"));
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
    expect(losses(events.slice(1, 5))).toEqual(losses(place.lines("whole/results.jsonl")));
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
    expect(place.lines("odd/results.jsonl")).toHaveLength(6);
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
    [/--out is the file that is read/, [...grid, "--out", "text.txt"]],
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
