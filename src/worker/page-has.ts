/** Stands in the worker for what was thrown on the page, and is thrown there again; "break": nothing is. */
export class PageHas extends Error {
  readonly where: "signal" | "data" | "break";

  constructor(where: "signal" | "data" | "break") {
    super(`the page has the error: ${where}`);
    this.where = where;
  }
}
