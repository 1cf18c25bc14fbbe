/** Training over Open MPI and MPICH: the same losses as one process, and an end of all ranks whatever happens to one. */

import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  bundle,
  mpiNames,
  mpis,
  newFile,
  nodeFlags,
  requireMpis,
  run,
  runAlone,
  runRanks,
  type MpiName,
} from "./run-ranks.js";

type Losses = Record<string, number[]>;

let program: string;
let alone: Losses;

beforeAll(async () => {
  requireMpis();
  program = bundle("rank");
  const { output, outcome } = await runAlone(program, "all");
  expect(output).toBe("");
  alone = outcome as Losses;
});

/** The most that a loss may differ from that of one process, of its size. */
const TOLERANCE = 1e-6;

/**
 * MPICH's ranks give no way while they wait: where they are more than the cores, each exchange takes the milliseconds of a few turns
 * of theirs, and fewer trainings are to say the same.
 */
function trainingsFor(mpi: MpiName, ranks: number): string[] {
  const slow = mpi === "MPICH" && ranks > availableParallelism();
  return slow ? few : Object.keys(alone);
}

/** Parts that differ, none for a rank, truncation, what is drawn, and validation. */
const few = [
  "gru, dropout, a batch that ranks do not divide",
  "elman, fewer sequences than ranks",
  "mingru, truncated",
  "lstm, a budget, accumulated, validated",
];

function only(names: readonly string[]): Losses {
  return Object.fromEntries(names.map((name) => [name, alone[name]]));
}

function expectSame(came: unknown, expected: Losses, from = 0): void {
  const losses = came as Losses;
  expect(Object.keys(losses)).toEqual(Object.keys(expected));
  for (const [name, all] of Object.entries(expected)) {
    const own = losses[name];
    const rest = all.slice(from === 0 ? 0 : all.length - own.length);
    expect(own.length, name).toBe(rest.length);
    expect(own.length, name).toBeGreaterThanOrEqual(50);
    const worst = own.reduce(
      (most, loss, i) => Math.max(most, Math.abs(loss - rest[i]) / Math.abs(rest[i])),
      0,
    );
    expect(worst, `${name}: the largest relative difference`).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe.each(mpiNames)("%s", (mpi) => {
  it.each([1, 2, 4])("has the losses of one process over 100 updates, on %i ranks", async (ranks) => {
    const names = trainingsFor(mpi, ranks);
    const argument = JSON.stringify(names);
    const { code, output, outcome } = await runRanks(mpi, ranks, program, "all", { argument });
    expect(output).toBe("");
    expect(code).toBe(0);
    expectSame(outcome, only(names));
  });

  it("goes on with another number of ranks, or alone, where four were saved", async () => {
    const saved = newFile();
    const names = trainingsFor(mpi, 4);
    const argument = JSON.stringify(names);
    const { code, output } = await runRanks(mpi, 4, program, "save", { file: saved, argument });
    expect([output, code]).toEqual(["", 0]);
    const two = await runRanks(mpi, 2, program, "resume", { argument: saved });
    expect([two.output, two.code]).toEqual(["", 0]);
    expectSame(two.outcome, only(names), 37);
    const file = newFile();
    copyFileSync(saved, `${file}.from`);
    expectSame((await runAlone(program, "resume", file)).outcome, only(names), 37);
  });

  it.each(["killed", "exits", "throws"])(
    "ends on all ranks where one %s, and the last checkpoint stands",
    async (scenario) => {
      const file = newFile();
      const { code, output, outcome } = await runRanks(mpi, 4, program, scenario, { file });
      expect(code).not.toBe(0);
      expect(outcome).toBeUndefined();
      if (scenario === "throws") expect(output).toContain("rank 1 has had enough");
      const rest = await runAlone(program, "resume", file);
      const [[name, losses]] = Object.entries(rest.outcome as Losses);
      // That of update 20, at which the rank ended: it was written by then, or that of update 10 is still there.
      expect([80, 90]).toContain(losses.length);
      losses.forEach((loss, i) => {
        expect(loss).toBeCloseTo(alone[name][100 - losses.length + i], 4);
      });
    },
  );

  it("ends where a rank's data fails, and says so", async () => {
    const { code, output, outcome } = await runRanks(mpi, 2, program, "data");
    expect(code).not.toBe(0);
    expect(outcome).toBeUndefined();
    expect(output).toMatch(/the disk is full/);
  });

  it("ends where a rank does not train", async () => {
    const { code } = await runRanks(mpi, 2, program, "neverTrains");
    expect(code).not.toBe(0);
  });

  it("refuses ranks with other options, by name", async () => {
    const { code, output, outcome } = await runRanks(mpi, 2, program, "differ");
    expect(code).not.toBe(0);
    expect(outcome).toBeUndefined();
    expect(output).toContain(`"clipNorm" expected the same on all ranks, got 1 on rank 0 and 2 on rank 1`);
  });

  it("ends on all ranks after the same update by the signal of one", async () => {
    const { code, output, outcome } = await runRanks(mpi, 4, program, "signal");
    expect([output, code]).toEqual(["", 0]);
    expect(outcome).toEqual({
      last: 11,
      error: "AbortError: training was ended by the signal of rank 1",
      saved: true,
    });
  });
});

describe("connectMpi says what is missing", () => {
  it("mpirun", async () => {
    const file = newFile();
    const { code, output } = await run([process.execPath, ...nodeFlags, program, "connect", file], file, 60);
    expect(code).toBe(1);
    expect(output).toMatch(
      /connectMpi expected a program that mpirun has started.*mpirun -n 4 node train\.js/,
    );
  });

  it("koffi", async () => {
    const apart = join(mkdtempSync(join(tmpdir(), "bptt-mpi-")), "rank.mjs");
    copyFileSync(program, apart);
    const file = newFile();
    const words = [process.execPath, ...nodeFlags, apart, "connect", file];
    const { code, output } = await run(words, file, 60, { OMPI_COMM_WORLD_SIZE: "1" });
    expect(code).toBe(1);
    expect(output).toMatch(/connectMpi expected the package koffi.*npm install koffi/);
  });

  it("MPICH's connection, where another program stands between it and mpirun", async () => {
    const file = newFile();
    const between = `require("child_process").spawnSync(process.execPath, process.argv.slice(1), { stdio: "inherit" })`;
    const words = [process.execPath, "-e", between, ...nodeFlags, program, "connect", file];
    const { output, outcome } = await run([...mpis.MPICH(2), ...words], file, 60);
    expect(outcome).toBeUndefined();
    expect(output).toMatch(/connectMpi expected a socket of mpirun's as file descriptor \d+, got none.*npx/);
    // Open MPI's ranks find it by a name.
    const other = newFile();
    const open = await run([...mpis["Open MPI"](2), ...words.slice(0, -1), other], other, 60);
    expect([open.code, open.outcome]).toEqual([0, { rank: 0, size: 2 }]);
  });

  it("MPI's library", async () => {
    const program = join(mkdtempSync(join(tmpdir(), "bptt-mpi-")), "none.ts");
    const entry = join(process.cwd(), "src/entries/mpi.ts");
    writeFileSync(
      program,
      `import { connectMpi } from ${JSON.stringify(entry)};\nawait connectMpi({ library: "libnowhere.so" });\n`,
    );
    const file = newFile();
    const { code, output } = await run([process.execPath, "--import", "tsx", program], file, 60);
    expect(code).toBe(1);
    expect(output).toMatch(/connectMpi expected MPI's library, one of libnowhere\.so, got none that loads/);
    expect(existsSync(file)).toBe(false);
  });
});
