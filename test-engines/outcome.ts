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

/** What programs/threads.js says: by builds, or why there are no threads. */
export interface Threads {
  readonly alone: Readonly<Record<string, { readonly losses: readonly number[] }>>;
  readonly size?: number;
  readonly pool?: Threads["alone"];
  readonly worker?: Threads["alone"];
  readonly refused?: Readonly<Record<"pool" | "worker", readonly string[]>>;
}

/** Holds a run on threads to what is promised: the bits of one thread, in these builds. */
export function expectThreads(result: unknown, builds: readonly string[]): void {
  const { alone, size, pool, worker, refused } = result as Threads;
  expect(refused).toBeUndefined();
  expect(Object.keys(alone)).toEqual(builds);
  expect(size).toBe(3);
  expect(pool).toEqual(alone);
  expect(worker).toEqual(alone);
  for (const { losses } of Object.values(alone)) expect(losses.at(-1)).toBeLessThan(losses[0]);
}

/** Holds a page without threads to a RangeError of both, which says what is missing; one thread is there. */
export function expectRefusal(result: unknown, builds: readonly string[], reason: RegExp): void {
  const { alone, refused } = result as Threads;
  expect(Object.keys(alone)).toEqual(builds);
  const said = expect.stringMatching(reason) as string;
  expect(refused).toEqual({ pool: ["RangeError", said], worker: ["RangeError", said] });
}

/** Keeps a row for the support table: only after all that it says has passed. */
export function keepRow(row: Row): void {
  const folder = join(output, "rows");
  mkdirSync(folder, { recursive: true });
  const name = `${row.kind} ${row.engine} ${row.version}`.replace(/[^\w.]+/g, "-");
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(row));
}
