import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readKernelInterface, type KernelInterface } from "../../scripts/kernel-interface.js";

const parent = mkdtempSync(join(tmpdir(), "bptt-assembly-"));
afterAll(() => {
  rmSync(parent, { recursive: true });
});

/** Returns what is read of a folder with these files. */
function read(files: Readonly<Record<string, string>>): KernelInterface {
  const folder = mkdtempSync(join(parent, "assembly-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return readKernelInterface(folder);
}

const half = "/** Half of x. */\nexport function half(x: Pointer, count: usize): void {}\n";

describe("readKernelInterface", () => {
  it("finds every exported function outside generated/, by file and then by name", () => {
    const { kernels } = read({
      "a.ts":
        "/** B.\n *\n * More of it. */\nexport function b(mean: OptionalPointer, by: f32): f64 { return 0; }\n" +
        half,
      "a/b.ts":
        "function own(): void {}\nexport class Shared { static at(): void {} }\n" +
        half.replace("half", "twice"),
      "generated/c.ts": "export function c() {}",
      "d/generated/c.ts": "export function c() {}",
    });
    expect(kernels.map(({ file, name }) => [file, name])).toEqual([
      ["a", "b"],
      ["a", "half"],
      ["a/b", "twice"],
    ]);
    expect(kernels[0]).toEqual({
      name: "b",
      file: "a",
      summary: "B.",
      parameters: [
        { name: "mean", type: "OptionalPointer" },
        { name: "by", type: "f32" },
      ],
      result: "f64",
    });
  });

  it("finds the constants' places and the sizes", () => {
    const { constants, sizes } = read({
      "a.ts":
        "export namespace Constant {\n  export const one: usize = 4;\n  export const two: usize = 0;\n}\n" +
        "/** Rows. */\nexport const ROWS: usize = 96;\nconst OWN: usize = 1;\n",
    });
    expect([...constants]).toEqual([
      ["one", 4],
      ["two", 0],
    ]);
    expect([...sizes]).toEqual([["ROWS", { value: 96, summary: "Rows." }]]);
  });

  it.each([
    [
      "a parameter of another type",
      half.replace("usize", "i64"),
      `the type of "half's count" expected Pointer or `,
    ],
    ["another result", half.replace("void", "v128"), `the type of "half's result" expected void or `],
    ["no result", half.replace(": void", ""), `got none`],
    ["no comment", half.replace(/.*\n/, ""), `"half" is exported: expected a doc comment`],
    ["a name twice", half + half, `a second kernel is called "half"`],
    [
      "a size that is none",
      "/** No. */\nexport const a: usize = 2 * 4;\n",
      `"a" is exported: expected a number`,
    ],
    [
      "a place twice",
      "export namespace Constant {\n  export const a: usize = 4;\n  export const b: usize = 4;\n}\n",
      `the place of "b" expected`,
    ],
    [
      "a place between",
      "export namespace Constant {\n  export const a: usize = 2;\n}\n",
      `the place of "a" expected`,
    ],
  ])("refuses %s, and says where", (_, text, message) => {
    expect(() => read({ "a.ts": `// A file.\n\n${text}` })).toThrow(/^assembly\/a\.ts:\d+: /);
    expect(() => read({ "a.ts": text })).toThrow(message);
  });
});
