import { requireMethods } from "../errors.js";

/**
 * Describes as much of an AbortSignal as is used. Only projects with a browser's types or Node's know
 * AbortSignal itself, and the library's types must compile in any.
 */
export interface StopSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Checks a signal; throws a TypeError. */
export function requireSignal(signal: unknown): void {
  const methods = ["throwIfAborted", "addEventListener", "removeEventListener"];
  requireMethods("signal", "an AbortSignal", signal, methods);
}
