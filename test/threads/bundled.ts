/** Programs of this folder as one file each: what Node starts by itself has no loader of TypeScript. */

import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Bundles `name`.ts of this folder, and returns the file. */
export async function bundleProgram(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, `${name}.ts`)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    // What package.json says of side effects holds for dist/.
    ignoreAnnotations: true,
  });
  const file = join(mkdtempSync(join(tmpdir(), "bptt-threads-")), "program.mjs");
  writeFileSync(file, outputFiles[0].text);
  return file;
}

/** Milliseconds after which a program counts as one that never ends. */
const ENDLESS = 120_000;

/** Runs a program to its end, which it must come to by itself; returns what it printed as JSON. */
export async function runProgram(name: string, ...flags: string[]): Promise<unknown> {
  const file = await bundleProgram(name);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, file], {
    encoding: "utf8",
    timeout: ENDLESS,
  });
  if (status !== 0) throw new Error(`${name} ended with ${status ?? signal ?? "nothing"}: ${stderr}`);
  return JSON.parse(stdout);
}
