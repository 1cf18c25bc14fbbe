/**
 * Every check and test of the project, `npm test`: build, lint, format, types, then the tests on the oldest and the
 * newest supported Node, on those with the wide build, and on the one that runs this. Reports all failures; only a
 * failed build ends it at once.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { keepOutcomes } from "./outcomes.js";
import {
  judgeTests,
  oldestNode,
  readCounts,
  readFailures,
  readUnhandled,
  summarize,
  type Outcome,
} from "./test-summary.js";

/** Node 26 is the newest, and 24 the first that runs the wide build. */
const wholeMajors = ["24", "26"];
/** Between them what leans on the engine is enough: the kernels, and the networks on top. */
const betweenMajors = ["25"];
const engineFolders = ["test/wasm", "test/assembly", "test/network"];
/** The tests of what learns and runs, every network on a pool of so many threads. */
const threadFolders = ["test/train", "test/infer", "test/optimize"];
const THREADS = 3;
/** What package.json's `engines` says, to the patch. */
const oldest = oldestNode(readFileSync("package.json", "utf8"));
const reports = join("build", "test-results");
const shell = process.platform === "win32"; // npm and npx are command files there

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

function runScript(script: string): Outcome {
  console.log(`\n── npm run ${script}`);
  const start = performance.now();
  const { status, error } = spawnSync("npm", ["run", "--silent", script], { stdio: "inherit", shell });
  const seconds = secondsSince(start);
  if (status === 0) return { name: script, seconds };
  return { name: script, seconds, failure: error?.message ?? `exit code ${status ?? "none"}` };
}

interface Run {
  readonly version: string;
  /** Default: all tests. */
  readonly folders?: readonly string[];
  /** Puts every network on a pool. */
  readonly threads?: number;
}

/**
 * The Node versions to test on. The running one stands in for any of its major; the oldest is exact, and stands in for a
 * running one of its own major.
 */
function runsOn(running: string): Run[] {
  const major = running.split(".")[0];
  const others = wholeMajors.filter((tested) => tested !== major);
  const versions = major === oldest.split(".")[0] ? [oldest, ...others] : [running, oldest, ...others];
  const between = betweenMajors.filter((tested) => tested !== major);
  return [
    ...[...new Set(versions)].map((version) => ({ version })),
    ...between.map((version) => ({ version, folders: engineFolders })),
    { version: running, folders: threadFolders, threads: THREADS },
  ];
}

/** The path of a Node executable, fetched from npm's `node` package unless it is the running one. */
function findNode(version: string): string {
  if (version === process.versions.node) return process.execPath;
  // An expression that no shell has a special reading of.
  const expression = "[process.version,process.execPath].join()";
  const { status, stdout, stderr, error } = spawnSync("npx", ["-y", `node@${version}`, "-p", expression], {
    encoding: "utf8",
    shell,
  });
  if (error !== undefined) throw error;
  const [came, ...path] = stdout.trim().split(",");
  // Where npm runs no install scripts, the package stays empty and npx falls back to the running Node.
  if (status === 0 && `${came}.`.startsWith(`v${version}.`)) return path.join();
  throw new Error(
    `Node ${version} could not be had through "npx node@${version}"` +
      (status === 0 ? `, which ran ${came} instead` : "") +
      `: npm's package "node" needs its install script (is npm's setting ignore-scripts off?) and the registry. ` +
      stderr.trim().split("\n").slice(-5).join("\n"),
  );
}

function runTests({ version, folders = [], threads }: Run): Outcome {
  const name = `tests on Node ${version}${threads === undefined ? "" : ` with ${threads} threads`}`;
  console.log(`\n── ${name}`);
  const start = performance.now();
  try {
    const node = findNode(version);
    const file = join(reports, name.replaceAll(/[^\w.]+/g, "-"));
    const [report, unhandled] = [`${file}.json`, `${file}-unhandled.json`];
    for (const path of [report, unhandled]) rmSync(path, { force: true });
    const reporters = ["default", "json", "./scripts/unhandled-errors.ts"].map(
      (name) => `--reporter=${name}`,
    );
    const { status, error } = spawnSync(
      node,
      [
        "node_modules/vitest/vitest.mjs",
        "run",
        "--allowOnly=false",
        ...reporters,
        `--outputFile.json=${report}`,
        ...folders,
      ],
      {
        stdio: "inherit",
        // Programs that a test starts as `node` are to be of the same version.
        env: {
          ...process.env,
          PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}`,
          BPTT_UNHANDLED: unhandled,
          ...(threads !== undefined && { BPTT_THREADS: String(threads) }),
        },
      },
    );
    if (error !== undefined) throw error;
    const json = readFileSync(report, "utf8");
    const failures = [...readFailures(json), ...readUnhandled(readFileSync(unhandled, "utf8"))];
    return judgeTests(name, secondsSince(start), status, readCounts(json), failures);
  } catch (error) {
    return {
      name,
      seconds: secondsSince(start),
      failure: error instanceof Error ? error.message : String(error),
    };
  }
}

function runStages(): Outcome[] {
  const build = runScript("build");
  if (build.failure !== undefined) return [build];
  mkdirSync(reports, { recursive: true });
  const checks = ["lint", "format:check", "typecheck"].map(runScript);
  return [build, ...checks, ...runsOn(process.versions.node).map(runTests)];
}

const outcomes = runStages();
// For those that run `--after-tests`.
keepOutcomes(outcomes);
const { lines, ok } = summarize(outcomes);
console.log(`\n${lines.join("\n")}`);
process.exitCode = ok ? 0 : 1;
