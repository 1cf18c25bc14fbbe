import { once } from "node:events";
import {
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import "../../../src/wasm/inlined.js";
import { parseArguments } from "../../../src/cli/arguments.js";
import { Failure } from "../../../src/cli/failure.js";
import {
  forecastCommand,
  readForecastPlan,
  type ForecastPlan,
} from "../../../src/cli/forecast/forecast-options.js";
import { lookEvery } from "../../../src/cli/fit/looks.js";
import { FORECASTER_KEY, loadForecaster } from "../../../src/cli/forecast/forecaster-file.js";
import { evaluateForecaster, predictForecaster } from "../../../src/cli/forecast/use-forecaster.js";
import { loadNetwork, readMetadata, saveNetwork } from "../../../src/index.js";
import { Workplace, type Ended } from "../program.js";
import { courseOf, parseLine } from "../run-events.js";

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

const csv = "level.csv";
writeFileSync(place.path(csv), monthly(132));

const small = ["--target", "level", "--horizon", "3", "--hidden", "8", "--lookback", "12", "--build", "simd"];

function planOf(words: readonly string[]): ForecastPlan {
  const given = parseArguments(forecastCommand, words);
  if (given === undefined) throw new Error("help was asked for");
  return readForecastPlan(given);
}

function run(...words: string[]): Ended {
  return place.run(["forecast", "level.csv", "--out", "level.safetensors", ...small, ...words]);
}

const trained = run("--epochs", "40", "--learning-rate", "0.01");

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
    expect(out).toContain("\nSaved as level.safetensors. To forecast");
    expect(out).toMatch(/^0:\d\d in all$/m);
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

  it("tells the same as JSON lines, the progress too", () => {
    const { code, out, err } = run("--epochs", "40", "--learning-rate", "0.01", "--json");
    const events = out.trimEnd().split("\n").map(parseLine);
    const [start, ...others] = events;
    const end = others.pop();
    expect([code, err]).toEqual([0, ""]);
    expect(start).toMatchObject({
      ...{ event: "start", command: "forecast" },
      units: { loss: "mean squared error, as scaled", steps: "rows", looks: "validation" },
      details: {
        ...{ rows: 132, target: "level", date: "Date", features: ["wind"], horizon: 3, lookback: 12 },
        missing: { rows: 0, target: 1, features: { wind: 0 } },
        leftOut: [{ column: "kind", reason: "no numbers" }],
        test: 14,
      },
    });
    expect(others.length).toBeGreaterThan(1);
    expect(new Set(others.map(({ event }) => event))).toEqual(new Set(["update", "look"]));
    const { details } = end as unknown as {
      details: { heldOut: { rootMeanSquaredError: number; meanAbsoluteError: number } };
    };
    const { rootMeanSquaredError, meanAbsoluteError } = details.heldOut;
    expect(end).toMatchObject({
      ...{ event: "end", ending: "limit", model: "level.safetensors" },
      figures: { RMSE: rootMeanSquaredError, MAE: meanAbsoluteError },
      findings: [
        { title: expect.stringMatching(/^Held out: 12 rows/) as string },
        { title: "Forecast of level" },
      ],
    });
    expect(details).toMatchObject({
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
    const shown = /^the network +([\d.]+) /m.exec(trained.out)?.[1] ?? "";
    expect(rootMeanSquaredError.toFixed(shown.split(".")[1].length)).toBe(shown);
  });

  it("saves a model that is all that a forecast needs", () => {
    run("--epochs", "1");
    const bytes = readFileSync(place.path("level.safetensors"));
    const { network, codec, columns } = loadForecaster("level.safetensors", bytes);
    expect(columns).toEqual({ target: "level", date: "Date", features: ["wind"] });
    expect([codec.horizon, codec.lookback, network.options.hiddenSize]).toEqual([3, 12, 8]);
    network.dispose();
    expect(JSON.parse(readMetadata(bytes)["training"])).toEqual({
      steps: 2,
      heldOut: expect.any(Number) as number,
    });
  });

  it("looks at the validation rows every 50 updates and at the end, and keeps the best", () => {
    const { out } = run("--steps", "120", "--learning-rate", "0.01", "--json");
    const events = out.trimEnd().split("\n").map(parseLine);
    const looks = events.filter(({ event }) => event === "look");
    expect(looks.map(({ step }) => step)).toEqual([50, 100, 120]);
    const losses = looks.map(({ heldOut }) => Number(heldOut));
    const best = looks[losses.indexOf(Math.min(...losses))];
    expect(events.at(-1)).toMatchObject({ ending: "limit", step: 120, modelStep: best["step"] });
    const updates = events.filter(({ event }) => event === "update");
    expect(new Set(updates.map(({ learningRate }) => learningRate))).toEqual(new Set([0.01]));
  });

  it("ends where looks bring nothing better", () => {
    const { code, out } = run("--learning-rate", "1e-30", "--patience", "2");
    expect(code).toBe(0);
    expect(out).toContain("Ended early: no better validation loss in the last 2 looks.\n");
    expect(out).toContain("The best of the validation losses was that of step 50: its model is kept.\n");
  });

  it("says that its loss became no number, with the model from before that saved", () => {
    const wild = ["--learning-rate", "1e30", "--cell", "elman-relu", "--out", "wild.safetensors"];
    const { code, err } = run("--epochs", "40", ...wild);
    expect([code, err]).toEqual([1, expect.stringMatching(/^bptt: training diverged at step \d+/)]);
    const { network } = loadForecaster("wild", readFileSync(place.path("wild.safetensors")));
    for (const parameter of network.parameters) expect(parameter.read().every(Number.isFinite)).toBe(true);
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
  ])("takes %s", (words, says) => {
    const { code, out } = run("--epochs", "1", ...words);
    expect(code).toBe(0);
    expect(out).toMatch(says);
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("says where the simple forecast is better", () => {
    const noise = "noise.csv";
    writeFileSync(place.path(noise), `x\n${Array.from({ length: 80 }, (_, i) => 100 * i).join("\n")}\n`);
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
      ...["--learning-rate", "1", "--build", "simd"],
    ];
    expect(place.run(["forecast", ...words]).out).toMatch(
      /^No better than the best simple forecast, the drift: rely on that instead,/m,
    );
  });

  it.each<[string[], RegExp]>([
    [[csv, "--target", "level"], /^--horizon <n> is missing; see bptt forecast --help$/],
    [[csv, "--horizon", "2"], /^--target <column> is missing/],
    [[csv, ...small, "--missing", "zero"], /^--missing expects refuse, previous, linear, not "zero"$/],
    [[csv, ...small, "--scaling", "standart"], /^--scaling expects .*; did you mean standard\?$/],
    [[csv, ...small, "--horizon", "0"], /^--horizon expects a whole number of at least 1, not "0"$/],
    [[csv, ...small, "--date", "x", "--no-date"], /^only one of --date and --no-date can be given$/],
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
  ])("says file, line and column of %s, and leaves neither model nor run", (_, text, words, message) => {
    writeFileSync(place.path("bad.csv"), text);
    const keeping = ["--out", "bad.safetensors", "--run", "bad"];
    const { code, out, err } = place.run(["forecast", "bad.csv", ...small, ...words, ...keeping]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(`bptt: bad.csv, ${message}`);
    for (const left of ["bad", "bad.safetensors"]) expect(existsSync(place.path(left))).toBe(false);
  });

  it("is a command of the program, which ends with 2 for what cannot be done", () => {
    const done = place.run(["forecast", "level.csv", ...small, "--epochs", "1", "--out", "told.safetensors"]);
    expect([done.code, done.err]).toEqual([0, ""]);
    expect(done.out).toContain("Saved as told.safetensors. ");
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
    run("--epochs", "40", "--learning-rate", "0.01", "--out", model);
    writeFileSync(later, monthly(168));
    const use = { model, data: later, runtime: {} };
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
    const use = { model, data: later, runtime: {} };
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

describe("a run of bptt forecast", () => {
  // Some epochs, within which a checkpoint lies mostly.
  const words = [csv, ...small, "--steps", "130", "--checkpoint", "0", "--dropout", "0.1", "--layers", "2"];
  const whole = place.run(["forecast", ...words, "--run", "whole"]);
  const bytes = (path: string): string => readFileSync(place.path(path)).toString("hex");

  /** Fails unless the run is the one that nothing interrupted. */
  function expectWhole(folder: string): void {
    expect(courseOf(place.path(`${folder}/log.jsonl`))).toEqual(courseOf(place.path("whole/log.jsonl")));
    for (const file of ["best.safetensors", "last.safetensors"])
      expect(bytes(`${folder}/${file}`)).toBe(bytes(`whole/${file}`));
  }

  it("learns the same as without, and has a report with what was found", () => {
    expect([whole.code, whole.err]).toEqual([0, ""]);
    place.run(["forecast", ...words, "--out", "alone.safetensors"]);
    expect(bytes("alone.safetensors")).toBe(bytes("whole/best.safetensors"));
    const page = readFileSync(place.path("whole/report.html"), "utf8");
    expect(page).toContain('<tr><th scope="row">Best validation loss</th>');
    expect(page).toMatch(/<th scope="row">RMSE<\/th><td>\d/);
    expect(page).toMatch(/<h2>Held out: 12 rows[^<]*<\/h2>\n<pre class="table">[^<]*the network +\d/);
    expect(page).toMatch(/<h2>Forecast of level<\/h2>\n<pre class="table">[^<]*2012-01 /);
    expect(place.run(["info", "whole"]).out).toMatch(/^RMSE +\d[^]*^target +level$/m);
  });

  it.each([
    ["at its end", (): void => undefined],
    [
      "before its first checkpoint",
      (folder: string): void => {
        rmSync(place.path(`${folder}/checkpoint.safetensors`));
        truncateSync(place.path(`${folder}/log.jsonl`), 1000);
      },
    ],
  ])("goes on bit for bit after it was ended %s", (name, spoil) => {
    const folder = name.replaceAll(" ", "-");
    cpSync(place.path("whole"), place.path(folder), { recursive: true });
    spoil(folder);
    expect(place.run(["resume", folder]).code).toBe(0);
    expectWhole(folder);
  });

  // Windows has no signals to send.
  it.skipIf(process.platform === "win32").each(["SIGKILL", "SIGINT"] as const)(
    "goes on bit for bit after %s",
    async (signal) => {
      const folder = `after-${signal}`;
      const child = place.start(["forecast", ...words, "--run", folder]);
      const ended = once(child, "close");
      const log = place.path(`${folder}/log.jsonl`);
      while (!existsSync(log) || statSync(log).size < 6000) await sleep(5);
      child.kill(signal);
      child.stdout?.resume();
      await ended;
      renameSync(place.path(folder), place.path(`${folder}-moved`));
      const { code, out } = place.run(["resume", `${folder}-moved`]);
      expect(code).toBe(0);
      expect(out).toMatch(/^Goes on after step \d+\.$|^gru/m);
      expectWhole(`${folder}-moved`);
    },
  );

  it("keeps a table from a pipe, and refuses one that is another now", () => {
    const piped = ["forecast", "-", ...small, "--steps", "5", "--run", "piped"];
    const table = monthly(132);
    expect(place.run(piped, {}, `\ufeff${table}`).out).toContain("standard input: 132 rows");
    expect(place.run(["resume", "piped"]).out).toContain("standard input: 132 rows");
    writeFileSync(place.path("changing.csv"), table);
    place.run(["forecast", "changing.csv", ...small, "--no-date", "--steps", "5", "--run", "changed"]);
    expect(place.run(["resume", "changed"]).code).toBe(0);
    writeFileSync(place.path("changing.csv"), table.replace("0,dry", "1,dry"));
    const { code, err } = place.run(["resume", "changed"]);
    expect(err).toMatch(/changing\.csv is not what it was when the run began/);
    expect(code).toBe(2);
  });
});

it.each([
  [1, 50],
  [18, 50],
  [60, 60],
  [500, 500],
  [501, 251],
  [1200, 400],
])("looks at the validation rows in time: epochs of %j updates, each %j", (epoch, updates) => {
  expect(lookEvery(epoch)).toBe(updates);
});
