/** What a sweep varies: options with several values, `64,128,256`, or with a range, `0.001..0.02`. */

import { Failure } from "../failure.js";

/** What an option's values are. A share is drawn evenly, a seed too; other numbers so that each doubling is as likely as the next. */
export type ValueKind = "word" | "whole" | "decimal" | "share" | "seed";

/** An option with several values. */
export interface ListDimension {
  readonly kind: "list";
  /** The option's, without the dashes. */
  readonly name: string;
  /** As typed, two at least, all different. */
  readonly values: readonly string[];
  readonly numeric: boolean;
}

/** An option with a range of numbers, of which values are drawn. */
export interface RangeDimension {
  readonly kind: "range";
  readonly name: string;
  readonly low: number;
  /** Above `low`. */
  readonly high: number;
  readonly whole: boolean;
  /** Whether values are drawn evenly; otherwise their logarithms are. */
  readonly even: boolean;
}

export type Dimension = ListDimension | RangeDimension;

/** From here on numbers have logarithms that can be relied on. */
const LEAST = 1e-300;

const number = String.raw`-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?`;
const range = new RegExp(`^(${number})\\.\\.(${number})$`, "i");

/** Whether a text says several values of such an option. */
export function isDimension(kind: ValueKind, text: string): boolean {
  return text.includes(",") || (kind !== "word" && text.includes(".."));
}

function readList(name: string, kind: ValueKind, text: string): ListDimension {
  const values = text.split(",").map((value) => value.trim());
  if (values.includes("")) {
    throw new Failure(
      `--${name} expects values with commas between them in a sweep, not ${JSON.stringify(text)}`,
    );
  }
  const numeric = kind !== "word";
  // What is no number is the command's to refuse.
  const same = values.map((value) =>
    numeric && !Number.isNaN(Number(value)) ? String(Number(value)) : value,
  );
  const twice = values.find((_, i) => same.indexOf(same[i]) < i);
  if (twice !== undefined) throw new Failure(`--${name} has ${twice} twice`);
  return { kind: "list", name, values, numeric };
}

function readRange(name: string, kind: ValueKind, text: string): RangeDimension {
  const [, from, to] = range.exec(text) ?? [];
  const [low, high] = [Number(from), Number(to)];
  if (!(low < high) || !Number.isFinite(high - low)) {
    throw new Failure(
      `--${name} expects a range from less to more in a sweep, such as 1..10, not ${JSON.stringify(text)}`,
    );
  }
  const whole = kind === "whole" || kind === "seed";
  if (whole && !(Number.isSafeInteger(low) && Number.isSafeInteger(high)))
    throw new Failure(`--${name} expects a range of whole numbers in a sweep, not ${JSON.stringify(text)}`);
  return {
    kind: "range",
    name,
    low,
    high,
    whole,
    even: kind === "share" || kind === "seed" || low < LEAST,
  };
}

/** Reads what `isDimension` says is one. Throws a Failure that names the option. */
export function readDimension(name: string, kind: ValueKind, text: string): Dimension {
  return kind !== "word" && text.includes("..") ? readRange(name, kind, text) : readList(name, kind, text);
}

/** Returns values that the option must take: a list's, and a range's ends. */
export function typedValues(dimension: Dimension): readonly string[] {
  return dimension.kind === "list" ? dimension.values : [String(dimension.low), String(dimension.high)];
}

/** Says a dimension's values in words. */
export function dimensionInWords(dimension: Dimension): string {
  if (dimension.kind === "list") return dimension.values.join(", ");
  return `${dimension.low} to ${dimension.high}${dimension.even ? "" : ", by its logarithm"}`;
}
