/**
 * Builds, and tests training over Open MPI and MPICH (`npm run test:mpi`); where one is missing, that is a failure. With `--after-tests`
 * the build is that of `npm test`, the last line counts its tests too, and so does the one of `test:engines -- --after-tests`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { keepOutcomes, outcomesBefore } from "./outcomes.js";
import { runSuite } from "./run-vitest.js";
import { summarize, type Outcome } from "./test-summary.js";

const suite = {
  name: "tests over MPI",
  config: "vitest.mpi.config.ts",
  report: join("build", "test-results", "mpi.json"),
  reporter: "verbose",
  limit: 900_000,
} as const;

function build(): Outcome {
  const start = performance.now();
  const shell = process.platform === "win32"; // npm is a command file there
  const { status, error } = spawnSync("npm", ["run", "--silent", "build"], { stdio: "inherit", shell });
  const outcome = { name: "build", seconds: (performance.now() - start) / 1000 };
  return status === 0 ? outcome : { ...outcome, failure: error?.message ?? `exit code ${status ?? "none"}` };
}

function runTests(): Outcome {
  const start = performance.now();
  try {
    return runSuite(suite);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { name: suite.name, seconds: (performance.now() - start) / 1000, failure };
  }
}

const { values } = parseArgs({ options: { "after-tests": { type: "boolean", default: false } } });
const after = values["after-tests"];
const outcomes = after ? outcomesBefore() : [build()];
if (after || outcomes.every(({ failure }) => failure === undefined)) outcomes.push(runTests());
if (after) keepOutcomes(outcomes);
const { lines, ok } = summarize(outcomes);
console.log(`\n${lines.join("\n")}`);
process.exitCode = ok ? 0 : 1;
