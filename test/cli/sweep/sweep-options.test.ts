import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import {
  parseSweep,
  readSweepPlan,
  sweepCommand,
  type SweepPlan,
} from "../../../src/cli/sweep/sweep-options.js";
import { sweepTrainers, trainerNames, type Trainer } from "../../../src/cli/sweep/trainers.js";

function plan(...words: string[]): SweepPlan {
  const given = parseSweep(words);
  if (given === undefined) throw new Error("help was asked for");
  return readSweepPlan(given);
}

/** Options of the commands that no training of a sweep can have. */
const refused = ["mpi"];

/** Options of the commands that a sweep leaves as they are: columns and words that have no order, and what is the sweep's own. */
const passed: Readonly<Record<string, readonly string[]>> = {
  train: ["words", "bytes", "checkpoint", "out", "run", "threads", "json"],
  forecast: ["target", "date", "no-date", "features", "checkpoint", "out", "run", "threads", "json"],
  classify: [
    "label",
    "sequence",
    "group",
    "ignore",
    "one-way",
    "checkpoint",
    "out",
    "run",
    "threads",
    "json",
  ],
};

describe("what can have several values", () => {
  it.each(trainerNames)("is decided for every option of %s", (name) => {
    const { command, varied, measuring }: Trainer = sweepTrainers[name];
    expect([...Object.keys(varied), ...measuring, ...passed[name], ...refused].sort()).toEqual(
      Object.keys(command.options).sort(),
    );
  });

  it.each(trainerNames)("is taken by %s one at a time, of every kind", (name) => {
    const { command, varied }: Trainer = sweepTrainers[name];
    for (const option of Object.keys(varied)) expect(command.options[option].value).toBeDefined();
  });

  it("shares no name with the sweep's own options, but for what the sweep takes over", () => {
    for (const name of trainerNames) {
      const { command }: Trainer = sweepTrainers[name];
      const both = Object.keys(command.options).filter((option) => option in sweepCommand.options);
      expect(both.sort()).toEqual(["json", "out", "run"]);
    }
  });
});

describe("a plan", () => {
  it("has all combinations, in the order in which they are typed", () => {
    const { trials, fixed, drawn } = plan(
      "train",
      "a.txt",
      "--hidden",
      "8,16",
      "--seed",
      "1",
      "--cell",
      "gru,lstm",
    );
    expect(trials.map(({ options }) => options)).toEqual([
      { hidden: "8", cell: "gru" },
      { hidden: "8", cell: "lstm" },
      { hidden: "16", cell: "gru" },
      { hidden: "16", cell: "lstm" },
    ]);
    expect(fixed).toEqual({ seed: "1" });
    expect(drawn).toBeUndefined();
  });

  it("has so many that are drawn", () => {
    const words = ["train", "a.txt", "--learning-rate", "0.001..0.1", "--hidden", "8,16", "--trials", "7"];
    const { trials, drawn } = plan(...words, "--sweep-seed", "3");
    expect(trials).toHaveLength(7);
    expect(drawn).toBe(3);
    expect(plan(...words, "--sweep-seed", "3").trials).toEqual(trials);
    expect(plan(...words).trials).not.toEqual(trials);
  });

  it("has all combinations where more are to be drawn", () => {
    const { trials, drawn } = plan("train", "a.txt", "--hidden", "8,16", "--trials", "7");
    expect(trials).toHaveLength(2);
    expect(drawn).toBeUndefined();
  });

  it("leaves lists of columns to the command", () => {
    const words = [
      "forecast",
      "a.csv",
      "--target",
      "a,b",
      "--horizon",
      "3",
      "--features",
      "c,d",
      "--hidden",
      "4,8",
    ];
    const { fixed, dimensions } = plan(...words);
    expect(fixed).toEqual({ target: "a,b", horizon: "3", features: "c,d" });
    expect(dimensions.map(({ name }) => name)).toEqual(["hidden"]);
  });

  it.each(["train a.txt", "forecast a.csv --target x --horizon 3", "classify a.csv"])(
    "of %s has as many trainings at a time as have cores for all of their threads",
    (words) => {
      const given = [...words.split(" "), "--hidden", "8,16"];
      const cores = availableParallelism();
      const jobs = (...more: string[]): number => plan(...given, ...more).jobs;
      expect(jobs()).toBe(cores);
      expect(jobs("--threads", "1")).toBe(cores);
      expect(jobs("--threads", "2")).toBe(Math.max(1, Math.floor(cores / 2)));
      expect(jobs("--threads", "256")).toBe(1);
      expect(jobs("--threads", "2", "--jobs", "7")).toBe(7);
      const { fixed, threads, trials } = plan(...given, "--threads", "2");
      expect([fixed["threads"], threads, trials.length]).toEqual(["2", 2, 2]);
    },
  );

  it("knows combinations that the command refuses", () => {
    const { refused } = plan("train", "a.txt", "--rule", "tbptt,uoro", "--k1", "4,8", "--k2", "6,8");
    expect([...refused]).toEqual([
      [3, `--k2 expects a whole number of at least 8, not "6"`],
      ...[5, 6, 7, 8].map((number) => [number, "--k1 is for --rule tbptt, not for uoro"]),
    ]);
  });
});

describe("what is wrong is said before any training", () => {
  const train = ["train", "a.txt"];
  const forecast = ["forecast", "a.csv", "--target", "x", "--horizon", "3"];
  it.each<[RegExp, string[]]>([
    [/<command> is missing, which comes first: bptt sweep train\|forecast\|classify <data>/, []],
    [/<command> is missing, which comes first/, ["--jobs", "2", "train", "a.txt"]],
    [
      /a sweep is one of bptt train, forecast, classify, not of trian; did you mean train\?/,
      ["trian", "a.txt"],
    ],
    [/<text> is missing; see bptt sweep --help/, ["train"]],
    [/unknown option --hiden; did you mean --hidden\?/, [...train, "--hiden", "8,16"]],
    [/no option has several values/, train],
    [/no option has several values/, [...forecast, "--features", "a,b"]],
    [/--hidden expects a whole number of at least 1, not "0"/, [...train, "--hidden", "0,8"]],
    [
      /--hidden expects a whole number of at least 1, not "0"/,
      [...train, "--hidden", "0..8", "--trials", "2"],
    ],
    [/--hidden expects a whole number of at least 1, not "a"/, [...train, "--hidden", "8,a"]],
    [
      /--cell expects .*, not "lstn"; did you mean lstm\?/,
      [...train, "--cell", "gru,lstn", "--hidden", "8,16"],
    ],
    [
      /--dropout expects a number from 0 to below 1, not "2"/,
      [...train, "--dropout", "0..2", "--trials", "9"],
    ],
    [/--batch expects a whole number of at least 1, not "x"/, [...train, "--hidden", "8,16", "--batch", "x"]],
    [/--target <column> is missing/, ["forecast", "a.csv", "--horizon", "3", "--hidden", "8,16"]],
    [/--learning-rate has a range, .*: --trials <n> says/, [...train, "--learning-rate", "0.1..0.2"]],
    [/--horizon cannot have several values in a sweep/, [...forecast, "--horizon", "3,6", "--hidden", "4,8"]],
    [
      /--scaling cannot have several values in a sweep/,
      [...forecast, "--scaling", "none,log", "--hidden", "4,8"],
    ],
    [
      /--trials expects a whole number of at least 1, not "0"/,
      [...train, "--hidden", "8,16", "--trials", "0"],
    ],
    [/--trials expects a whole number of at most 10000/, [...train, "--hidden", "8,16", "--trials", "10001"]],
    [/--jobs expects a whole number of at least 1, not "0"/, [...train, "--hidden", "8,16", "--jobs", "0"]],
    [
      /--threads expects a whole number of at least 1, not "1,2"/,
      [...train, "--hidden", "8,16", "--threads", "1,2"],
    ],
    [
      /--threads expects a whole number of at most 256, not "300"/,
      [...train, "--hidden", "8,16", "--threads", "300"],
    ],
    [/--sweep-seed expects a whole number, not "x"/, [...train, "--hidden", "8,16", "--sweep-seed", "x"]],
    [/--print expects parallel, slurm, not "slrum"; did/, [...train, "--hidden", "8,16", "--print", "slrum"]],
    [/--print needs --run <folder>/, [...train, "--hidden", "8,16", "--print", "slurm"]],
    [/give it a file, and not a pipe/, ["train", "-", "--hidden", "8,16"]],
    [/--mpi is for one training, and a sweep/, [...train, "--hidden", "8,16", "--mpi"]],
    [
      /--mpi is for one training/,
      [...forecast, "--hidden", "8,16", "--mpi", "--run", "a", "--print", "slurm"],
    ],
    [/--mpi is for one training/, ["classify", "a.csv", "--label", "b", "--hidden", "8,16", "--mpi"]],
    [
      /all combinations are 16384 trials: --trials <n> draws some of them, 10000 at most/,
      [
        ...train,
        ...["k1", "k2", "hidden", "batch", "window", "layers", "seed"].flatMap((name) => [
          `--${name}`,
          "1,2,3,4",
        ]),
      ],
    ],
  ])("%s", (message, words) => {
    expect(() => plan(...words)).toThrow(message);
  });
});
