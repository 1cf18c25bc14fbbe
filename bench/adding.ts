/**
 * Measures the adding problem (Hochreiter & Schmidhuber 1997), which needs a memory that holds over T steps.
 */
import type { Build } from "../src/wasm/builds.js";
import { B, H, learn, SOLVED, T } from "./adding-problem.js";
import { fixed, type Section, type Table } from "./report.js";

const REQUIRED_SHARE = 0.8;

export interface AddingOptions {
  readonly updates: number;
  readonly seeds: number;
  readonly build: Build;
}

export async function measureAdding(options: AddingOptions): Promise<Section> {
  const runs = [];
  for (let seed = 0; seed < options.seeds; seed++) runs.push(await learn(seed, options));
  const solved = runs.filter(({ solvedAt }) => solvedAt !== undefined).length;
  const enough = solved >= REQUIRED_SHARE * options.seeds;
  const table: Table = {
    title: `The adding problem, T=${T}, ${options.updates} updates at most, ${options.build}`,
    columns: ["seed", "solved at update", "moving squared error"],
    rows: runs.map(({ seed, solvedAt, moving }) => [
      String(seed),
      String(solvedAt ?? "not"),
      fixed(moving, 4),
    ]),
    notes: [
      `${solved} of ${options.seeds} seeds${enough ? "" : " !"}. LSTM H=${H}, B=${B}, Adam 0.01, clip 1, forget bias 1; ` +
        `solved: a moving mean below ${SOLVED}. 4 of 5 within 1500 updates are required.`,
    ],
  };
  return { tables: [table], data: { ...options, runs } };
}
