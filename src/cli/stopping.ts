/** Ctrl-C, and what the system sends to end a program. */

/** What a shell expects of a program that a signal ended: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof exitCodes;

/** Notes the first signal; a second one ends the program at once. */
export class Stopping {
  /** Undefined until a signal came. */
  exitCode: number | undefined;
  private readonly listeners: readonly (readonly [StopSignal, () => void])[];

  /** `first` is called at the first signal. */
  constructor(first: () => void) {
    this.listeners = (Object.keys(exitCodes) as StopSignal[]).map((signal) => {
      const listener = (): void => {
        if (this.exitCode !== undefined) process.exit(exitCodes[signal]);
        this.exitCode = exitCodes[signal];
        first();
      };
      process.on(signal, listener);
      return [signal, listener];
    });
  }

  /** Signals end the program as before. */
  release(): void {
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }
}
