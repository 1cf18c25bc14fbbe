/** Prints lines that stay and, on a terminal, one that is rewritten. */

import { systemCode } from "../node/system-code.js";

/** Declares as much of process.stdout as is used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write: (text: string) => unknown;
}

const ERASE = "\r\x1b[K";

/** A screen prints what a command says. */
export class Screen {
  /** Whether a line can be rewritten. */
  readonly live: boolean;
  private readonly output: Output;
  private readonly colored: boolean;
  private showing = false;

  /** Heeds NO_COLOR and FORCE_COLOR (no-color.org, force-color.org) when they are not empty. */
  constructor(output: Output, environment: Readonly<Record<string, string | undefined>>) {
    const { NO_COLOR = "", FORCE_COLOR = "", TERM = "" } = environment;
    this.output = output;
    this.live = output.isTTY === true && TERM !== "dumb";
    this.colored = NO_COLOR === "" && ((FORCE_COLOR !== "" && FORCE_COLOR !== "0") || this.live);
  }

  /** Prints one line, or several, that stay. */
  print(text = ""): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  /** Shows the line at the bottom in place of the last one, cut at the terminal's edge. */
  show(line: string): void {
    if (!this.live) return;
    const { columns = 80 } = this.output;
    this.output.write(ERASE + line.slice(0, Math.max(1, columns - 1)));
    this.showing = true;
  }

  clear(): void {
    if (this.showing) this.output.write(ERASE);
    this.showing = false;
  }

  strong(text: string): string {
    return this.colored ? `\x1b[1m${text}\x1b[22m` : text;
  }

  faint(text: string): string {
    return this.colored ? `\x1b[2m${text}\x1b[22m` : text;
  }
}

/** Calls `closed` instead of throwing when nobody reads the stream any more (`| head`). */
export function endQuietlyWhenClosed(stream: NodeJS.WriteStream, closed: () => void = () => undefined): void {
  stream.on("error", (error) => {
    if (systemCode(error) !== "EPIPE") throw error;
    closed();
  });
}
