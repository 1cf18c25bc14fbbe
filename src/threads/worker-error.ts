/** Says that the worker did not start, ended, or does not speak as it should: nothing that waits for it will be answered. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
}
