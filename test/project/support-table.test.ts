import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { formatTable, missingRows, readRows, withTable, type Row } from "../../scripts/support-table.js";
import { smoke } from "../../test-engines/programs/smoke.js";
import { versions } from "../../test-engines/versions.js";
import { root } from "./installed-package.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");
const rows = readRows(read("test-engines/support.json"));

describe("the README's table of engines", () => {
  it("is what the recorded run did", () => {
    const readme = read("README.md");
    expect(rows.length).toBeGreaterThan(10);
    expect(readme).toContain(formatTable(rows));
    expect(withTable(readme, rows)).toBe(readme);
  });

  it("has the versions that the tests install", () => {
    const named = rows.filter(({ kind }) => kind !== "browser").map(({ version }) => version);
    const { node20, node22, node24, node26, deno, bun, esbuild, rollup, vite, vite7, webpack, next } =
      versions;
    expect(named).toEqual(
      expect.arrayContaining([
        node20,
        node22,
        node24,
        node26,
        deno,
        bun,
        esbuild,
        rollup,
        vite,
        vite7,
        webpack,
        next,
      ]),
    );
    expect(rows.filter(({ kind }) => kind === "browser")).toHaveLength(3);
  });
});

describe("missingRows", () => {
  const row: Row = { kind: "runtime", engine: "Node", version: "22.1.0", builds: ["simd"], how: "import" };
  it.each([
    ["a later version of the same major", { version: "22.9.1" }, 0],
    ["another major", { version: "24.1.0" }, 1],
    ["other builds", { builds: ["simd", "relaxed-simd"] }, 1],
    ["another engine", { engine: "Bun" }, 1],
  ])("of a run with %s", (_, change, count) => {
    expect(missingRows([row], [{ ...row, ...change }])).toHaveLength(count);
  });
});

describe("the program that every engine runs", () => {
  it("gives the recorded bits here", async () => {
    const { results } = await smoke(library);
    const { losses, file } = results["simd"];
    const recorded: unknown = JSON.parse(read("test-engines/expected.json"));
    expect({ losses, file }, "if the numbers are meant to change, put these there").toEqual(recorded);
  });
});
