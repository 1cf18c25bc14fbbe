/**
 * Tests the package, as npm would ship it, in fresh projects under real runtimes, bundlers and browsers, and
 * runs the tests of what leans on the engine in each browser (`npm run test:engines`). With `--after-tests`
 * the last line counts those of `npm test` too.
 *
 * Every `test-engines/**\/*.test.ts` is a suite; what else is to run in a browser goes there.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { browsers } from "../test-engines/browsers.js";
import { runSuite } from "./run-vitest.js";
import { outcomesBefore } from "./outcomes.js";
import { missingRows, readRows, type Row } from "./support-table.js";
import { summarize, type Outcome } from "./test-summary.js";

const folder = join("build", "engines");
/** The most milliseconds of all suites and of a browser's tests: an endless wait is a failure. */
const SUITES_TIME = 600_000;
const BROWSER_TIME = 180_000;
const shell = process.platform === "win32"; // npm is a command file there

const { values } = parseArgs({ options: { "after-tests": { type: "boolean", default: false } } });

function stage(name: string, run: () => Omit<Outcome, "name" | "seconds">): Outcome {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  try {
    return { name, ...run(), seconds: seconds() };
  } catch (error) {
    return { name, seconds: seconds(), failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Builds and packs the package, and deletes the results of earlier runs. */
function pack(): Omit<Outcome, "name" | "seconds"> {
  rmSync(join(folder, "rows"), { recursive: true, force: true });
  rmSync(join(folder, "engines.json"), { force: true });
  mkdirSync(folder, { recursive: true });
  for (const words of [
    ["run", "--silent", "build"],
    ["pack", "--silent", "--pack-destination", folder],
  ]) {
    const { status, error } = spawnSync("npm", words, { stdio: "inherit", shell });
    if (status !== 0) throw error ?? new Error(`npm ${words[0]} ended with exit code ${status ?? "none"}`);
  }
  const [made] = readdirSync(folder).filter((file) => /^bptt-.*\.tgz$/.test(file));
  renameSync(join(folder, made), join(folder, "bptt.tgz"));
  return {};
}

function runVitest(name: string, config: string, limit: number, browser = ""): Outcome {
  const report = join(folder, `${name.replaceAll(/\W+/g, "-")}.json`);
  const env = { BPTT_BROWSER: browser };
  return stage(name, () => runSuite({ name, config, report, reporter: "verbose", limit, env }));
}

/** Writes engines.json, and fails where a row of the README's table did not run. */
function collect(): Omit<Outcome, "name" | "seconds"> {
  const rows: Row[] = readdirSync(join(folder, "rows"))
    .sort()
    .flatMap((file) => readRows(`[${readFileSync(join(folder, "rows", file), "utf8")}]`));
  writeFileSync(join(folder, "engines.json"), `${JSON.stringify(rows, undefined, 2)}\n`);
  const missing = missingRows(readRows(readFileSync("test-engines/support.json", "utf8")), rows);
  return missing.length === 0
    ? {}
    : {
        failure: `the README's table names what did not pass: ${missing.join(", ")}; \`npm run support-table\` writes it anew`,
      };
}

function runStages(): Outcome[] {
  const packed = stage("pack", pack);
  if (packed.failure !== undefined) return [packed];
  return [
    packed,
    runVitest("engines", "vitest.engines.config.ts", SUITES_TIME),
    ...browsers.map(({ name }) =>
      runVitest(`tests in ${name}`, "vitest.browsers.config.ts", BROWSER_TIME, name),
    ),
    stage("support table", collect),
  ];
}

const before = values["after-tests"] ? outcomesBefore() : [];
const { lines, ok } = summarize([...before, ...runStages()]);
console.log(`\n${lines.join("\n")}`);
process.exitCode = ok ? 0 : 1;
