import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./installed-package.js";

const folder = join(root, "examples");
const programs = readdirSync(folder).filter((name) => existsSync(join(folder, name, "main.ts")));

/** Runs an example on the built package, for so many updates or epochs, and returns what it prints. */
function run(name: string, updates: number): string {
  const words = ["--import", "tsx", join("examples", name, "main.ts"), String(updates)];
  const printed = execFileSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  expect(printed).not.toMatch(/NaN|undefined/);
  return printed;
}

/** Returns the numbers that stand where the pattern has its group. */
function numbers(printed: string, pattern: RegExp): number[] {
  const found = [...printed.matchAll(pattern)].map((match) => Number(match[1]));
  expect(found, printed).not.toEqual([]);
  return found;
}

describe("the examples", () => {
  it("are told of, with the commands that run them", () => {
    expect(programs).toEqual(["ctc", "episodes", "surnames"]);
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of programs) expect(readme).toContain(`npx tsx examples/${name}/main.ts`);
  });

  it.each(programs)("%s is short enough to be read from top to bottom", (name) => {
    expect(readFileSync(join(folder, name, "main.ts"), "utf8").split("\n").length).toBeLessThanOrEqual(80);
  });
});

// Bounds lie about half-way between what each program measures (in either build) and what it would without learning.
describe("an example learns", () => {
  it("to read lines of digits: 5 % of them are wrong after 600 updates, all at first", () => {
    const printed = run("ctc", 600);
    const errors = numbers(printed, /, (\d+\.\d) % of the digits/g);
    expect(errors[0]).toBeGreaterThan(90);
    expect(errors.at(-1)).toBeLessThan(30);
    // The first lines are read without more errors than that either, along both ways.
    for (const way of ["best path", "beam of 16"]) {
      const lines = [...printed.matchAll(new RegExp(`written (\\d+): .*${way} (\\d*)`, "g"))];
      const right = lines.filter(([, written, read]) => written === read);
      // Four to seven of ten, by the build.
      expect(right.length, way).toBeGreaterThan(lines.length / 5);
    }
  });

  it("to tell languages: 70 % of names after two epochs; a third are Italian", () => {
    const printed = run("surnames", 2);
    const shares = (row: string): number[] => {
      const line = printed.split("\n").find((text) => text.includes(`│ ${row} `)) ?? "";
      return numbers(line, /(\d+\.\d) %/g);
    };
    const [alike, between] = shares("accuracy");
    expect(Math.min(alike, between)).toBeGreaterThan(50);
    // Of the rarest language's names weights find a third, and learning without them none.
    const [rare, , balanced] = shares("pt");
    expect(balanced).toBeGreaterThan(rare + 10);
    expect(printed).toMatch(/Lewandowska: pl/);
  });

  it("to remember: 99 % of walks end well with resets and 82 % without", () => {
    const printed = run("episodes", 200);
    const last = (kind: string): number =>
      numbers(printed, new RegExp(`^${kind} resets, .* (\\d+\\.\\d) %`, "gm")).at(-1) ?? NaN;
    expect(last("with")).toBeGreaterThan(95);
    expect(last("without")).toBeLessThan(90);
  });
});
