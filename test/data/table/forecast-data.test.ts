import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY, later, readDates, writeDate, type Interval } from "../../../src/data/table/dates.js";
import { ForecastCodec, forecastData, FormatError } from "../../../src/index.js";
import type { ForecastDataOptions, ForecastPart, ForecastTable, TrainingWindow } from "../../../src/index.js";
import { Random } from "../../../src/random.js";

/** Rows that rise, with a season of 12 and some noise. */
function values(rows: number, seed = 1): number[] {
  const random = new Random(seed);
  return Array.from(
    { length: rows },
    (_, i) => 50 + 0.3 * i + 5 * Math.sin((2 * Math.PI * i) / 12) + random.uniform(),
  );
}

function dates(rows: number, interval: Interval): string[] {
  return Array.from({ length: rows }, (_, i) => writeDate(later(Date.UTC(2001, 0, 31), i, interval)));
}

const monthly: Interval = { unit: "month", count: 1 };

function windowsOf(part: ForecastPart, batch = 1000): TrainingWindow[] {
  return [...part.windows({ batch })];
}

/** All inputs and targets of a part, to be compared. */
function contentOf(part: ForecastPart): unknown {
  return windowsOf(part).map(({ inputs, targets }) => [inputs.values, targets.values]);
}

/** Options and tables of all kinds, with rows and cells that are missing. */
const cases = fc.record({
  rows: fc.integer({ min: 60, max: 150 }),
  seed: fc.nat(1000),
  dated: fc.constantFrom("none", "monthly", "daily", "uneven"),
  features: fc.nat(2),
  gap: fc.nat(1),
  missing: fc.array(fc.integer({ min: 1, max: 149 }), { maxLength: 12 }),
  options: fc.record({
    horizon: fc.integer({ min: 1, max: 14 }),
    lookback: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    test: fc.integer({ min: 0, max: 15 }),
    validation: fc.integer({ min: 0, max: 10 }),
    fill: fc.constantFrom("previous" as const, "linear" as const),
    scaling: fc.constantFrom("standard" as const, "minmax" as const, "log" as const, "none" as const),
    featureScaling: fc.constantFrom("standard" as const, "minmax" as const),
    reference: fc.constantFrom(
      "auto" as const,
      "none" as const,
      "last" as const,
      "season" as const,
      "seasonalChange" as const,
    ),
    seasons: fc.constantFrom([4], [12], [4, 12]),
    calendar: fc.boolean(),
  }),
});
type Case = typeof cases extends fc.Arbitrary<infer Of> ? Of : never;

function tableOf({ rows, seed, dated, features, gap, missing }: Case): ForecastTable {
  const interval: Interval = dated === "monthly" ? monthly : { unit: "millisecond", count: DAY };
  const keep = (_: unknown, row: number): boolean => gap === 0 || row < 30 || row > 31;
  const column = (offset: number): number[] =>
    values(rows, seed + offset)
      .map((x, row) => (missing.includes(row + offset) ? NaN : x))
      .filter(keep);
  const times = dates(rows, interval).map((date, row) =>
    dated === "uneven" && row % 7 === 3 ? `${date}T01:00` : date,
  );
  return {
    target: column(0),
    ...(dated !== "none" && { dates: times.filter(keep) }),
    features: Object.fromEntries(Array.from({ length: features }, (_, i) => [`f${i}`, column(100 + i)])),
  };
}

/** Tables too short for what the options ask are no matter here. */
function read(given: Case, table = tableOf(given)): ReturnType<typeof forecastData> {
  try {
    return forecastData(table, given.options);
  } catch (error) {
    fc.pre(
      !(
        error instanceof RangeError &&
        /at least \d+ rows to learn from|comes three times|none before it/.test(error.message)
      ),
    );
    throw error;
  }
}

describe("windows", () => {
  /** The table, with other values from a row of it on. */
  function changed(table: ForecastTable, from: number): ForecastTable {
    const change = (column: ArrayLike<number>): number[] =>
      Array.from(column, (x, row) => (row >= from ? 1000 * row + 7 : x));
    const features = Object.entries(table.features ?? {}).map(([name, column]) => [name, change(column)]);
    return {
      ...table,
      target: change(table.target),
      features: Object.fromEntries(features) as ForecastTable["features"],
    };
  }

  /** The table's row behind a row of the part, which counts those that were filled in. */
  function behind(table: ForecastTable, part: ForecastPart, row: number): number {
    const time = part.dates?.[row];
    if (time === undefined) return row + 1;
    const after = readDates(table.dates ?? []).findIndex((one) => one > time);
    return after < 0 ? table.target.length : after;
  }

  it("never see the future: what comes after an origin changes nothing that is forecast there", () => {
    let seen = 0;
    fc.assert(
      fc.property(cases, fc.nat(200), (given, place) => {
        const table = tableOf(given);
        const part = read(given, table).codec.read(table);
        const i = place % part.origins.length;
        const origin = part.origins[i];
        const other = read(given, table).codec.read(changed(table, behind(table, part, origin)));
        const at = other.origins.indexOf(origin);
        const zeros = new Float32Array(part.horizon);
        expect(other.items(at, at + 1)).toEqual(part.items(i, i + 1));
        expect(other.toUnits(at, zeros)).toEqual(part.toUnits(i, zeros));
        for (const baseline of part.baselines())
          expect(other.baseline(baseline, at)).toEqual(part.baseline(baseline, i));
        if (other.actual(at).some((x, h) => x !== part.actual(i)[h])) seen++;
      }),
    );
    expect(seen).toBeGreaterThan(50);
  });

  it("are made of the training part alone: what is held out changes nothing of a codec", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const table = tableOf(given);
        const { codec, test, validation, training } = read(given, table);
        const rows = (part: ForecastPart): number[] =>
          Array.from(
            part.origins,
            (origin, i) => origin + 1 + part.actual(i).findIndex((x) => !Number.isNaN(x)),
          );
        const last = Math.max(
          ...Array.from(
            training.origins,
            (origin, i) => origin + 1 + training.actual(i).findLastIndex((x) => !Number.isNaN(x)),
          ),
        );
        const first = Math.min(...rows(validation), ...rows(test));
        fc.pre(first < Infinity);
        expect(first).toBeGreaterThan(last);
        const other = changed(table, behind(table, test, first - 1));
        expect(other).not.toEqual(table);
        expect(JSON.stringify(read(given, other).codec)).toBe(JSON.stringify(codec));
      }),
    );
  });

  it("are split by time: no target belongs to two parts, and each known row is a target of its part", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const data = read(given);
        const rows = [data.training, data.validation, data.test].map((part) => {
          const targets = new Set<number>();
          part.origins.forEach((origin, i) => {
            part.actual(i).forEach((x, h) => {
              if (!Number.isNaN(x)) targets.add(origin + 1 + h);
            });
          });
          return [...targets].sort((a, b) => a - b);
        });
        const [training, validation, test] = rows;
        expect(validation.length === 0 || (training.at(-1) ?? 0) < validation[0]).toBe(true);
        expect(test.length === 0 || Math.max(training.at(-1) ?? 0, validation.at(-1) ?? 0) < test[0]).toBe(
          true,
        );
        if (given.missing.length === 0 && given.gap === 0) {
          expect(test).toHaveLength(given.options.test);
          expect(validation).toHaveLength(given.options.validation);
        }
      }),
    );
  });

  it("have targets that turn back into what came", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { training, validation, test } = read(given);
        for (const part of [training, validation, test]) {
          const H = part.horizon;
          const all = windowsOf(part, 7).flatMap(({ targets }) => [...(targets.values ?? [])]);
          expect(all).toHaveLength(part.origins.length * H);
          part.origins.forEach((_, i) => {
            const back = part.toUnits(i, Float32Array.from(all.slice(i * H, (i + 1) * H)));
            part.actual(i).forEach((x, h) => {
              // Targets are of single precision, relative to the size of what they stand for.
              if (Number.isNaN(x)) expect(back[h]).toBeNaN();
              else expect(Math.abs(back[h] - x)).toBeLessThan(1e-4);
            });
          });
        }
      }),
    );
  });

  it("come once each epoch, in a new order where they are shuffled, the same for the same seed", () => {
    const { training } = forecastData({ target: values(80) }, { horizon: 3 });
    const firsts = (windows: Iterable<TrainingWindow>): string[] =>
      [...windows].flatMap(({ inputs: { steps, batch, values: all = new Float32Array() } }) => {
        const width = all.length / (steps * batch);
        return Array.from({ length: batch }, (_, b) =>
          Array.from({ length: steps }, (__, t) => all[(t * batch + b) * width]).join(),
        );
      });
    const plain = firsts(training.windows({ batch: 4 }));
    const [one, two] = [
      training.windows({ batch: 5, shuffle: true, seed: 3 }),
      training.windows({ batch: 5, shuffle: true, seed: 3 }),
    ];
    const orders = [
      firsts(one),
      firsts(one),
      firsts(two),
      firsts(training.windows({ batch: 5, shuffle: true, seed: 4 })),
    ];
    for (const order of orders) expect(order.toSorted()).toEqual(plain.toSorted());
    expect(orders[2]).toEqual(orders[0]);
    expect(new Set([plain, ...orders].map((order) => order.join("|"))).size).toBe(4);
    expect([...training.windows({ batch: 4 })].map(({ inputs }) => inputs.batch)).toEqual([
      ...Array.from({ length: Math.floor(plain.length / 4) }, () => 4),
      ...(plain.length % 4 === 0 ? [] : [plain.length % 4]),
    ]);
  });
});

describe("a codec", () => {
  it("survives JSON, and reads what it was made of as it was read then", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const table = tableOf(given);
        const { codec, training } = read(given, table);
        const again = ForecastCodec.parse(JSON.stringify(codec));
        expect(JSON.stringify(again)).toBe(JSON.stringify(codec));
        expect([
          again.inputSize,
          again.outputSize,
          again.horizon,
          again.lookback,
          again.features,
          again.dated,
        ]).toEqual([
          ...[codec.inputSize, codec.outputSize, codec.horizon, codec.lookback, codec.features, codec.dated],
        ]);
        const all = again.read(table);
        expect(contentOf(all)).toEqual(contentOf(codec.read(table)));
        const place = all.origins.indexOf(training.origins[0]);
        expect(all.items(place, place + 1)).toEqual(training.items(0, 1));
      }),
      { numRuns: 50 },
    );
  });

  it("leaves out columns that it does not know, and needs those that it does", () => {
    const target = values(60);
    const { codec } = forecastData({ target, features: { wind: target } }, { horizon: 1 });
    expect(codec.features).toEqual(["wind"]);
    expect(contentOf(codec.read({ target, features: { rain: target, wind: target } }))).toEqual(
      contentOf(codec.read({ target, features: { wind: target } })),
    );
    expect(() => codec.read({ target })).toThrow(
      `"features" expected a column "wind", which is forecast from, got none`,
    );
  });

  it("reads other rows of the same interval alone", () => {
    const { codec } = forecastData({ target: values(60), dates: dates(60, monthly) }, { horizon: 1 });
    expect(codec.dated).toBe(true);
    expect(codec.read({ target: values(40), dates: dates(40, monthly) }).origins.length).toBeGreaterThan(5);
    expect(() => codec.read({ target: values(40) })).toThrow(
      /"dates" expected the rows' dates, as in what was learned from, got none/,
    );
    const days = dates(40, { unit: "millisecond", count: DAY });
    expect(() => codec.read({ target: values(40), dates: days })).toThrow(
      `"dates[1]" expected a date some times 1 month after the first, 2001-01-31, as in what was learned from, got 2001-02-01`,
    );
  });

  const recipe = JSON.parse(
    JSON.stringify(forecastData({ target: values(60), dates: dates(60, monthly) }, { horizon: 2 }).codec),
  ) as Record<string, unknown>;

  it.each<[string, string, RegExp]>([
    ["no JSON", "{", /^it is no codec of forecasts: /],
    ["a list", "[]", /"recipe" expected an object, got an array of 0$/],
    ["null", "null", /"recipe" expected an object, got null$/],
    ["an unknown field", JSON.stringify({ ...recipe, x: 1 }), /got "x": did you mean/],
    ["no horizon", JSON.stringify({ ...recipe, horizon: 0 }), /"horizon" expected an integer from 1 to/],
    [
      "too few outputs",
      JSON.stringify({ ...recipe, horizon: 3 }),
      /"outputs" expected 3 scalings, one a row ahead, got 2$/,
    ],
    [
      "no inputs",
      JSON.stringify({ ...recipe, channels: [] }),
      /"channels" expected at least one input, got none$/,
    ],
    [
      "no list of inputs",
      JSON.stringify({ ...recipe, channels: "x" }),
      /"channels" expected an array, got "x"$/,
    ],
    [
      "cycles without dates",
      JSON.stringify({ ...recipe, dated: false, interval: undefined }),
      /"channels\[\d\]" expected no cycle, without dates, got "year"$/,
    ],
    [
      "an interval without dates",
      JSON.stringify({ ...recipe, dated: false }),
      /"interval" expected undefined without dates/,
    ],
    [
      "another reference",
      JSON.stringify({ ...recipe, reference: { kind: "guess", season: 0, seasons: 0 } }),
      /"reference.kind" expected "last" or/,
    ],
    [
      "a season of no rows",
      JSON.stringify({ ...recipe, reference: { kind: "season", season: 0, seasons: 1 } }),
      /"reference.season" expected an integer from 1/,
    ],
    [
      "a factor of 0",
      JSON.stringify({ ...recipe, outputs: [0, 1].map(() => ({ kind: "none", offset: 0, factor: 0 })) }),
      /"outputs\[0\].factor" expected a finite number above 0, got 0$/,
    ],
  ])("refuses %s", (_, text, message) => {
    expect(() => ForecastCodec.parse(text)).toThrow(FormatError);
    expect(() => ForecastCodec.parse(text)).toThrow(message);
  });

  it("refuses what is no text", () => {
    expect(() => ForecastCodec.parse(3 as unknown as string)).toThrow(
      new TypeError(`"text" expected a string, got 3`),
    );
  });
});

describe("forecastData", () => {
  it.each<[string, number, Interval | undefined, number]>([
    ["a year of months", 120, monthly, 12],
    ["15 % where a year is too much", 40, monthly, 6],
    ["15 % without dates", 100, undefined, 15],
    ["a year of days", 1461, { unit: "millisecond", count: DAY }, 365],
  ])("holds out %s", (_, rows, interval, expected) => {
    const table = { target: values(rows), ...(interval && { dates: dates(rows, interval) }) };
    const { test, codec } = forecastData(table, { horizon: 1, seasons: [] });
    expect(test.origins).toHaveLength(expected);
    expect(test.origins.at(-1)).toBe(rows - 2);
    expect(codec.lookback).toBe(
      Math.min(24, Math.floor((rows - expected - Math.ceil(0.15 * (rows - expected - 1))) / 4)),
    );
  });

  it("counts what is missing, and takes none of it for a target", () => {
    const all = dates(60, monthly);
    const keep = (_: unknown, row: number): boolean => row !== 20 && row !== 21;
    const target = values(60)
      .map((x, row) => (row === 58 ? NaN : x))
      .filter(keep);
    const wind = values(60)
      .map((x, row) => (row > 30 && row < 34 ? NaN : x))
      .filter(keep);
    const table = { target, dates: all.filter(keep), features: { wind } };
    const { missing, test, training } = forecastData(table, {
      horizon: 2,
      lookback: 4,
      test: 4,
      fill: "linear",
      seasons: [],
    });
    expect(missing).toEqual({ rows: 2, target: 1, features: { wind: 3 } });
    // 58 was filled by looking at 59: no forecast begins there.
    expect([...test.origins]).toEqual([54, 55, 56, 57]);
    expect(Array.from(test.origins, (_, i) => [...test.actual(i)].map(Number.isNaN))).toEqual([
      [true, false],
      [false, false],
      [false, true],
      [true, false],
    ]);
    expect(
      [...training.origins].filter((origin) => (origin > 19 && origin < 22) || (origin > 30 && origin < 34)),
    ).toEqual([]);
    expect(test.dates?.[20]).toBe(Date.UTC(2002, 8, 30));
  });

  it("reads the level of a steady series, the surprises of one that rises, and dates on circles", () => {
    const sources = (table: ForecastTable, options: Partial<ForecastDataOptions> = {}): string[] => {
      const { codec } = forecastData(table, { horizon: 1, ...options });
      const { channels } = codec.toJSON() as { channels: { source: string; name: string }[] };
      return channels.map(({ source, name }) => source + (name && ` ${name}`));
    };
    const random = new Random(1);
    const noise = Array.from({ length: 100 }, () => random.uniform());
    const line = noise.map((x, i) => 3 * i + x);
    expect(sources({ target: noise })).toEqual(["level"]);
    expect(sources({ target: line })).toEqual(["surprise"]);
    expect(sources({ target: line }, { reference: "none" })).toEqual(["level"]);
    expect(sources({ target: noise, dates: dates(100, monthly), features: { a: line } })).toEqual([
      ...["level", "feature a", "sine year", "cosine year"],
    ]);
    expect(sources({ target: noise, dates: dates(100, monthly) }, { calendar: false })).toEqual(["level"]);
    expect(sources({ target: noise, dates: dates(100, { unit: "millisecond", count: DAY }) })).toEqual([
      ...["level", "sine week", "cosine week"],
    ]);
  });

  it("learns to correct the forecast of the season where it is clearly better", () => {
    const kind = (target: number[], reference?: "season" | "last"): unknown => {
      const options = { horizon: 6, seasons: [12], ...(reference && { reference }) };
      return (forecastData({ target }, options).codec.toJSON() as { reference: unknown }).reference;
    };
    expect(kind(values(200))).toEqual({ kind: "seasonalChange", season: 12, seasons: 3 });
    expect(kind(values(200), "season")).toEqual({ kind: "season", season: 12, seasons: 3 });
    const random = new Random(1);
    let walk = 0;
    expect(kind(Array.from({ length: 200 }, () => (walk += random.uniform() - 0.5)))).toEqual({
      kind: "last",
      season: 0,
      seasons: 0,
    });
  });

  const target = values(60);
  it.each<[string, unknown, unknown, string]>([
    ["no table", null, { horizon: 1 }, `"table" expected an object, got null`],
    [
      "an unknown column",
      { target, date: [] },
      { horizon: 1 },
      `"table" expected target or dates or features, got "date": did you mean "dates"?`,
    ],
    ["no rows", { target: [] }, { horizon: 1 }, `"target" expected at least one row, got none`],
    ["no horizon", { target }, {}, `"horizon" expected an integer, got undefined`],
    [
      "no lookback",
      { target },
      { horizon: 1, lookback: 0 },
      `"lookback" expected an integer from 1 to 1000000, got 0`,
    ],
    [
      "all rows held out",
      { target },
      { horizon: 1, test: 60 },
      `"test" expected an integer from 0 to 59, got 60`,
    ],
    [
      "more rows than are left",
      { target },
      { horizon: 1, test: 50, validation: 10 },
      `"validation" expected an integer from 0 to 9, got 10`,
    ],
    [
      "too few rows",
      { target },
      { horizon: 1, lookback: 50, reference: "last" },
      `"target" expected at least 59 rows to learn from, for a lookback of 50 and the reference "last", got 43, and 17 that are held out`,
    ],
    [
      "other fills",
      { target },
      { horizon: 1, fill: "zero" },
      `"fill" expected "refuse" or "previous" or "linear", got "zero"`,
    ],
    [
      "other scalings",
      { target },
      { horizon: 1, scaling: "z" },
      `"scaling" expected "standard" or "minmax" or "log" or "none", got "z"`,
    ],
    [
      "seasons that are none",
      { target },
      { horizon: 1, seasons: [1] },
      `"seasons[0]" expected an integer from 2 to 1000000, got 1`,
    ],
    [
      "one season",
      { target },
      { horizon: 1, seasons: 12 },
      `"seasons" expected an array of numbers of rows, got 12`,
    ],
    [
      "a season too long",
      { target },
      { horizon: 1, seasons: [20], reference: "season" },
      `"reference" expected "auto", "none" or "last", where no season comes three times in the 43 rows to learn from, got "season"`,
    ],
    [
      "a missing value",
      { target: [1, NaN, 3] },
      { horizon: 1 },
      `"target[1]" expected a number, got none: the fill "previous" or "linear" puts one where it is missing`,
    ],
    [
      "a missing value of a feature",
      { target: [1, 2], features: { rain: [1, NaN] } },
      { horizon: 1 },
      `"features.rain[1]" expected a number, got none: the fill "previous" or "linear" puts one where it is missing`,
    ],
    [
      "a feature of another length",
      { target, features: { rain: [1] } },
      { horizon: 1 },
      `"features.rain" expected 60 values, one a row, got 1`,
    ],
    [
      "dates of another length",
      { target, dates: ["2001"] },
      { horizon: 1 },
      `"dates" expected 60 dates, one a row, got 1`,
    ],
    [
      "a gap",
      { target: [1, 2, 3, 4], dates: ["2001-01", "2001-02", "2001-03", "2001-05"] },
      { horizon: 1 },
      `"dates[3]" expected 2001-04, the next date, got 2001-05: the fill "previous" or "linear" puts in the rows that are missing`,
    ],
    [
      "no logarithm",
      { target: [1, 0] },
      { horizon: 1, scaling: "log" },
      `"target[1]" expected a number above 0, for its logarithm, got 0`,
    ],
  ])("refuses %s", (_, table, options, message) => {
    expect(() => forecastData(table as ForecastTable, options as ForecastDataOptions)).toThrow(message);
  });

  it("refuses numbers beyond single precision once they are scaled", () => {
    const huge = target.map((x, row) => (row === 59 ? 1e200 : x));
    expect(() => forecastData({ target, features: { huge } }, { horizon: 1 })).toThrow(
      /^"features.huge" expected numbers of a size with those/,
    );
  });
});
