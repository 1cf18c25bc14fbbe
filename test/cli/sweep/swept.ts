/** A small sweep, and what sweeps leave in their folders. */

import { readFileSync } from "node:fs";
import { Workplace } from "../program.js";
import { parseLine } from "../run-events.js";

/** A training of moments. */
export const tiny = ["--batch", "4", "--window", "16", "--build", "simd", "--steps", "3"];

/** A sweep of four trials. */
export const grid = ["sweep", "train", "text.txt", ...tiny, "--hidden", "4,8", "--cell", "gru,lstm"];

export class SweepPlace extends Workplace {
  /** Returns a file's text. */
  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  /** Returns what is in a file of JSON lines. */
  lines(path: string): Record<string, unknown>[] {
    return this.read(path).trimEnd().split("\n").map(parseLine);
  }

  model(path: string): string {
    return readFileSync(this.path(path)).toString("hex");
  }

  /** Returns what of a sweep's results is no time. */
  outcome(folder: string): unknown[] {
    return this.lines(`${folder}/results.jsonl`).map(({ seconds: _, ...row }) => row);
  }
}
