import { requireMethods } from "../errors.js";

/**
 * As much of an AbortSignal as is used. AbortSignal itself is known only to projects with a browser's types or Node's, and the
 * library's types are to compile in any.
 */
export interface StopSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Throws a TypeError. */
export function requireSignal(signal: unknown): void {
  const methods = ["throwIfAborted", "addEventListener", "removeEventListener"];
  requireMethods("signal", "an AbortSignal", signal, methods);
}
