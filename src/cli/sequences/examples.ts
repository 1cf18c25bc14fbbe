/** What is read from a file of sequences, each with a label or without. */

import type { SequenceContent } from "../../index.js";
import { Failure } from "../failure.js";

/** The names under which a file has sequences and labels. */
export interface Fields {
  readonly label: string;
  /** One field or column; or several columns of numbers. */
  readonly sequence: readonly string[];
  /** The column whose equal cells make rows one sequence; undefined: each row is one. */
  readonly group: string | undefined;
}

/** Sequences of one form: text, tokens, or numbers of one width. */
export interface Examples {
  /** The file's name in messages. */
  readonly name: string;
  readonly fields: Fields;
  readonly sequences: readonly SequenceContent[];
  /** [sequences]; none where no labels were asked for. */
  readonly labels: readonly string[];
  /** [sequences]: the line of the file, from 1, where each begins. */
  readonly lines: readonly number[];
  /** [sequences]: the cell that they have in common, with a group. */
  readonly groups: readonly string[];
}

export const FORM_OF_TOKENS = "a list of strings";

/** Says in words what a sequence consists of. */
export function formOf(sequence: SequenceContent): string {
  if ("text" in sequence) return "text";
  if ("tokens" in sequence) return FORM_OF_TOKENS;
  return formOfNumbers(sequence.values.length / sequence.steps);
}

export function formOfNumbers(width: number): string {
  return width === 1 ? "one number a step" : `${width} numbers a step`;
}

/** Throws a Failure for the first sequence of another form than `expected`, which `as` explains. */
export function requireForm(examples: Examples, expected: string, as: string): void {
  examples.sequences.forEach((sequence, i) => {
    const came = formOf(sequence);
    if (came !== expected)
      throw new Failure(`${placeOf(examples, i)}: expected ${expected}, ${as}, got ${came}`);
  });
}

/** Says where a sequence begins. */
export function placeOf({ name, lines }: Pick<Examples, "name" | "lines">, i: number): string {
  return `${name}, line ${lines[i]}`;
}
