/** Handles Ctrl-C, and the signal with which the system ends a program. */

/** Exit codes that a shell expects of a program that a signal ended: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type ProcessSignal = keyof typeof exitCodes;

/** Notes the first signal; a second one ends the program at once. */
export class Stopping {
  /** Exit code of the first signal; undefined until it comes. */
  exitCode: number | undefined;
  private readonly listeners: readonly (readonly [ProcessSignal, () => void])[];

  /** Listens for the signals, and calls `first` at the first one. */
  constructor(first: () => void) {
    this.listeners = (Object.keys(exitCodes) as ProcessSignal[]).map((signal) => {
      const listener = (): void => {
        if (this.exitCode !== undefined) process.exit(exitCodes[signal]);
        this.exitCode = exitCodes[signal];
        first();
      };
      process.on(signal, listener);
      return [signal, listener];
    });
  }

  /** Lets signals end the program again. */
  release(): void {
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }
}
