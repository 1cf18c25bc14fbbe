/** A run's log: an event a line, in JSON. A line that a killed process left half is cut off when the run goes on. */

import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { fileReason, Failure } from "../failure.js";
import type { FitEvent } from "../fit/events.js";

const LINE_FEED = 0x0a;

export function isEvent(value: unknown): value is FitEvent {
  return typeof value === "object" && value !== null && "event" in value;
}

/** Returns the events of whole lines; what is none of ours is left out. */
export function parseEvents(bytes: Uint8Array): FitEvent[] {
  const text = new TextDecoder().decode(bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1));
  return text.split("\n").flatMap((line) => {
    try {
      const event: unknown = JSON.parse(line);
      return isEvent(event) ? [event] : [];
    } catch {
      return [];
    }
  });
}

/** Returns the events of a log; none where there is no log. */
export function readEvents(path: string): FitEvent[] {
  try {
    return parseEvents(readFileSync(path));
  } catch {
    return [];
  }
}

export class RunLog {
  readonly events: FitEvent[];
  /** Bytes that were written, all of whole lines. */
  length: number;
  private readonly path: string;
  private readonly file: number;

  /** Opens a log of which the first `length` bytes are to stay. Throws a Failure. */
  constructor(path: string, length: number) {
    this.path = path;
    try {
      this.file = openSync(path, "a+");
      const bytes = readFileSync(path).subarray(0, length);
      const whole = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
      ftruncateSync(this.file, whole.length);
      this.events = parseEvents(whole);
      this.length = whole.length;
    } catch (error) {
      throw this.failure(error);
    }
  }

  write(event: FitEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      for (let at = 0; at < line.length;) at += writeSync(this.file, line, at);
    } catch (error) {
      throw this.failure(error);
    }
    this.length += line.length;
    this.events.push(event);
  }

  /** Brings all that was written to the disk. */
  sync(): void {
    fsyncSync(this.file);
  }

  close(): void {
    closeSync(this.file);
  }

  private failure(error: unknown): Failure {
    return new Failure(`cannot write ${this.path}: ${fileReason(error)}`, 1);
  }
}
