/**
 * Every check and test of the project, `npm test`: build, lint, format, types, then the tests on the oldest and the
 * newest supported Node and on the one that runs this. Reports all failures; only a failed build ends it at once.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { judgeTests, oldestNode, readCounts, summarize, type Outcome } from "./test-summary.js";

/** Node 26 is the newest; the oldest is what package.json's `engines` says, to the patch. */
const newestMajor = "26";
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

/**
 * The Node versions to test on. The running one stands in for the newest of its major; the oldest is exact, and
 * stands in for a running one of its own major.
 */
function nodesToTest(running: string): string[] {
  const major = running.split(".")[0];
  const newest = major === newestMajor ? running : newestMajor;
  return major === oldest.split(".")[0] ? [oldest, newest] : [...new Set([running, oldest, newest])];
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

function runTests(version: string): Outcome {
  const name = `tests on Node ${version}`;
  console.log(`\n── ${name}`);
  const start = performance.now();
  try {
    const node = findNode(version);
    const report = join(reports, `node-${version}.json`);
    rmSync(report, { force: true });
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { status, error } = spawnSync(
      node,
      ["node_modules/vitest/vitest.mjs", "run", "--allowOnly=false", ...reporters],
      {
        stdio: "inherit",
        // Programs that a test starts as `node` are to be of the same version.
        env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` },
      },
    );
    if (error !== undefined) throw error;
    return judgeTests(name, secondsSince(start), status, readCounts(readFileSync(report, "utf8")));
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
  return [build, ...checks, ...nodesToTest(process.versions.node).map(runTests)];
}

const { lines, ok } = summarize(runStages());
console.log(`\n${lines.join("\n")}`);
process.exitCode = ok ? 0 : 1;
