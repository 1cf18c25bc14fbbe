import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { meaningfulCycles, phaseOf, rowsOf } from "../../../src/data/table/calendar.js";
import {
  DAY,
  findInterval,
  later,
  parseDate,
  readDates,
  stepsBetween,
  writeDate,
  type Interval,
} from "../../../src/data/table/dates.js";

describe("a date", () => {
  it.each([
    ["1958", Date.UTC(1958, 0)],
    ["1958-03", Date.UTC(1958, 2)],
    ["2012-02-29", Date.UTC(2012, 1, 29)],
    [" 2012-02-29 ", Date.UTC(2012, 1, 29)],
    ["2012-01-31T18:30", Date.UTC(2012, 0, 31, 18, 30)],
    ["2012-01-31 18:30:05", Date.UTC(2012, 0, 31, 18, 30, 5)],
    ["2012-01-31T18:30:05.25Z", Date.UTC(2012, 0, 31, 18, 30, 5, 250)],
    ["2012-01-31T18:30:05,123456Z", Date.UTC(2012, 0, 31, 18, 30, 5, 123)],
    ["2012-01-31T18:30+02:00", Date.UTC(2012, 0, 31, 16, 30)],
    ["2012-01-31T18:30-0530", Date.UTC(2012, 1, 1, 0, 0)],
    ["2012-01-31T18:30-05", Date.UTC(2012, 0, 31, 23, 30)],
    ["0050-01-01", new Date(0).setUTCFullYear(50, 0, 1)],
  ])("%s is read", (text, time) => {
    expect(parseDate(text)).toBe(time);
  });

  it.each([
    ...["", "today", "2012-02-30", "2011-02-29", "2012-13-01", "2012-00-10", "2012-1-1", "01/02/2012"],
    ...[
      "2012-01-01T24:30",
      "2012-01-01T12:60",
      "2012-01-01T12",
      "2012-01-01T12:00+25:00",
      "20120101",
      "12-01-01",
    ],
  ])("%j is none", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("is written as briefly as it was read", () => {
    const month: Interval = { unit: "month", count: 1 };
    expect(writeDate(Date.UTC(1958, 2), month)).toBe("1958-03");
    expect(writeDate(Date.UTC(1958, 0), { unit: "month", count: 12 })).toBe("1958");
    expect(writeDate(Date.UTC(1958, 6), { unit: "month", count: 12 })).toBe("1958-07");
    expect(writeDate(Date.UTC(1958, 2), { unit: "millisecond", count: DAY / 24 })).toBe("1958-03-01T00:00");
    for (const text of ["1958-03-01", "2012-01-31T18:30", "2012-01-31T18:30:05", "2012-01-31T18:30:05.250"])
      expect(writeDate(parseDate(text) ?? NaN)).toBe(text);
  });

  it.each<[string, unknown, RegExp]>([
    ["no list", "2012", /^"dates" expected an array of dates, got "2012"$/],
    [
      "another kind",
      ["2012", null],
      /^"dates\[1\]" expected an ISO 8601 text or milliseconds since 1970, got null$/,
    ],
    ["no date", ["2012", "2012-02-30"], /^"dates\[1\]" expected a date, ISO 8601 or .*, got "2012-02-30"$/],
    ["too far", [9e15], /^"dates\[0\]" expected a date, .*, got 9000000000000000$/],
    ["not a number", [NaN], /^"dates\[0\]" expected a date, .*, got NaN$/],
    [
      "the same twice",
      ["2012", "2012-01-01"],
      /^"dates\[1\]" expected a date later than the one before it, 2012-01-01, got 2012-01-01$/,
    ],
    ["backwards", [DAY, 0], /^"dates\[1\]" expected a date later .*, 1970-01-02, got 1970-01-01$/],
  ])("is refused: %s", (_, dates, message) => {
    expect(() => readDates(dates as string[])).toThrow(message);
  });
});

const intervals: fc.Arbitrary<Interval> = fc.oneof(
  fc.record({ unit: fc.constant("month" as const), count: fc.integer({ min: 1, max: 24 }) }),
  fc.record({ unit: fc.constant("millisecond" as const), count: fc.integer({ min: 1, max: 40 * DAY }) }),
);

describe("rows evenly apart", () => {
  it("are found as such, with gaps, from any first date on", () => {
    const day = fc.date({ min: new Date("0001-01-01"), max: new Date("2200-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(day, intervals, fc.nat(8), (start, interval, gap) => {
        const first = interval.unit === "month" ? Math.floor(start.getTime() / DAY) * DAY : start.getTime();
        const all = Array.from({ length: 20 }, (_, i) => later(first, i, interval));
        const times = Float64Array.from(all.filter((_, i) => i !== gap + 4));
        const found = findInterval(times);
        // Steps of a whole number of months can be what months are, as 28 days in February are.
        expect(found === undefined ? undefined : later(first, 19, found)).toBe(all[19]);
        expect(found === undefined ? undefined : stepsBetween(first, all[19], found)).toBe(19);
      }),
    );
  });

  it.each<[string, string[], Interval | undefined]>([
    ["years", ["2001", "2002", "2003", "2005"], { unit: "month", count: 12 }],
    ["quarters", ["2001-01", "2001-04", "2001-07"], { unit: "month", count: 3 }],
    [
      "last days of months",
      ["2001-01-31", "2001-02-28", "2001-03-31", "2001-04-30"],
      { unit: "month", count: 1 },
    ],
    ["the 15th", ["2001-01-15", "2001-02-15", "2001-03-15"], { unit: "month", count: 1 }],
    ["days", ["2001-01-30", "2001-01-31", "2001-02-01"], { unit: "millisecond", count: DAY }],
    ["hours", ["2001-01-01T00:00", "2001-01-01T01:00"], { unit: "millisecond", count: DAY / 24 }],
    ["one row", ["2001"], undefined],
    ["as they come", ["2001-01-01", "2001-01-02", "2001-01-09T07:00"], undefined],
    [
      "days on which a market is open",
      ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-11", "2024-01-15"],
      undefined,
    ],
  ])("%s", (_, dates, interval) => {
    expect(findInterval(readDates(dates))).toEqual(interval);
  });

  it("keep to the last day of months", () => {
    const month: Interval = { unit: "month", count: 1 };
    const dates = [1, 2, 3, 12, 13].map((steps) => writeDate(later(Date.UTC(2023, 0, 31), steps, month)));
    expect(dates).toEqual(["2023-02-28", "2023-03-31", "2023-04-30", "2024-01-31", "2024-02-29"]);
  });
});

describe("a cycle", () => {
  it.each([
    ["1970-01-01T06:00", "day", 0.25],
    ["1969-12-31T18:00", "day", 0.75],
    ["2024-01-01", "week", 0],
    ["2024-01-04T12:00", "week", 0.5],
    ["1960-02-01T12:00", "week", 0.5 / 7],
    ["2023-01-01", "year", 0],
    ["2023-07-02T12:00", "year", 0.5],
    ["2024-12-31", "year", 365 / 366],
    ["0050-07-02T12:00", "year", 0.5],
  ] as const)("%s of a %s", (text, cycle, phase) => {
    expect(phaseOf(parseDate(text) ?? NaN, cycle)).toBeCloseTo(phase, 12);
  });

  it.each([
    ["monthly", { unit: "month", count: 1 }, ["year"], [12]],
    ["quarterly", { unit: "month", count: 3 }, ["year"], [4]],
    ["yearly", { unit: "month", count: 12 }, [], []],
    ["daily", { unit: "millisecond", count: DAY }, ["week", "year"], [7, 365]],
    ["hourly", { unit: "millisecond", count: DAY / 24 }, ["day", "week", "year"], [24, 168, 8766]],
  ] as const)("means something for %s rows", (_, interval, cycles, rows) => {
    const step = interval.unit === "month" ? (interval.count * 365.2425 * DAY) / 12 : interval.count;
    const found = meaningfulCycles(step, Infinity);
    expect(found).toEqual(cycles);
    expect(found.map((cycle) => rowsOf(cycle, interval))).toEqual(rows);
    expect(meaningfulCycles(step, 0)).toEqual([]);
  });
});
