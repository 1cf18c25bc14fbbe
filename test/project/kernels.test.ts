import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { supportedBuilds } from "../../src/index.js";
import { relaxedSimd } from "../../src/wasm/generated/relaxed-simd.js";
import { simd } from "../../src/wasm/generated/simd.js";
import { root } from "./installed-package.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-kernels-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the kernels", () => {
  it("run in both builds on this engine, so that every table of tests covers both", () => {
    expect(supportedBuilds()).toEqual(expect.arrayContaining(["simd", "relaxed-simd"]));
  });

  it.each([
    ["simd", simd],
    ["relaxed-simd", relaxedSimd],
  ])("compile to the same bytes again: %s", (target, shipped) => {
    const file = join(folder, `${target}.wasm`);
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    execFileSync(process.execPath, [asc, "--target", target, "--outFile", file], {
      cwd: root,
      stdio: "pipe",
    });
    expect(readFileSync(file).toString("base64") === shipped, "run `npm run build` after a change").toBe(
      true,
    );
  });
});
