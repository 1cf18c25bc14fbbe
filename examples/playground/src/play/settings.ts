/** What the visitor chose, which the page's address carries so that it can be shared. */

import { cellNames, type Cell } from "bptt";
import { rules, type Rule } from "./rules.js";

export interface Settings {
  readonly cell: Cell;
  /** H. */
  readonly hidden: number;
  readonly layers: number;
  /** B sequences side by side, T steps a window. */
  readonly batch: number;
  readonly window: number;
  readonly rule: Rule;
  /** Steps that errors go back at most: of tbptt its k2, at least the window. */
  readonly back: number;
  readonly learningRate: number;
  readonly temperature: number;
  readonly seed: number;
}

export const defaults: Settings = {
  cell: "lstm",
  hidden: 128,
  layers: 1,
  batch: 16,
  window: 32,
  rule: "tbptt",
  back: 32,
  learningRate: 0.005,
  temperature: 0.7,
  seed: 1,
};

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

/** What a phone still trains. */
export const ranges = {
  hidden: { least: 4, most: 1024, whole: true },
  layers: { least: 1, most: 4, whole: true },
  batch: { least: 1, most: 128, whole: true },
  window: { least: 1, most: 512, whole: true },
  back: { least: 1, most: 1024, whole: true },
  learningRate: { least: 1e-5, most: 1, whole: false },
  temperature: { least: 0, most: 2, whole: false },
  seed: { least: 0, most: 2 ** 31, whole: true },
} as const satisfies Partial<Record<keyof Settings, Range>>;

export type NumberName = keyof typeof ranges;
export const numberNames = Object.keys(ranges) as NumberName[];

/** The number if it is one that is allowed. */
export function readNumber(name: NumberName, text: string | null): number | undefined {
  if (text === null || text.trim() === "") return undefined;
  const { least, most, whole }: Range = ranges[name];
  const value = Number(text);
  const allowed = value >= least && value <= most && (!whole || Number.isInteger(value));
  return allowed ? value : undefined;
}

/** From an address; whatever it lacks, or has wrong, is the default. */
export function readSettings(hash: string): Settings {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const numbers = numberNames.map(
    (name) => [name, readNumber(name, given.get(name)) ?? defaults[name]] as const,
  );
  const choice = <Name extends string>(name: string, names: readonly Name[], otherwise: Name): Name =>
    names.find((known) => known === given.get(name)) ?? otherwise;
  return {
    ...defaults,
    ...Object.fromEntries(numbers),
    cell: choice<Cell>("cell", cellNames, defaults.cell),
    rule: choice("rule", rules, defaults.rule),
  };
}

/** Only what differs from the defaults. */
export function writeSettings(settings: Settings): string {
  const entries = (Object.keys(defaults) as (keyof Settings)[])
    .filter((name) => settings[name] !== defaults[name])
    .map((name) => [name, String(settings[name])]);
  return entries.length === 0 ? "" : `#${new URLSearchParams(entries).toString()}`;
}
