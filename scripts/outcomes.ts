/** Keeps what the stages of tests came to, so that those which run after `npm test` count them too. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Outcome } from "./test-summary.js";

const file = join("build", "test-results", "outcomes.json");

export function keepOutcomes(outcomes: readonly Outcome[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(outcomes));
}

/** Returns the outcomes of `npm test`, and of what has run after it. */
export function outcomesBefore(): Outcome[] {
  return JSON.parse(readFileSync(file, "utf8")) as Outcome[];
}
