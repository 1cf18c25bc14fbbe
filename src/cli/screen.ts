/** Prints lines that stay and, on a terminal, some at the bottom that are rewritten. */

import { systemCode } from "../node/system-code.js";

/** Declares as much of process.stdout as is used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write: (text: string) => unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ERASE = "\r\x1b[K";

/** Heeds NO_COLOR and FORCE_COLOR (no-color.org, force-color.org) when they are not empty. */
function isColored(live: boolean, { NO_COLOR = "", FORCE_COLOR = "" }: Environment): boolean {
  return NO_COLOR === "" && ((FORCE_COLOR !== "" && FORCE_COLOR !== "0") || live);
}

/** A screen prints what a command says. */
export class Screen {
  /** Whether lines can be rewritten. */
  readonly live: boolean;
  private readonly output: Output;
  private readonly asideOutput: Output;
  private readonly colored: boolean;
  private readonly asideColored: boolean;
  /** Lines that are shown at the bottom now. */
  private showing = 0;

  /** `aside`: where texts go that are no part of what is said, such as samples. */
  constructor(output: Output, environment: Environment, aside: Output = output) {
    const isLive = ({ isTTY }: Output): boolean => isTTY === true && environment["TERM"] !== "dumb";
    this.output = output;
    this.asideOutput = aside;
    this.live = isLive(output);
    this.colored = isColored(this.live, environment);
    this.asideColored = isColored(isLive(aside), environment);
  }

  /** Columns and rows of the terminal. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns = 80, rows = 24 } = this.output;
    return { columns, rows };
  }

  /** Prints one line, or several, that stay. */
  print(text = ""): void {
    this.clear();
    this.output.write(`${text}\n`);
  }

  /** Prints lines beside what is said: to the other output. */
  aside(text: string): void {
    this.clear();
    this.asideOutput.write(`${this.asideColored ? `\x1b[2m${text}\x1b[22m` : text}\n`);
  }

  /** Shows a line at the bottom, or several, in place of the last ones, cut at the terminal's edge. */
  show(...lines: readonly string[]): void {
    if (!this.live) return;
    const { columns } = this.size;
    const text = lines.map((line) => line.slice(0, Math.max(1, columns - 1))).join("\n");
    this.output.write(this.erasing() + text);
    this.showing = lines.length;
  }

  clear(): void {
    if (this.showing > 0) this.output.write(this.erasing());
    this.showing = 0;
  }

  strong(text: string): string {
    return this.colored ? `\x1b[1m${text}\x1b[22m` : text;
  }

  faint(text: string): string {
    return this.colored ? `\x1b[2m${text}\x1b[22m` : text;
  }

  private erasing(): string {
    return this.showing <= 1 ? ERASE : `\r\x1b[${this.showing - 1}A\x1b[J`;
  }
}

/** Calls `closed` instead of throwing when nobody reads the stream any more (`| head`). */
export function endQuietlyWhenClosed(stream: NodeJS.WriteStream, closed: () => void = () => undefined): void {
  stream.on("error", (error) => {
    if (systemCode(error) !== "EPIPE") throw error;
    closed();
  });
}
