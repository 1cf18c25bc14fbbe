/** What a page carries: the worker's script, made of the source as it is, and only where the worker is used. */

import { join } from "node:path";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleWorker, workers } from "../../scripts/bundle-worker.js";
import { relaxedDifference } from "../../src/wasm/generated/relaxed-difference.js";
import { losses } from "../../src/wasm/generated/losses.js";
import { simd } from "../../src/wasm/generated/simd.js";
import { script as threadScript } from "../../src/threads/generated/script.js";
import { script } from "../../src/worker/generated/script.js";

const root = join(import.meta.dirname, "../..");

/** A program of these lines with what it imports, as a bundler makes it for a page. */
function bundle(lines: string): string {
  return buildSync({
    stdin: { contents: lines, resolveDir: join(root, "dist") },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2023",
  }).outputFiles[0].text;
}

describe("the worker's script", () => {
  it("is made of the source as it is", async () => {
    const [threads, networks] = await Promise.all(workers.map(bundleWorker));
    expect([threads === threadScript, networks === script], "run `npm run build` after a change").toEqual([
      true,
      true,
    ]);
  });

  it("carries no kernels but those of the losses, which are the same for every build", () => {
    expect(script).toContain(losses);
    for (const kernels of [simd, relaxedDifference]) expect(script).not.toContain(kernels.slice(0, 200));
    expect(script).not.toContain("--experimental-wasm-revectorize");
  });
});

describe("a page's bundle", () => {
  const page = bundle(`import { startWorker } from "./worker/index.js"; console.log(startWorker);`);
  const own = bundle(`import { serveNetworks } from "./worker/index.js"; serveNetworks();`);
  const local = bundle(
    `import { createNetwork, train } from "./index.js"; console.log(createNetwork, train);`,
  );

  it("with startWorker has the script and the kernels, and of the library little besides", () => {
    const besides = page.length - JSON.stringify(script).length - simd.length - relaxedDifference.length;
    // Some 30 kB of them when this was written; the library is four times that.
    expect(besides).toBeLessThan(45_000);
    expect(page.includes(simd)).toBe(true);
  });

  it("with createNetwork and train has nothing of the worker", () => {
    expect(local).not.toContain("bptt-");
    expect(local).not.toContain('getBuiltinModule("node:worker_threads")');
    expect(local.includes(script.slice(0, 500))).toBe(false);
  });

  it("with createNetwork and train, and the losses that they have by default, has no kernels of other losses", () => {
    const names = ["createNetwork", "train", "meanSquaredError"];
    const some = ["huber", "crossEntropy", "ctc", "losses"];
    const bundleOf = (list: readonly string[]): string =>
      bundle(`import { ${list.join(", ")} } from "./index.js"; console.log(${list.join(", ")});`);
    expect(bundleOf(names).includes(losses)).toBe(false);
    for (const loss of some) expect(bundleOf([...names, loss]).includes(losses), loss).toBe(true);
  });

  it("of a worker's file has the library, and no other worker", () => {
    // As conditions: what fails is not to print the bundle.
    expect(own.includes(simd)).toBe(true);
    expect(own.includes(script.slice(0, 500))).toBe(false);
  });
});
