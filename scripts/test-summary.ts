/** Sums up the stages of `npm test` from the counts that vitest wrote, never from its exit code alone. */

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Outcome {
  name: string;
  seconds: number;
  /** Why the stage failed; absent when it passed. */
  failure?: string;
  /** Counts of a stage that ran tests. */
  counts?: Counts;
  /** The failed tests, a text each: the file, the name, and the first lines of what was said. */
  failures?: readonly string[];
}

/** Returns the lowest Node that a package.json's `engines` allows, like `20.19.0`. */
export function oldestNode(json: string): string {
  const version = /"node": ">=(\d+\.\d+)"/.exec(json)?.[1];
  if (version === undefined) throw new Error('package.json\'s "engines" expected a "node" like ">=20.19"');
  return `${version}.0`;
}

function countOf(report: object, field: string): number {
  const value: unknown = Object.entries(report).find(([name]) => name === field)?.[1];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new Error(`vitest's report has no count "${field}"`);
  }
  return value;
}

/** Returns the counts in a report of vitest's JSON reporter. Throws when it holds none. */
export function readCounts(json: string): Counts {
  const report: unknown = JSON.parse(json);
  if (typeof report !== "object" || report === null) throw new Error("vitest's report is no object");
  return {
    passed: countOf(report, "numPassedTests"),
    failed: countOf(report, "numFailedTests"),
    skipped: countOf(report, "numPendingTests") + countOf(report, "numTodoTests"),
  };
}

/** The most failed tests of a stage that the summary names, and the most lines of what each said. */
const NAMED = 10;
const SAID = 12;

function textOf(value: unknown, field: string): string {
  return String(Reflect.get(Object(value) as object, field));
}

function listOf(value: unknown, field: string): readonly unknown[] {
  const list: unknown = Reflect.get(Object(value) as object, field);
  return Array.isArray(list) ? list : [];
}

/** Returns the first failed tests in a report of vitest's JSON reporter, as an outcome has them. */
export function readFailures(json: string): string[] {
  const files = listOf(JSON.parse(json), "testResults");
  const failures = files.flatMap((file) => {
    const failed = listOf(file, "assertionResults").filter((test) => textOf(test, "status") === "failed");
    const tests = failed.map((test) => {
      const said = listOf(test, "failureMessages").join("\n").split("\n").slice(0, SAID);
      return [`${textOf(file, "name")}: ${textOf(test, "fullName")}`, ...said].join("\n  ");
    });
    // A file that could not be loaded has no tests.
    const whole = textOf(file, "status") === "failed" && tests.length === 0;
    return whole
      ? [`${textOf(file, "name")}: ${textOf(file, "message").split("\n").slice(0, SAID).join("\n  ")}`]
      : tests;
  });
  return failures.slice(0, NAMED);
}

/** Returns the first errors in a file of unhandled-errors.ts, which belong to no test, as an outcome has them. */
export function readUnhandled(json: string): string[] {
  const errors: unknown = JSON.parse(json);
  if (!Array.isArray(errors)) throw new Error("the file of unhandled errors is no list");
  return errors
    .slice(0, NAMED)
    .map((text) => ["an error of no test", ...String(text).split("\n").slice(0, SAID)].join("\n  "));
}

/**
 * Returns a test stage's outcome, which is a failure when a test failed, when vitest did for another reason,
 * and when no test passed.
 */
export function judgeTests(
  name: string,
  seconds: number,
  exitCode: number | null,
  counts: Counts,
  failures: readonly string[] = [],
): Outcome {
  const outcome = { name, seconds, counts, ...(failures.length > 0 && { failures }) };
  if (counts.failed > 0) return { ...outcome, failure: `${counts.failed} failed` };
  if (exitCode !== 0) return { ...outcome, failure: `vitest ended with exit code ${exitCode ?? "none"}` };
  if (counts.passed === 0) return { ...outcome, failure: "no test ran" };
  return outcome;
}

/**
 * Returns the failed tests, then one line a stage, then `N passed, N failed`, which counts tests over all Node versions, and 1
 * for each stage that failed otherwise.
 */
export function summarize(outcomes: readonly Outcome[]): { lines: string[]; ok: boolean } {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const lines = outcomes.map(({ name, seconds, failure, counts }) => {
    total.passed += counts?.passed ?? 0;
    total.skipped += counts?.skipped ?? 0;
    total.failed += (counts?.failed ?? 0) || (failure === undefined ? 0 : 1);
    const tests = counts === undefined ? "" : `, ${wordCounts(counts)}`;
    return `${failure === undefined ? "ok    " : "FAILED"} ${name}, ${seconds.toFixed(1)} s${tests}${failure === undefined ? "" : `: ${failure}`}`;
  });
  if (total.passed === 0 && total.failed === 0) {
    total.failed = 1;
    lines.push("FAILED no test ran");
  }
  const failed = outcomes.flatMap(({ name, failures = [] }) => failures.map((text) => `${name}: ${text}`));
  return { lines: [...failed, ...lines, wordCounts(total)], ok: total.failed === 0 };
}

function wordCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
