import { writeFileSync } from "node:fs";
import type { Reporter } from "vitest/node";

/**
 * A reporter for vitest: writes errors that belong to no test into the file that BPTT_UNHANDLED names, a text each: an exception
 * or a rejected promise that nobody caught, or a worker that ended. They fail a run of passed tests, and the JSON has no word of them.
 */
export default class UnhandledErrors implements Reporter {
  onTestRunEnd(...[, errors]: Parameters<Required<Reporter>["onTestRunEnd"]>): void {
    const path = process.env["BPTT_UNHANDLED"];
    if (path === undefined) throw new Error("BPTT_UNHANDLED expected the path of a file, got none");
    const texts = errors.map((error) =>
      [error["VITEST_TEST_PATH"], error.stack ?? error.message, error.cause?.stack]
        .filter((part) => typeof part === "string")
        .join("\n"),
    );
    writeFileSync(path, JSON.stringify(texts));
  }
}
