/** Handles Ctrl-C, the signal with which the system ends a program, and the end of a program that this one belongs to. */

/** Exit codes that a shell expects of a program that a signal ended: 128 and the signal's number. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type ProcessSignal = keyof typeof exitCodes;

/** Notes the first signal; a second one ends the program at once. */
export class Stopping {
  /** Exit code of the first signal; undefined until it comes. */
  exitCode: number | undefined;
  private signalled = false;
  private readonly first: () => void;
  private readonly listeners: readonly (readonly [ProcessSignal, () => void])[];
  private readonly leftAlone = (): void => {
    this.stop(exitCodes.SIGTERM);
  };

  /** Listens for the signals, and calls `first` at the first one. */
  constructor(first: () => void) {
    this.first = first;
    this.listeners = (Object.keys(exitCodes) as ProcessSignal[]).map((signal) => {
      const listener = (): void => {
        if (this.signalled) process.exit(exitCodes[signal]);
        this.signalled = true;
        this.stop(exitCodes[signal]);
      };
      process.on(signal, listener);
      return [signal, listener];
    });
    // Where a program of Node's began this one with a channel to it, as bptt sweep does, that closes when the other one stops,
    // however it does. Of Ctrl-C the terminal tells both: it is one signal.
    process.on("disconnect", this.leftAlone);
    if ("connected" in process && !process.connected) this.exitCode = exitCodes.SIGTERM;
  }

  /** Lets signals end the program again. */
  release(): void {
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
    process.off("disconnect", this.leftAlone);
  }

  private stop(exitCode: number): void {
    if (this.exitCode !== undefined) return;
    this.exitCode = exitCode;
    this.first();
  }
}
