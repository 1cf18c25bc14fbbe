/** Reads a file in a process whose heap ends where it may take no more. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reader } from "./readers.js";

const MIB = 2 ** 20;
const program = join(import.meta.dirname, "capped.ts");
let before: number | undefined;

/** Runs the program with a heap of so many MiB; returns what it printed, or undefined where it did not end well. */
function run(words: readonly string[], heap: number): string | undefined {
  const flags = [`--max-old-space-size=${Math.floor(heap)}`, "--max-semi-space-size=1", "--expose-gc"];
  const { status, stdout } = spawnSync(process.execPath, [...flags, "--import", "tsx", program, ...words], {
    encoding: "utf8",
  });
  return status === 0 ? stdout : undefined;
}

/** MiB of the heap before anything is read. */
function baseline(): number {
  before ??= Number(run([], 1000)) / MIB;
  return before;
}

/** Whether a file is refused in a heap that has no room for more than so many bytes beyond what is there before. */
export function readCapped(reader: Reader, file: Uint8Array, bytes: number): boolean {
  const folder = mkdtempSync(join(tmpdir(), "bptt-capped-"));
  try {
    const path = join(folder, "file");
    writeFileSync(path, file);
    return run([reader.name, path], baseline() + bytes / MIB) === "refused";
  } finally {
    rmSync(folder, { recursive: true });
  }
}
