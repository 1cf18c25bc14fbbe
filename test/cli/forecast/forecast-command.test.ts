import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import "../../../src/wasm/inlined.js";
import { parseArguments } from "../../../src/cli/arguments.js";
import { Failure } from "../../../src/cli/failure.js";
import { runForecast } from "../../../src/cli/forecast/forecast-command.js";
import {
  forecastCommand,
  readForecastPlan,
  type ForecastPlan,
} from "../../../src/cli/forecast/forecast-options.js";
import { FORECASTER_KEY, loadForecaster } from "../../../src/cli/forecast/forecaster-file.js";
import {
  lookEvery,
  trainForecaster,
  type ForecasterLook,
} from "../../../src/cli/forecast/train-forecaster.js";
import { evaluateForecaster, predictForecaster } from "../../../src/cli/forecast/use-forecaster.js";
import {
  createNetwork,
  evaluate,
  forecastData,
  loadNetwork,
  readMetadata,
  saveNetwork,
  type Network,
} from "../../../src/index.js";
import { Workplace } from "../program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

/** Months that rise, with a season of 12 and a column of text; a cell is missing. */
function monthly(rows: number, from = 2001): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const date = `${from + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, "0")}`;
    const value = 50 + 0.3 * i + 5 * Math.sin((2 * Math.PI * i) / 12) + ((i * 7) % 5) / 10;
    return `${date},${i === 40 ? "" : value.toFixed(3)},${(i * 3) % 7},${i % 2 === 0 ? "dry" : "wet"}\n`;
  });
  return `Date,level,wind,kind\n${lines.join("")}`;
}

const csv = place.path("level.csv");
writeFileSync(csv, monthly(132));

const small = ["--target", "level", "--horizon", "3", "--hidden", "8", "--lookback", "12"];

function planOf(words: readonly string[]): ForecastPlan {
  const given = parseArguments(forecastCommand, words);
  if (given === undefined) throw new Error("help was asked for");
  return readForecastPlan(given);
}

interface Said {
  code: number;
  out: string;
  err: string;
}

async function run(...words: string[]): Promise<Said> {
  const said = { out: "", err: "" };
  const code = await runForecast(
    planOf([csv, "--out", place.path("level.safetensors"), ...small, ...words]),
    { write: (text) => (said.out += text) },
    { write: (text) => (said.err += text) },
    {},
  );
  return { code, ...said };
}

const trained = await run("--epochs", "40", "--learning-rate", "0.01");

describe("bptt forecast", () => {
  it("says what it reads and learns, in plain lines", () => {
    const { code, out, err } = trained;
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("level.csv: 132 rows, 2001-01 to 2011-12, every month\n");
    expect(out).toContain(
      "Missing: 1 of level; the values that are read there lie on a line to the next one,",
    );
    expect(out).toContain("Not read: kind (no numbers)\n");
    expect(out).toContain("level, 3 months ahead, from 12 months of level, wind, the time of the year\n");
    expect(out).toContain("held out: 12 rows, 2011-01 to 2011-12\n");
    expect(out).toMatch(/^gru, 1 layer of 8 units, [\d,]+ parameters, [\w-]+ kernels$/m);
    expect(out).toMatch(
      /^(The limit was reached|20 looks brought nothing better) after [\d,]+ updates, \d:\d\d\. The best of \d+ looks is kept, that after \d+\.$/m,
    );
    expect(out).not.toContain("\x1b");
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("measures the held-out rows beside the simple forecasts, and forecasts the next", () => {
    const { out } = trained;
    expect(out).toMatch(
      /^Held out: 12 rows, 2011-01 to 2011-12, each forecast from up to 3 months before it, 36 forecasts$/m,
    );
    const rmse = (name: string): number => Number(new RegExp(`^${name} +([\\d.]+) `, "m").exec(out)?.[1]);
    expect(rmse("the network")).toBeLessThan(rmse("the season of 12 months"));
    expect(rmse("the last value")).toBeGreaterThan(0);
    expect(rmse("the change in 3 seasons of 12 months")).toBeGreaterThan(0);
    expect(rmse("the drift")).toBeGreaterThan(0);
    expect(out).toMatch(/^The RMSE is [\d.]+ % below that of the best simple forecast, .*\.$/m);
    expect([...out.matchAll(/^(2012-\d\d) +([\d.]+)/gm)].map(([, date]) => date)).toEqual([
      "2012-01",
      "2012-02",
      "2012-03",
    ]);
  });

  it("tells the same as JSON lines, the progress too", async () => {
    const { code, out, err } = await run("--epochs", "40", "--learning-rate", "0.01", "--json");
    const events = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const [start, ...others] = events;
    const end = others.pop();
    expect([code, err]).toEqual([0, ""]);
    expect(start).toMatchObject({
      ...{
        event: "start",
        rows: 132,
        target: "level",
        date: "Date",
        features: ["wind"],
        horizon: 3,
        lookback: 12,
      },
      ...{
        missing: { rows: 0, target: 1, features: { wind: 0 } },
        leftOut: [{ column: "kind", reason: "no numbers" }],
        test: 14,
      },
    });
    expect(others.length).toBeGreaterThan(1);
    expect(new Set(others.map(({ event }) => event))).toEqual(new Set(["look"]));
    expect(end).toMatchObject({
      event: "end",
      heldOut: {
        count: 36,
        byLead: [{ count: 12 }, { count: 12 }, { count: 12 }],
        baselines: [
          { kind: "last" },
          { kind: "seasonal", season: 12 },
          { kind: "seasonalChange", season: 12, seasons: 3 },
          { kind: "drift" },
        ],
      },
      forecast: [
        { ahead: 1, date: "2012-01" },
        { ahead: 2, date: "2012-02" },
        { ahead: 3, date: "2012-03" },
      ],
    });
    // As the first run, which had the same seed.
    const { heldOut } = end as unknown as { heldOut: { rootMeanSquaredError: number } };
    const shown = /^the network +([\d.]+) /m.exec(trained.out)?.[1] ?? "";
    expect(heldOut.rootMeanSquaredError.toFixed(shown.split(".")[1].length)).toBe(shown);
  });

  it("saves a model that is all that a forecast needs", async () => {
    await run("--epochs", "1");
    const bytes = readFileSync(place.path("level.safetensors"));
    const { network, codec, columns } = loadForecaster("level.safetensors", bytes);
    expect(columns).toEqual({ target: "level", date: "Date", features: ["wind"] });
    expect([codec.horizon, codec.lookback, network.options.hiddenSize]).toEqual([3, 12, 8]);
    network.dispose();
  });

  it.each([
    [["--test", "0"], /^Nothing is held out, so that nothing says how good it is\.$/m],
    [["--validation", "0"], /ends by 0 rows;/],
    [["--no-date"], /^\+1 +[\d.]+/m],
    [["--horizon", "1"], /^the network +[\d.]+ +[\d.]+$/m],
    [["--features", "none"], /from 12 months of level, the time of the year\n/],
    [["--missing", "previous", "--scaling", "log"], /the values that are read there repeat the one before/],
    [
      ["--cell", "lstm", "--layers", "2", "--dropout", "0.1", "--batch", "7", "--scaling", "minmax"],
      /^lstm, 2 layers of 8 units/m,
    ],
  ])("takes %s", async (words, says) => {
    const { code, out } = await run("--epochs", "1", ...words);
    expect(code).toBe(0);
    expect(out).toMatch(says);
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("says where the simple forecast is better", async () => {
    const noise = place.path("noise.csv");
    writeFileSync(noise, `x\n${Array.from({ length: 80 }, (_, i) => 100 * i).join("\n")}\n`);
    const said = { out: "" };
    const words = [
      noise,
      "--target",
      "x",
      "--horizon",
      "2",
      "--hidden",
      "1",
      "--epochs",
      "1",
      "--learning-rate",
      "1",
    ];
    const output = { write: (text: string) => (said.out += text) };
    await runForecast(planOf([...words, "--out", place.path("x.safetensors")]), output, output, {});
    expect(said.out).toMatch(/^No better than the best simple forecast, the drift: rely on that instead,/m);
  });

  it.each<[string[], RegExp]>([
    [[csv, "--target", "level"], /^--horizon <n> is missing; see bptt forecast --help$/],
    [[csv, "--horizon", "2"], /^--target <column> is missing/],
    [[csv, ...small, "--missing", "zero"], /^--missing expects refuse, previous, linear, not "zero"$/],
    [[csv, ...small, "--scaling", "standart"], /^--scaling expects .*; did you mean standard\?$/],
    [[csv, ...small, "--horizon", "0"], /^--horizon expects a whole number of at least 1, not "0"$/],
    [[csv, ...small, "--date", "x", "--no-date"], /^only one of --date and --no-date can be given$/],
    [[csv, ...small, "--minutes", "1", "--epochs", "1"], /^only one of --minutes and --epochs can be given$/],
    [[csv, ...small, "--delimiter", "pipe"], /^--delimiter expects comma, semicolon, tab, not "pipe"$/],
    [[csv, ...small, "--hidden", "1e9"], /^--hidden expects a whole number/],
  ])("refuses the options %j", (words, message) => {
    expect(() => planOf(words)).toThrow(message);
    expect(() => planOf(words)).toThrow(Failure);
  });

  it.each<[string, string, string[], string]>([
    [
      "a bad cell",
      monthly(60).replace("2001-06,", "2001-06,high"),
      [],
      `line 7, column "level": expected a number, got "high`,
    ],
    [
      "a bad date",
      monthly(60).replace("2001-06,", "2001-6,"),
      [],
      `line 7, column "Date": expected a date, like 2012-01-31 or 2012-01-31T18:30 (or --no-date), got "2001-6"`,
    ],
    [
      "a short row",
      monthly(60).replace("2001-06,", ""),
      [],
      `line 7, column "kind": expected 4 cells, as the header has, got 3`,
    ],
    [
      "what is missing, where it is refused",
      monthly(60),
      ["--missing", "refuse"],
      `line 42, column "level": expected a number, got none: --missing linear or previous puts one where it is missing`,
    ],
    ["too few rows", monthly(20), [], `column "level": expected at least`],
  ])("says file, line and column of %s, and leaves no model", async (_, text, words, message) => {
    const bad = place.path("bad.csv");
    writeFileSync(bad, text);
    const plan = planOf([bad, ...small, ...words, "--out", place.path("bad.safetensors")]);
    const output = { write: () => undefined };
    const refused = runForecast(plan, output, output, {});
    await expect(refused).rejects.toThrow(Failure);
    await expect(refused).rejects.toThrow(`${bad}, ${message}`);
    expect(() => readFileSync(place.path("bad.safetensors"))).toThrow(/ENOENT/);
  });

  it("is a command of the program, which ends with 2 for what cannot be done", () => {
    const done = place.run(["forecast", "level.csv", ...small, "--epochs", "1", "--out", "told.safetensors"]);
    expect([done.code, done.err]).toEqual([0, ""]);
    expect(done.out).toContain("Saved as told.safetensors.");
    const none = place.run(["forecast", "level.csv", ...small, "--target", "levl"]);
    expect(none).toEqual({
      ...{ code: 2, out: "" },
      err: `bptt: level.csv has no column "levl", but "Date", "level", "wind", "kind"; did you mean level?\n`,
    });
    expect(place.run(["forecast", "--help"]).out).toMatch(/^Usage: bptt forecast <csv> \[options\]\n/);
  });
});

describe("a saved forecaster", () => {
  const model = place.path("use.safetensors");
  const later = place.path("later.csv");

  it("measures other rows, and forecasts what comes behind them", async () => {
    await run("--epochs", "40", "--learning-rate", "0.01", "--out", model);
    writeFileSync(later, monthly(168));
    const use = { model, data: later, build: "auto" } as const;
    const measured = await evaluateForecaster(use);
    expect(measured.figures).toMatchObject({
      target: "level",
      baselines: [{ kind: "last" }, { kind: "seasonal" }, { kind: "seasonalChange" }, { kind: "drift" }],
    });
    expect(measured.lines[0]).toMatch(/^\d+ forecasts of level$/);
    expect(measured.lines.join("\n")).toMatch(/^the network +[\d.]+/m);
    const { figures, lines } = await predictForecaster(use);
    expect(figures).toMatchObject({
      target: "level",
      forecast: [{ date: "2015-01" }, { date: "2015-02" }, { date: "2015-03" }],
    });
    expect(lines[1]).toMatch(/^2015-01 +\d+\.\d+/);
  });

  it.each([
    ["a column that it needs", "Date,level\n2001-01,1\n", /later.csv has no column "wind"/],
    [
      "enough rows",
      "Date,level,wind\n2001-01,1,1\n2001-02,1,1\n",
      /expected at least \d+ rows to forecast from, got 2|has 2 rows, too few/,
    ],
  ])("says that a table lacks %s", async (_, text, message) => {
    writeFileSync(later, text);
    const use = { model, data: later, build: "auto" } as const;
    await expect(evaluateForecaster(use)).rejects.toThrow(message);
    await expect(predictForecaster(use)).rejects.toThrow(message);
    await expect(predictForecaster(use)).rejects.toThrow(Failure);
  });

  it("is not taken for what it is not", () => {
    const bytes = readFileSync(model);
    const metadata = readMetadata(bytes);
    using network = loadNetwork(bytes);
    const spoiled = (change: Record<string, string>): Uint8Array =>
      saveNetwork(network, { ...metadata, ...change });
    const { [FORECASTER_KEY]: own = "", ...others } = metadata;
    for (const [file, message] of [
      [Buffer.from("no model"), /^m is no model of bptt forecast: /],
      [saveNetwork(network, others), /its metadata has no columns/],
      [spoiled({ [FORECASTER_KEY]: "{" }), /^m is no model of bptt forecast: /],
      [spoiled({ [FORECASTER_KEY]: own.replace('"format":1', '"format":2') }), /its format is 2, and not 1/],
      [spoiled({ [FORECASTER_KEY]: '{"format":1}' }), /its target is no string/],
      [
        spoiled({ [FORECASTER_KEY]: '{"format":1,"target":"level"}' }),
        /its dates are not those of its codec/,
      ],
      [spoiled({ table: "{}" }), /it is no codec of forecasts/],
    ] as const)
      expect(() => loadForecaster("m", file)).toThrow(message);
  });
});

describe("trainForecaster", () => {
  const data = forecastData(
    { target: Array.from({ length: 90 }, (_, i) => Math.sin(i) + i / 50) },
    { horizon: 2 },
  );
  const options = {
    batch: 4,
    seed: 0,
    learningRate: 0.01,
    clip: 1,
    limit: { kind: "epochs", amount: 20 },
    patience: 3,
  } as const;
  const watch = { update: () => undefined, look: () => undefined, stopped: () => false };
  const create = (): Network =>
    createNetwork({ inputSize: data.codec.inputSize, hiddenSize: 8, outputSize: 2, output: "sequence" });

  it("keeps the best look, and ends at the limit", async () => {
    using network = create();
    const looks: ForecasterLook[] = [];
    const look = (one: ForecasterLook): void => {
      looks.push(one);
    };
    const {
      ending,
      steps,
      best,
      looks: count,
    } = await trainForecaster(network, data, { ...options, patience: 99 }, { ...watch, look });
    expect(ending).toBe("limit");
    expect(looks.at(-1)?.step).toBe(steps);
    expect(count).toBe(looks.length);
    expect(best?.validation).toBe(Math.min(...looks.map(({ validation }) => validation)));
    expect((await evaluate(network, data.validation.windows({ batch: 256 }))).loss).toBe(best?.validation);
  });

  it("ends by patience", async () => {
    using network = create();
    // A rate of 0 learns nothing: no look is better than the first.
    const { ending, looks, best } = await trainForecaster(
      network,
      data,
      { ...options, learningRate: 1e-30, limit: { kind: "epochs", amount: 99 } },
      watch,
    );
    expect([ending, looks, best?.step]).toEqual(["patience", 4, best?.step]);
  });

  it("ends when it is stopped, and by time", async () => {
    using network = create();
    const stopped = await trainForecaster(network, data, options, { ...watch, stopped: () => true });
    expect([stopped.ending, stopped.steps, stopped.best]).toEqual(["signal", 1, undefined]);
    const limit = { kind: "minutes", amount: 1e-9 } as const;
    const { ending, steps } = await trainForecaster(network, data, { ...options, limit }, watch);
    expect([ending, steps]).toEqual(["limit", 1]);
  });

  it("says that it diverged", async () => {
    using network = create();
    for (const parameter of network.parameters) parameter.write(parameter.read().fill(1e38));
    const { ending, error } = await trainForecaster(network, data, options, watch);
    expect(ending).toBe("divergence");
    expect(error?.message).toMatch(/^training diverged at step/);
  });
});

it.each([
  [1, undefined, 50],
  [18, undefined, 50],
  [60, undefined, 60],
  [500, undefined, 500],
  [501, undefined, 251],
  [1200, undefined, 400],
  [2, 80, 40],
  [2, 20, 20],
  [60, 120, 60],
])(
  "looks at the validation rows in time: epochs of %j updates, %j in all, each %j",
  (epoch, total, updates) => {
    expect(lookEvery(epoch, total)).toBe(updates);
  },
);
