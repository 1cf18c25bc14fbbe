/** Programs that go on running: each a process group of its own, so that all of it ends, and none outlives the tests. */
import { spawn, type ChildProcess } from "node:child_process";

const running = new Set<Child>();

function endAll(): void {
  for (const child of running) child.stop();
}
process.once("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(1);
  });
}

export class Child {
  /** All that it printed. */
  printed = "";
  readonly process: ChildProcess;
  private stopped = false;

  constructor(command: string, words: readonly string[], options: { cwd?: string; env: NodeJS.ProcessEnv }) {
    this.process = spawn(command, words, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.printed += text));
    }
    this.process.on("error", (error) => (this.printed += error.message));
  }

  /** Rejects when it ends by itself, or does not even start. */
  untilEnd(name: string, hint: string): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.process.on("error", (error) => {
        reject(new Error(`${name} did not start: ${error.message}; ${hint}`));
      });
      this.process.on("exit", (code) => {
        if (this.stopped) return;
        reject(new Error(`${name} ended with ${code ?? "a signal"}; ${hint}\n${this.printed}`));
      });
    });
  }

  stop(): void {
    this.stopped = true;
    running.delete(this);
    try {
      if (this.process.pid !== undefined) process.kill(-this.process.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
