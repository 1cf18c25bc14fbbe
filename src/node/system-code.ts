/**
 * Returns the system's code for what went wrong with a file: ENOENT, EISDIR, …; undefined for other errors.
 */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
