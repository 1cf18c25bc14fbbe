/** The figures of a forecaster, for JSON and in lines for people: its errors beside those of simple forecasts, and its forecast. */

import { writeDate, type Interval } from "../../data/table/dates.js";
import type { ForecastError, ForecastMeasurement, NextForecast } from "../../index.js";
import { grouped, share } from "../format.js";
import { tableLines } from "../table.js";
import { baselineInWords, decimalsFor, rowsInWords } from "./forecast-words.js";

/** Returns what JSON tells of a measurement: all but the forecasts themselves. */
export function measuredFigures({ forecasts: _, ...figures }: ForecastMeasurement): object {
  return figures;
}

/** Says how the network's error stands beside the least of the simple forecasts'. */
function verdict(
  { rootMeanSquaredError: own, baselines }: ForecastMeasurement,
  interval: Interval | undefined,
): string {
  const best = baselines.reduce((one, other) => {
    return other.rootMeanSquaredError < one.rootMeanSquaredError ? other : one;
  });
  const least = best.rootMeanSquaredError;
  const name = baselineInWords(best, interval);
  if (own < least)
    return `The RMSE is ${share(1 - own / least)} below that of the best simple forecast, ${name}.`;
  return `No better than the best simple forecast, ${name}: rely on that instead, or give more rows or other columns.`;
}

/** Returns the errors as a table, over all rows ahead and for the first and the last, and what to think of them. */
export function measuredLines(measured: ForecastMeasurement, interval: Interval | undefined): string[] {
  const { baselines, byLead, meanAbsoluteError } = measured;
  const decimals = decimalsFor(meanAbsoluteError) + 1;
  const leads = [...new Set([1, byLead.length])];
  const cells = ({ rootMeanSquaredError, meanAbsoluteError: absolute, count }: ForecastError): string[] =>
    count === 0 ? ["-", "-"] : [rootMeanSquaredError, absolute].map((x) => x.toFixed(decimals));
  const row = (name: string, errors: Omit<ForecastMeasurement, "baselines" | "forecasts">): string[] => [
    name,
    ...cells(errors),
    ...(leads.length > 1 ? leads.flatMap((lead) => cells(errors.byLead[lead - 1])) : []),
  ];
  const ahead = leads.map((lead) => `${rowsInWords(lead, interval)} ahead`);
  return [
    ...tableLines([
      ["", "RMSE", "MAE", ...(leads.length > 1 ? ahead.flatMap((text) => [`${text}: RMSE`, "MAE"]) : [])],
      row("the network", measured),
      ...baselines.map((baseline) => row(baselineInWords(baseline, interval), baseline)),
    ]),
    verdict(measured, interval),
  ];
}

/** Returns the dates of what is forecast as texts; rows ahead where there are none. */
function datesOf({ values, dates }: NextForecast, interval: Interval | undefined): string[] {
  return Array.from(values, (_, h) => (dates === undefined ? `+${h + 1}` : writeDate(dates[h], interval)));
}

/** Returns what JSON tells of a forecast, row by row. */
export function forecastFigures(next: NextForecast, interval: Interval | undefined): object[] {
  const dates = next.dates === undefined ? undefined : datesOf(next, interval);
  return Array.from(next.values, (value, h) => ({
    ahead: h + 1,
    ...(dates !== undefined && { date: dates[h] }),
    value,
    baselines: next.baselines.map(({ values, ...baseline }) => ({ ...baseline, value: values[h] })),
  }));
}

/** Returns a forecast as a table, with the simple forecasts beside, to the digits that an error of `error` leaves. */
export function forecastLines(next: NextForecast, error: number, interval: Interval | undefined): string[] {
  const decimals = decimalsFor(error);
  const dates = datesOf(next, interval);
  return tableLines([
    ["", "forecast", ...next.baselines.map((baseline) => baselineInWords(baseline, interval))],
    ...Array.from(next.values, (value, h) => [
      dates[h],
      ...[value, ...next.baselines.map(({ values }) => values[h])].map((x) => x.toFixed(decimals)),
    ]),
  ]);
}

/** Says from when to when rows are, and how many. */
export function spanInWords(
  first: number,
  end: number,
  dates: Float64Array | undefined,
  interval: Interval | undefined,
): string {
  const rows = rowsInWords(end - first, undefined);
  if (dates === undefined || end <= first) return rows;
  return `${rows}, ${writeDate(dates[first], interval)} to ${writeDate(dates[end - 1], interval)}`;
}

/** Says what a table lacks and how it was filled in, in lines. */
export function missingLines(
  { rows, target, features }: { rows: number; target: number; features: Readonly<Record<string, number>> },
  names: { target: string; fill: string },
): string[] {
  const counts = [
    ...(rows > 0 ? [`${grouped(rows)} ${rows === 1 ? "date" : "dates"} without a row`] : []),
    ...[[names.target, target] as const, ...Object.entries(features)]
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${grouped(count)} of ${name}`),
  ];
  if (counts.length === 0) return [];
  const how = names.fill === "linear" ? "lie on a line to the next one" : "repeat the one before";
  return [
    `Missing: ${counts.join(", ")}; the values that are read there ${how}, and none of them is a target`,
  ];
}
