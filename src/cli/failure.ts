/** A failure ends the program with one line for the user. */
export class Failure extends Error {
  /** 2: what was asked for cannot be done; 1: it went wrong on the way. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Returns the system's code for what went wrong with a file: ENOENT, EISDIR, …; undefined for other errors.
 */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["ENOTDIR", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the disk is read-only"],
  ["ENOSPC", "the disk is full"],
  ["ENAMETOOLONG", "the name is too long"],
]);

/** Says in words what went wrong with a file. */
export function fileReason(error: unknown): string {
  const code = systemCode(error);
  return (
    (code === undefined ? undefined : reasons.get(code)) ??
    (error instanceof Error ? error.message : String(error))
  );
}
