/**
 * Stands in the worker for an error that the page has, and that is thrown there again: the signal's reason, or what the
 * data's iterator threw. "break": the page left its loop, and nothing is thrown.
 */
export class ThrownOnPage extends Error {
  readonly where: "signal" | "data" | "break";

  constructor(where: "signal" | "data" | "break") {
    super(`the page has the error: ${where}`);
    this.where = where;
  }
}
