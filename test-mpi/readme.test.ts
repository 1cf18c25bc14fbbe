/** The README's program of several ranks, started as it says. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { mpiNames, mpis, newFile, nodeFlags, requireMpis, run } from "./run-ranks.js";

const readme = readFileSync("README.md", "utf8");
const programs = [...readme.matchAll(/^```js\n(.*?)^```$/gms)]
  .map(([, text]) => text)
  .filter((text) => text.includes("bptt/mpi"));

beforeAll(requireMpis);

describe("the README's program over MPI", () => {
  it("is one", () => {
    expect(programs).toHaveLength(1);
  });

  it.each(mpiNames)("learns, and is told of by one rank, with %s", async (mpi) => {
    // Inside the project, where `bptt` is its dist/.
    const folder = resolve("build", "mpi");
    const file = resolve(folder, "readme.mjs");
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, programs[0]);
    const { code, output } = await run([...mpis[mpi](2), process.execPath, ...nodeFlags, file], newFile());
    expect(code).toBe(0);
    const told = [...output.matchAll(/^step (\d+), loss (\d+\.\d+)$/gm)];
    expect(told.map(([, step]) => Number(step))).toEqual([20, 40, 60, 80, 100]);
    expect(Number(told[4][2])).toBeLessThan(Number(told[0][2]) / 2);
  });
});
