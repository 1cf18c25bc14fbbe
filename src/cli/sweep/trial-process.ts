/** Runs one training of a sweep in a process of its own, which knows of no other. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isEvent } from "../run/run-log.js";
import type { FitEvent } from "../fit/events.js";

/** The most that is kept of what a process says of its errors, in characters. */
const MOST_SAID = 4000;

export interface TrialProcess {
  /** Settles with the reason when it ended otherwise than well; undefined: it ended well, or was stopped. */
  readonly ended: Promise<string | undefined>;
  /** Lets it save what it has learned, and end. */
  readonly stop: () => void;
}

/** Returns what a process says at its end: its last line is the message. */
function messageOf(said: string): string {
  const line = said.trimEnd().split("\n").at(-1) ?? "";
  return line.replace(/^bptt: /, "");
}

/** Starts `bptt` with the words, whose output are JSON lines; `heard` is called with each event. */
export function startTrial(words: readonly string[], heard: (event: FitEvent) => void): TrialProcess {
  const main = fileURLToPath(new URL("../main.js", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, ...words], {
    // Its channel closes when this process ends, however it does: then the training stops as well.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    windowsHide: true,
  });
  const { stdout, stderr } = child;
  let said = "";
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-MOST_SAID);
  });
  if (stdout !== null) {
    createInterface({ input: stdout }).on("line", (line) => {
      const event = eventOf(line);
      if (event !== undefined) heard(event);
    });
  }
  let stopped = false;
  let left = 3;
  return {
    ended: new Promise((resolve) => {
      // The event "close" would say so, but does not come after a disconnect from here.
      const close = (): void => {
        if (--left > 0) return;
        const { exitCode, signalCode } = child;
        if (exitCode === 0 || stopped) resolve(undefined);
        else if (signalCode !== null) resolve(`its process was ended by ${signalCode}`);
        else resolve(messageOf(said) || `its process ended with exit code ${exitCode ?? 1}`);
      };
      child.on("error", ({ message }) => {
        resolve(`it could not be started: ${message}`);
      });
      child.on("exit", close);
      for (const stream of [stdout, stderr]) stream?.on("close", close);
    }),
    stop: () => {
      stopped = true;
      if (child.connected) child.disconnect();
    },
  };
}

function eventOf(line: string): FitEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
