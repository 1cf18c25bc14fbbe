import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { supportedBuilds } from "../../src/index.js";
import { argumentsFor } from "../../scripts/kernel-targets.js";
import { markBuild } from "../../scripts/mark-build.js";
import { fromText } from "../../src/wasm/encoding.js";
import { losses } from "../../src/wasm/generated/losses.js";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import { root } from "./installed-package.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-kernels-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the kernels", () => {
  it("run in both builds on this engine, so that every table of tests covers both", () => {
    expect(supportedBuilds()).toEqual(expect.arrayContaining(["simd", "relaxed-simd"]));
  });

  it.each(["simd", "relaxed-simd", "losses"] as const)("compile to the same bytes again: %s", (target) => {
    const file = join(folder, `${target}.wasm`);
    const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
    execFileSync(process.execPath, [asc, ...argumentsFor(target), "--outFile", file], {
      cwd: root,
      stdio: "pipe",
    });
    const compiled = Buffer.from(markBuild(readFileSync(file), target));
    const message = "run `npm run build` after a change";
    const inlined = target === "losses" ? fromText(losses) : inlinedKernels(target);
    expect(compiled.equals(inlined), message).toBe(true);
    expect(compiled.equals(readFileSync(join(root, `src/wasm/generated/${target}.wasm`))), message).toBe(
      true,
    );
  });
});
