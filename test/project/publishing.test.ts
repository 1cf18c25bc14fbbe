import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUDGET, measureSizes } from "../../scripts/bundle-size.js";
import { installPackage, root } from "./installed-package.js";

interface Manifest {
  sideEffects: string[];
  exports: Record<string, string | Record<string, string>>;
}

let folder: string;
let installed: string;
let manifest: Manifest;
beforeAll(() => {
  folder = installPackage();
  installed = join(folder, "node_modules/bptt");
  manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const kernels = ["simd", "relaxed-simd"].map((name) => `kernels/${name}.wasm`);

describe("the package", () => {
  it("is clean to publint", async () => {
    const { messages } = await publint({ pkgDir: installed, strict: true, pack: false });
    const pkg = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<string, unknown>;
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("is clean to attw: its types are found however a project of modules looks for them", () => {
    const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const options = ["--profile", "esm-only", "--format", "json", "--exclude-entrypoints", ...kernels];
    const tarball = join(folder, "bptt.tgz");
    const printed = execFileSync(process.execPath, [attw, tarball, ...options], { encoding: "utf8" });
    const { analysis } = JSON.parse(printed) as { analysis: { entrypoints: object; types: object } };
    expect(analysis.types).toMatchObject({ kind: "included" });
    expect(Object.keys(analysis.entrypoints)).toEqual([
      ".",
      "./slim",
      "./wide",
      "./worker",
      "./node",
      "./onnx",
      "./mpi",
      "./package.json",
    ]);
  });

  it("has every file that its manifest names", () => {
    const named = Object.values(manifest.exports).flatMap((to) =>
      typeof to === "string" ? [to] : Object.values(to),
    );
    expect(named.length).toBeGreaterThan(5);
    for (const file of [...named, ...manifest.sideEffects]) {
      expect(existsSync(join(installed, file)), file).toBe(true);
    }
  });

  it.each([
    ["", ["workerd", "import"], "dist/entries/workerd.js"],
    ["", ["import"], "dist/entries/inlined.js"],
    ["", ["browser", "import"], "dist/entries/inlined.js"],
    ["/slim", ["workerd", "import"], "dist/entries/slim-workerd.js"],
    ["/slim", ["import"], "dist/entries/slim.js"],
  ])("bptt%s is, to %j, %s", async (entry, conditions, file) => {
    const { metafile } = await build({
      stdin: { contents: `export * from "bptt${entry}"`, resolveDir: folder },
      conditions,
      bundle: true,
      write: false,
      format: "esm",
      metafile: true,
      loader: { ".wasm": "empty" },
      absWorkingDir: folder,
      logLevel: "silent",
    });
    expect(Object.keys(metafile.inputs)).toContain(`node_modules/bptt/${file}`);
  });
});

/** The package's modules that a bundle of the program consists of, from dist/ on. */
async function modulesOf(contents: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    format: "esm",
    metafile: true,
    absWorkingDir: folder,
    logLevel: "silent",
  });
  const [{ inputs }] = Object.values(metafile.outputs);
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file.replace("node_modules/bptt/dist/", ""));
}

describe("a bundle", () => {
  it("of bptt has nothing of bptt/onnx, which brings no kernels and shares the network's modules", async () => {
    const main = await modulesOf(`export * from "bptt";`);
    const onnx = await modulesOf(`export * from "bptt/onnx";`);
    const ofOnnx = (files: readonly string[]) => files.filter((file) => /formats\/onnx/.test(file));
    const texts = (files: readonly string[]) =>
      files.filter((file) => /wasm\/generated\/(simd|relaxed-difference|losses|wide)\.js/.test(file));
    expect(ofOnnx(main)).toEqual([]);
    expect(ofOnnx(onnx).length).toBeGreaterThan(3);
    expect(texts(main).length).toBeGreaterThan(2);
    expect(texts(onnx)).toEqual([]);
    // The very files: a network of `bptt` is one for `bptt/onnx`.
    expect(main).toContain("network/network.js");
    expect(onnx).toContain("network/network.js");
  });

  it("has nothing of thread pools unless it makes one", async () => {
    const threads = (files: readonly string[]) => files.filter((file) => file.startsWith("threads/"));
    const using = `
      import { createNetwork, fromPyTorch, loadNetwork, resumeTraining, train } from "bptt";
      export const make = (threads) => createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1 }, { threads });
      export { fromPyTorch, loadNetwork, resumeTraining, train };`;
    const without = await modulesOf(using);
    expect(without).toContain("memory/engine.js");
    expect(threads(without)).toEqual([]);
    const making = threads(await modulesOf(`${using} export { createThreadPool } from "bptt";`));
    expect(making).toEqual(
      expect.arrayContaining(["threads/generated/script.js", "threads/team.js", "threads/thread-pool.js"]),
    );
  });

  it(`of createNetwork and train is within ${BUDGET} bytes, and what is unused stays away`, async () => {
    const sizes = await measureSizes(folder);
    const row = (start: string): number => {
      const found = sizes.find(({ name }) => name.startsWith(start));
      if (found === undefined)
        throw new Error(`no row "${start}" in ${sizes.map(({ name }) => name).join()}`);
      return found.gzipped;
    };
    const training = row(`import { createNetwork, train } from "bptt"`);
    expect(training).toBeLessThanOrEqual(BUDGET);
    // Both builds are in it: no less than what cannot be compressed away.
    expect(training).toBeGreaterThan(row("bptt/kernels/simd.wasm") + 10_000);
    expect(training).toBeLessThan(row("everything") - 5_000);
    expect(training).toBeLessThan(
      row(`import { createNetwork, createThreadPool, train } from "bptt"`) - 1_000,
    );
    // No kernels, and neither network nor training.
    expect(row(`import { CharVocabulary } from "bptt/slim"`)).toBeLessThan(2_000);
  });
});
