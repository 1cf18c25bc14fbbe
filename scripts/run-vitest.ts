import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { judgeTests, readCounts, readFailures, type Outcome } from "./test-summary.js";

const vitest = "node_modules/vitest/vitest.mjs";

/** Runs Vitest in a process of its own, with the kernels that vitest.config.ts knows; returns its exit status. */
export function runVitest(kernels: "simd" | "debug" | undefined, words: readonly string[]): number {
  const env = kernels === undefined ? process.env : { ...process.env, BPTT_KERNELS: kernels };
  const { status } = spawnSync(process.execPath, [vitest, "run", ...words], { stdio: "inherit", env });
  return status ?? 1;
}

export interface Suite {
  readonly name: string;
  /** Vitest's configuration. */
  readonly config: string;
  /** The file that vitest is to write its report to. */
  readonly report: string;
  readonly reporter: "default" | "verbose";
  /** The most milliseconds: an endless wait is a failure. */
  readonly limit: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a suite in a process of its own, and returns its outcome. Throws where there is no report. */
export function runSuite({ name, config, report, reporter, limit, env }: Suite): Outcome {
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const start = performance.now();
  const { status, error } = spawnSync(
    process.execPath,
    [
      ...[vitest, "run", "--config", config, "--allowOnly=false"],
      ...[`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${report}`],
    ],
    { stdio: "inherit", timeout: limit, killSignal: "SIGTERM", env: { ...process.env, ...env } },
  );
  if (error !== undefined) throw error;
  if (!existsSync(report)) throw new Error(`vitest ended with exit code ${status ?? "none"} and no report`);
  const json = readFileSync(report, "utf8");
  const seconds = (performance.now() - start) / 1000;
  return judgeTests(name, seconds, status, readCounts(json), readFailures(json));
}
