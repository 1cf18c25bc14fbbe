import { systemCode } from "../node/system-code.js";

/** A failure ends the program with one line for the user. */
export class Failure extends Error {
  /** 2: what was asked for cannot be done; 1: it went wrong on the way. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["ENOTDIR", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["ELOOP", "its symbolic links lead nowhere"],
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
