/** Parses the words after a command by a table of its options, and writes the help from the same table. */

import { parseArgs } from "node:util";
import { Failure } from "./failure.js";

/** Describes one option in the help: `--name <value>`, or `--name` alone. */
export interface OptionHelp {
  /** Placeholder for the value in the help; undefined where the option has no value. */
  readonly value?: string;
  /** The option's meaning, with its default. */
  readonly help: string;
}

/** Describes a command: its operands, and its options by name without the dashes. */
export interface Command<Name extends string> {
  readonly name: string;
  /** Placeholders for the operands in the help. */
  readonly operands: readonly string[];
  readonly summary: string;
  readonly options: Readonly<Record<Name, OptionHelp>>;
  readonly examples: readonly string[];
}

/** Holds the words that were given. */
export interface Arguments<Name extends string> {
  /** As many operands as the command has. */
  readonly operands: readonly string[];
  /** Values of the options that were given, by name; "" for an option without a value. */
  readonly given: Readonly<Partial<Record<Name, string>>>;
}

/** Returns the number of letters to change, add or remove to turn one word into the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/** Returns the end of a message that suggests the word that was probably meant; "" when none is near. */
export function suggestion(word: string, words: readonly string[]): string {
  const [nearest] = words
    .map((other) => ({ other, edits: distance(word, other) }))
    .sort((a, b) => a.edits - b.edits);
  return nearest.edits <= Math.max(word.length < 5 ? 1 : 2, Math.floor(word.length / 3))
    ? `; did you mean ${nearest.other}?`
    : "";
}

/** Returns what was given; undefined when help is asked for. Throws a Failure that names what is wrong. */
export function parseArguments<Name extends string>(
  command: Command<Name>,
  words: readonly string[],
): Arguments<Name> | undefined {
  const names = Object.keys(command.options) as Name[];
  const known = Object.fromEntries(
    names.map((name) => {
      const type: "string" | "boolean" = command.options[name].value === undefined ? "boolean" : "string";
      return [name, { type }];
    }),
  );
  const { tokens } = parseArgs({
    args: [...words],
    options: { ...known, help: { type: "boolean", short: "h" } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) return undefined;
  const given: Partial<Record<Name, string>> = {};
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const name = names.find((one) => one === token.name);
    if (name === undefined) {
      const near = suggestion(token.rawName, [...names.map((one) => `--${one}`), "--help"]);
      throw new Failure(`unknown option ${token.rawName}${near || seeHelp(command)}`);
    }
    const { value } = command.options[name];
    const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith("--"));
    if (value === undefined && token.value !== undefined) throw new Failure(`--${name} has no value`);
    if (value !== undefined && missing) throw new Failure(`--${name} needs a value: --${name} ${value}`);
    given[name] = token.value ?? "";
  }
  const expected = command.operands;
  if (operands.length < expected.length)
    throw new Failure(`${expected[operands.length]} is missing${seeHelp(command)}`);
  if (operands.length > expected.length) {
    const what = expected.length === 1 ? `one ${expected[0]} is` : `${expected.join(" and ")} are`;
    const extra = JSON.stringify(operands[expected.length]);
    throw new Failure(`${what} expected, but ${extra} came too${seeHelp(command)}`);
  }
  return { operands, given };
}

function seeHelp({ name }: { name: string }): string {
  return `; see bptt ${name} --help`;
}

/** Returns a whole number of at least `least`, or `fallback` where none was given. Throws a Failure. */
export function wholeNumber(name: string, text: string, least: number): number;
export function wholeNumber<Fallback>(
  name: string,
  text: string | undefined,
  least: number,
  fallback: Fallback,
): number | Fallback;
export function wholeNumber<Fallback>(
  name: string,
  text: string | undefined,
  least: number,
  fallback?: Fallback,
): number | Fallback | undefined {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    const range = least === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${least}`;
    throw new Failure(`--${name} expects a whole number${range}, not ${JSON.stringify(text)}`);
  }
  return value;
}

/**
 * Returns a decimal number that `fits`, or `fallback` where none was given. Throws a Failure, in which
 * `range` says which numbers fit.
 */
export function decimalNumber(
  name: string,
  text: string,
  range: string,
  fits: (value: number) => boolean,
): number;
export function decimalNumber<Fallback>(
  name: string,
  text: string | undefined,
  range: string,
  fits: (value: number) => boolean,
  fallback: Fallback,
): number | Fallback;
export function decimalNumber<Fallback>(
  name: string,
  text: string | undefined,
  range: string,
  fits: (value: number) => boolean,
  fallback?: Fallback,
): number | Fallback | undefined {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || !Number.isFinite(value) || !fits(value)) {
    throw new Failure(`--${name} expects a number ${range}, not ${JSON.stringify(text)}`);
  }
  return value;
}

/** Returns one of the words, or `fallback` where none was given. Throws a Failure. */
export function choice<Word extends string>(name: string, text: string, words: readonly Word[]): Word;
export function choice<Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
  fallback: Word,
): Word;
export function choice<Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
  fallback?: Word,
): Word | undefined {
  if (text === undefined) return fallback;
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const near = suggestion(text, words);
  throw new Failure(`--${name} expects ${words.join(", ")}, not ${JSON.stringify(text)}${near}`);
}

/** Returns what `--help` prints. */
export function helpOf<Name extends string>(command: Command<Name>): string {
  const options: [string, OptionHelp][] = Object.entries(command.options);
  const rows = options.map(([name, { value, help }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
  rows.push(["-h, --help", "this help"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const under = `\n${" ".repeat(width + 4)}`;
  return [
    `Usage: bptt ${command.name} ${command.operands.join(" ")} [options]`,
    "",
    command.summary,
    "",
    "Options:",
    ...rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help.replaceAll("\n", under)}`),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}
