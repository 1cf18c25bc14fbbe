/** What a run's log tells of its training, without what differs from process to process. */

import { readFileSync } from "node:fs";

/** Fields that are times, or depend on them. */
const timed = new Set(["seconds", "tokensPerSecond"]);

/** Returns a line's event. */
export function parseLine(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}

/** Returns the events of a log, each as text: updates, looks and the end, which resuming must leave as they are. */
export function courseOf(log: string): string[] {
  const lines = readFileSync(log, "utf8").split("\n");
  if (lines.pop() !== "") throw new Error(`${log} ends within a line`);
  return lines
    .map(parseLine)
    .filter(({ event }) => event === "update" || event === "look" || event === "end")
    .map((event) =>
      JSON.stringify(event, (key, value: unknown) => (timed.has(key) || key === "model" ? undefined : value)),
    );
}
