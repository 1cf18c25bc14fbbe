/** Measures memory over many updates: what the process holds, and whether its JavaScript heap grows. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Build } from "../src/wasm/builds.js";
import { median } from "./median.js";
import { fixed, type Section, type Table } from "./report.js";

const MEGABYTE = 1e6;
/** The most resident bytes. */
const REQUIRED = 150 * MEGABYTE;
/** The most bytes by which the heap may grow after the first quarter, for the engine's own bookkeeping. */
const REQUIRED_GROWTH = MEGABYTE;

/** Holds the memory of the process, in bytes, after so many updates. */
interface Checkpoint {
  readonly step: number;
  readonly rss: number;
  readonly highest: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

const fields = ["step", "rss", "highest", "heapUsed", "external", "arrayBuffers"] as const;

function isCheckpoint(value: unknown): value is Checkpoint {
  return (
    typeof value === "object" &&
    value !== null &&
    fields.every((field) => typeof Reflect.get(value, field) === "number")
  );
}

function parseCheckpoint(line: string): Checkpoint {
  const value: unknown = JSON.parse(line);
  if (!isCheckpoint(value)) throw new TypeError(`expected a checkpoint, got ${line}`);
  return value;
}

/** Trains in a process of its own on dist/, with the flags of this process that are Node's own. */
function train(updates: number, build: Build, nodeFlags: readonly string[]): Checkpoint[] {
  const script = join(import.meta.dirname, "steady-updates.js");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeFlags, "--expose-gc", script, String(updates), build],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`steady-updates.js ended with ${status ?? "a signal"}:\n${stderr}`);
  return stdout.trim().split("\n").map(parseCheckpoint);
}

/**
 * Returns bytes an update: the median of all slopes between two checkpoints (Theil–Sen), robust to odd ones.
 */
function slope(points: readonly Checkpoint[], field: "heapUsed" | "rss"): number {
  const slopes = points.flatMap((p, i) =>
    points.slice(i + 1).map((q) => (q[field] - p[field]) / (q.step - p.step)),
  );
  return median(slopes);
}

const megabytes = (bytes: number): string => `${fixed(bytes / MEGABYTE)} MB`;

const mark = (value: number, most: number): string => (value > most ? " !" : "");

export function measureMemory(updates: number, build: Build, nodeFlags: readonly string[]): Section {
  const points = train(updates, build, nodeFlags);
  // During the first quarter code is compiled, and the heap finds its size.
  const steady = points.filter(({ step }) => step >= updates / 4);
  const highest = Math.max(...points.map((point) => point.highest));
  const heapSlope = slope(steady, "heapUsed");
  const rssSlope = slope(steady, "rss");
  const growth = heapSlope * 0.75 * updates;
  const table: Table = {
    title: `Memory over ${updates} updates of H=256 B=32 T=64, ${build}`,
    columns: ["updates", "resident", "heap used", "external"],
    rows: points
      .filter((_, i) => i % 4 === 0)
      .map(({ step, rss, heapUsed, external }) => [
        String(step),
        megabytes(rss),
        megabytes(heapUsed),
        megabytes(external),
      ]),
    notes: [
      `After a garbage collection each. Resident at its highest: ${megabytes(highest)}${mark(highest, REQUIRED)}, of ` +
        `at most ${megabytes(REQUIRED)}. After the first quarter the heap grew by ` +
        `${fixed(growth / MEGABYTE, 2)} MB${mark(growth, REQUIRED_GROWTH)}, of at most ${megabytes(REQUIRED_GROWTH)}: ` +
        `${fixed(heapSlope)} bytes an update; resident memory ${fixed(rssSlope)}.`,
    ],
  };
  return { tables: [table], data: { build, updates, highest, growth, heapSlope, rssSlope, points } };
}
