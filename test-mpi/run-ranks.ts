/** Starts programs by an MPI, and says what came of them. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";

const folder = resolve("build", "mpi");

/** The MPIs, with the command that starts a number of ranks. */
export const mpis = {
  "Open MPI": (ranks: number) => [
    "mpirun.openmpi",
    "--allow-run-as-root",
    "--oversubscribe",
    "-n",
    String(ranks),
  ],
  MPICH: (ranks: number) => ["mpirun.mpich", "-n", String(ranks)],
} as const;

export type MpiName = keyof typeof mpis;

export const mpiNames = Object.keys(mpis) as MpiName[];

/** Relaxed SIMD stands behind a flag on Node 20 and 21. */
export const nodeFlags =
  Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

/** Makes a program of one file, so that ranks start soon; it finds koffi in the project. */
export function bundle(name: string): string {
  const outfile = join(folder, `${name}.mjs`);
  buildSync({
    entryPoints: [`test-mpi/programs/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["koffi"],
    // The sources' modules are not the package's, whose side effects are named.
    ignoreAnnotations: true,
    logLevel: "error",
  });
  return outfile;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  /** What rank 0 wrote, if anything. */
  readonly outcome: unknown;
}

let files = 0;

/** A file that no other run of ranks has. */
export function newFile(): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `outcome-${process.pid}-${++files}.json`);
  rmSync(file, { force: true });
  return file;
}

/** Throws where an MPI is missing: that is a failure, and never left out. */
export function requireMpis(): void {
  for (const name of mpiNames) {
    const [command] = mpis[name](1);
    const { error } = spawnSync(command, ["--version"]);
    if (error !== undefined)
      throw new Error(
        `${command} expected to start, as ${name} is to be tested: scripts/install-mpi.sh installs it`,
        {
          cause: error,
        },
      );
  }
}

/** Runs a command to its end; whatever takes longer than `seconds` is killed, which is a failure. */
export function run(
  words: readonly string[],
  file: string,
  seconds = 240,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const [command, ...rest] = words;
    const child = spawn(command, rest, { env: { ...process.env, ...env } });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${words.join(" ")} expected to end within ${seconds} s\n${output}`));
    }, seconds * 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      const outcome: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
      resolve({ code, output, outcome });
    });
  });
}

/** Runs a scenario of the program on ranks. */
export function runRanks(
  mpi: MpiName,
  ranks: number,
  program: string,
  scenario: string,
  { file = newFile(), argument }: { file?: string; argument?: string } = {},
): Promise<Ended> {
  const words = [...mpis[mpi](ranks), process.execPath, ...nodeFlags, program, scenario, file];
  return run(argument === undefined ? words : [...words, argument], file);
}

/** Runs it in one process, without MPI. */
export function runAlone(program: string, scenario: string, file = newFile()): Promise<Ended> {
  return run([process.execPath, ...nodeFlags, program, scenario, file, "alone"], file);
}
