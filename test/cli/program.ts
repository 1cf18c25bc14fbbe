/** The command line as a user has it: the built program, run in a folder of its own. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = join(import.meta.dirname, "../../dist/cli/main.js");

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A folder with a text of some thousand characters in it. */
export class Workplace {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "bptt-cli-")));
  readonly text = "the quick brown fox jumps over the lazy dog. ".repeat(80);

  constructor() {
    writeFileSync(join(this.folder, "text.txt"), this.text);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Colours only where a test asks for them; `input` comes through a pipe. */
  run(words: readonly string[], environment: Record<string, string> = {}, input = ""): Ended {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
      cwd: this.folder,
      input,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "", FORCE_COLOR: "", ...environment },
    });
    return { code: status, out: stdout, err: stderr };
  }

  start(words: readonly string[]): ChildProcess {
    return spawn(process.execPath, [main, ...words], { cwd: this.folder });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A network that is trained within a second, with kernels for which no other process is asked first. */
export const small = ["--hidden", "16", "--batch", "4", "--window", "16", "--build", "simd"];
