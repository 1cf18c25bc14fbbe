/** Reads JSON lines: an object a line. */

import { FormatError } from "../../errors.js";
import { StrictJson, type JsonValue } from "../../formats/strict-json.js";
import { Failure } from "../failure.js";
import type { Input } from "../table/read-input.js";

/** One line's object. */
export interface JsonRow {
  /** From 1. */
  readonly line: number;
  readonly fields: ReadonlyMap<string, JsonValue>;
}

/** Lists and objects within an object, one in the other. */
const DEPTH = 16;

/** Characters of what came that a message shows. */
const SHOWN = 16;

const LINE_FEED = 0x0a;
const SPACES = /^[ \t\r]*/;

/** What StrictJson says: what was expected, and at which byte. */
const FAULT = /: expected (.*) at byte (\d+), got /s;

function failure(place: string, text: string, column: number, expected: string): Failure {
  const rest = Array.from(text.slice(column - 1)).slice(0, SHOWN);
  const got = rest.length === 0 ? "the line's end" : JSON.stringify(rest.join(""));
  return new Failure(`${place}, column ${column}: expected ${expected}, got ${got}`);
}

function parseLine(place: string, bytes: Buffer): ReadonlyMap<string, JsonValue> | undefined {
  const text = bytes.toString();
  const start = SPACES.exec(text)?.[0].length ?? 0;
  if (start === text.length) return undefined;
  if (text[start] !== "{") {
    const list = text[start] === "[" ? " a line, without a list around them," : "";
    throw failure(place, text, start + 1, `an object${list} as in {"sequence": "abc", "label": "x"}`);
  }
  const json = new StrictJson(bytes, place);
  try {
    const fields = json.readObject(() => json.readAny(DEPTH));
    json.finish();
    return fields;
  } catch (error) {
    const fault = error instanceof FormatError ? FAULT.exec(error.message) : null;
    if (fault === null) throw error;
    throw failure(place, text, bytes.subarray(0, Number(fault[2])).toString().length + 1, fault[1]);
  }
}

/** Yields the objects, empty lines left out. Throws a Failure that names the line and the column of what is no JSON. */
export function* jsonRows({ name, bytes }: Input): Generator<JsonRow, void> {
  for (let from = 0, line = 1; from < bytes.length; line++) {
    const found = bytes.indexOf(LINE_FEED, from);
    const end = found === -1 ? bytes.length : found;
    const fields = parseLine(`${name}, line ${line}`, bytes.subarray(from, end));
    if (fields !== undefined) yield { line, fields };
    from = end + 1;
  }
}
