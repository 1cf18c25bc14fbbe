import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parallelList, shellLine, slurmScript, type Job } from "../../../src/cli/sweep/job-list.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-jobs-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Words with all that a shell takes for something else; no NUL, which no word of a program's can have. */
const word = fc.string({
  unit: fc.constantFrom(...Array.from("ab1-=./ '\"$`\\!*?#&|;<>(){}[]~\n\té")),
  maxLength: 12,
});
const words = fc.array(word, { minLength: 1, maxLength: 6 });

/** Lets bash run a script in which `show` prints its words, and returns them. */
function shown(script: string, environment: Record<string, string> = {}): string[] {
  const show = `show() { printf '%s\\0' "$@"; }\n`;
  const out = execFileSync("bash", ["-c", show + script], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, ...environment },
  });
  return out.split("\0").slice(0, -1);
}

// Windows has no bash.
describe.skipIf(process.platform === "win32")("a list of jobs", () => {
  it("has each word as the shell gives it back", () => {
    fc.assert(
      fc.property(words, (some) => {
        expect(shown(`show ${shellLine(some)}`)).toEqual(some);
      }),
      { numRuns: 60 },
    );
  });

  it("has a line a job, which a shell runs one after another", () => {
    const line = fc.array(
      word.map((text) => text.replaceAll("\n", "")),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const jobs = lines.map((some): Job => ({ words: ["show", ...some], resume: [], run: "" }));
        const list = parallelList(jobs);
        expect(list.split("\n")).toHaveLength(lines.length + 1);
        expect(shown(list)).toEqual(lines.flat());
      }),
      { numRuns: 30 },
    );
  });

  it("is a script of an array's tasks, each of which runs its line, or goes on with its run", () => {
    writeFileSync(join(folder, "show"), `#!/bin/bash\nprintf '%s\\0' "$@"\n`, { mode: 0o755 });
    const runs = ["run $HOME/1", "it's/2", "3"];
    const jobs = runs.map((run, i): Job => ({
      words: ["./show", "train", `a "b" $c ${i}`, "--run", run],
      resume: ["./show", "resume"],
      run,
    }));
    const script = slurmScript(jobs, 3);
    expect(script).toMatch(/^#!\/bin\/bash\n(#.*\n)*#SBATCH --array=1-3\n#SBATCH --cpus-per-task=3\n/);
    const task = (number: number): string[] => shown(script, { SLURM_ARRAY_TASK_ID: String(number) });
    expect([1, 2, 3].map(task)).toEqual(jobs.map((job) => job.words.slice(1)));
    mkdirSync(join(folder, runs[1]), { recursive: true });
    writeFileSync(join(folder, runs[1], "config.json"), "{}");
    expect(task(2)).toEqual(["resume", runs[1]]);
    expect(task(1)).toEqual(jobs[0].words.slice(1));
  });
});
