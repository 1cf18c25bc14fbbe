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
