/** A sweep as work for other machines: a list of commands for GNU parallel, or a script for Slurm. */

/** Quotes a word for a POSIX shell, where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/** A training, as it is typed. */
export interface Job {
  /** The program, its command and options; --run among them. */
  readonly words: readonly string[];
  /** The program, and resume. */
  readonly resume: readonly string[];
  /** Its run's folder. */
  readonly run: string;
}

/** Returns a line a job, for `parallel < jobs.txt`. */
export function parallelList(jobs: readonly Job[]): string {
  return jobs.map(({ words }) => `${shellLine(words)}\n`).join("");
}

/**
 * Returns a script for `sbatch`: each task of the array is one training, of so many threads, which goes on where an earlier task was
 * interrupted.
 */
export function slurmScript(jobs: readonly Job[], threads: number): string {
  const cases = jobs.map(({ words, resume, run }, i) => {
    const place = shellWord(`${run}/config.json`);
    return `${i + 1})
  if [ -e ${place} ]; then exec ${shellLine([...resume, run])}; fi
  exec ${shellLine(words)}
  ;;
`;
  });
  return `#!/bin/bash
#SBATCH --job-name=bptt-sweep
#SBATCH --array=1-${jobs.length}
#SBATCH --cpus-per-task=${threads}
# Paths are as seen from the folder where sbatch is called.
case $SLURM_ARRAY_TASK_ID in
${cases.join("")}esac
`;
}
