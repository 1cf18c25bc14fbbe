import { describe, expect, it } from "vitest";
import {
  judgeTests,
  oldestNode,
  readCounts,
  readFailures,
  readUnhandled,
  summarize,
} from "../../scripts/test-summary.js";

const counts = (passed: number, failed = 0, skipped = 0) => ({ passed, failed, skipped });
const stage = { name: "lint", seconds: 1 };

describe("readCounts", () => {
  it("reads what vitest counted", () => {
    const json = `{ "numPassedTests": 5, "numFailedTests": 2, "numPendingTests": 3, "numTodoTests": 1 }`;
    expect(readCounts(json)).toEqual(counts(5, 2, 4));
  });

  it.each(["{}", "null", "[]", `{ "numPassedTests": "5" }`, `{ "numPassedTests": -1 }`, ""])(
    "refuses %s",
    (json) => {
      expect(() => readCounts(json)).toThrow();
    },
  );
});

describe("readFailures", () => {
  const failed = { status: "failed", fullName: "a b", failureMessages: ["expected 1\n  at x"] };
  const passed = { status: "passed", fullName: "c", failureMessages: [] };
  it.each([
    [
      "a failed test, with what it said",
      { name: "f", assertionResults: [failed, passed] },
      ["f: a b\n  expected 1\n    at x"],
    ],
    ["nothing where all passed", { name: "f", status: "passed", assertionResults: [passed] }, []],
    [
      "a file that could not be loaded",
      { name: "f", status: "failed", message: "no module", assertionResults: [] },
      ["f: no module"],
    ],
    [
      "ten at most",
      { name: "f", assertionResults: Array.from({ length: 30 }, () => failed) },
      Array.from({ length: 10 }, () => expect.any(String) as string),
    ],
  ])("names %s", (_, file, names) => {
    expect(readFailures(JSON.stringify({ testResults: [file] }))).toEqual(names);
  });
});

describe("readUnhandled", () => {
  it("names ten errors at most, with what each said first", () => {
    const long = Array.from({ length: 40 }, (_, i) => `line ${i}`);
    const named = readUnhandled(JSON.stringify([long.join("\n"), ...Array.from({ length: 30 }, () => "x")]));
    expect(named).toHaveLength(10);
    expect(named[0]).toBe(`an error of no test\n  ${long.slice(0, 12).join("\n  ")}`);
    expect(named[1]).toBe("an error of no test\n  x");
  });

  it.each(["{}", "null", ""])("refuses %j", (json) => {
    expect(() => readUnhandled(json)).toThrow();
  });
});

describe("judgeTests", () => {
  it.each([
    ["passes", 0, counts(3), undefined],
    ["fails with a failed test", 1, counts(3, 1), /^1 failed/],
    ["fails with a failed test, whatever the exit code", 0, counts(3, 1), /^1 failed/],
    ["fails with vitest", 1, counts(3), /exit code 1/],
    ["fails when vitest was killed", null, counts(3), /exit code none/],
    ["fails when nothing ran", 0, counts(0, 0, 7), /no test ran/],
  ])("%s", (_, exitCode, given, failure) => {
    const outcome = judgeTests("tests", 1, exitCode, given);
    expect(outcome.counts).toEqual(given);
    if (failure === undefined) expect(outcome.failure).toBeUndefined();
    else expect(outcome.failure).toMatch(failure);
  });
});

describe("summarize", () => {
  it.each([
    [
      "adds the counts up",
      [
        { ...stage, counts: counts(3) },
        { ...stage, counts: counts(4) },
      ],
      "7 passed, 0 failed",
    ],
    ["names what was skipped", [{ ...stage, counts: counts(3, 0, 2) }], "3 passed, 0 failed, 2 skipped"],
    ["counts failed tests", [{ ...stage, failure: "x", counts: counts(3, 2) }], "3 passed, 2 failed"],
    [
      "counts a failed stage as one",
      [
        { ...stage, failure: "x" },
        { ...stage, counts: counts(3) },
      ],
      "3 passed, 1 failed",
    ],
    [
      "counts a failure of vitest's own as one",
      [{ ...stage, failure: "x", counts: counts(3) }],
      "3 passed, 1 failed",
    ],
    ["fails when no test ran", [stage], "0 passed, 1 failed"],
  ])("%s", (_, outcomes, last) => {
    const { lines, ok } = summarize(outcomes);
    expect(lines.at(-1)).toBe(last);
    expect(ok).toBe(last.includes(" 0 failed"));
  });

  it("names failed tests before the lines of the stages", () => {
    const { lines } = summarize([
      { ...stage, failure: "1 failed", counts: counts(3, 1), failures: ["f: a b"] },
    ]);
    expect(lines).toEqual([
      "lint: f: a b",
      "FAILED lint, 1.0 s, 3 passed, 1 failed: 1 failed",
      "3 passed, 1 failed",
    ]);
  });

  it("gives each stage its line, with the reason of a failure", () => {
    const { lines } = summarize([
      stage,
      { name: "tests", seconds: 2, failure: "no test ran", counts: counts(0) },
    ]);
    expect(lines.slice(0, 2)).toEqual([
      "ok     lint, 1.0 s",
      "FAILED tests, 2.0 s, 0 passed, 0 failed: no test ran",
    ]);
  });
});

describe("oldestNode", () => {
  it("reads the engines", () => {
    expect(oldestNode(`{ "engines": { "node": ">=20.19" } }`)).toBe("20.19.0");
    expect(() => oldestNode(`{ "engines": { "node": "20" } }`)).toThrow(/engines/);
  });
});
