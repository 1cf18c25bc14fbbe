/** What an engine's run of programs/smoke.js came to, and the row of the support table that it makes. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Row } from "../scripts/support-table.js";
import { output } from "./project.js";

export interface Trained {
  readonly updates: number;
  readonly first: number;
  readonly last: number;
  readonly bits: readonly string[];
  readonly losses: string;
  readonly file: string;
}

export interface Smoke {
  readonly chosen: string;
  readonly results: Readonly<Record<string, Trained | undefined>>;
}

/** What the program printed after the word RESULT. */
export function resultIn(printed: string): unknown {
  const line = printed.split("\n").find((text) => text.startsWith("RESULT "));
  if (line === undefined) throw new Error(`the program printed no result, but:\n${printed}`);
  return JSON.parse(line.slice("RESULT ".length));
}

/** The bits that the simd build gives everywhere: also asserted by `npm test`. */
export function recordedBits(): Pick<Trained, "losses" | "file"> {
  const json = readFileSync(join(import.meta.dirname, "expected.json"), "utf8");
  return JSON.parse(json) as Pick<Trained, "losses" | "file">;
}

/** Holds a run to what is promised: these builds, the recorded bits of the simd one, and learning in each. */
export function expectSmoke(result: unknown, builds: readonly string[]): void {
  const { chosen, results } = result as Smoke;
  expect(Object.keys(results)).toEqual(builds);
  expect(chosen).toBe(builds.at(-1));
  const { losses, file } = results["simd"] ?? {};
  expect({ losses, file }, "the simd build gives the recorded bits").toEqual(recordedBits());
  for (const [build, trained] of Object.entries(results)) {
    expect(trained?.updates, build).toBe(100);
    expect(trained?.last, build).toBeLessThan((trained?.first ?? 0) / 2);
    // Other roundings at each multiply-add, over 100 updates: the paths part slowly.
    expect(Math.abs((trained?.last ?? NaN) - (results["simd"]?.last ?? NaN)), build).toBeLessThan(0.05);
  }
}

/** Keeps a row for the support table: only after all that it says has passed. */
export function keepRow(row: Row): void {
  const folder = join(output, "rows");
  mkdirSync(folder, { recursive: true });
  const name = `${row.kind} ${row.engine} ${row.version}`.replace(/[^\w.]+/g, "-");
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(row));
}
