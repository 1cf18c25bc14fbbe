import { beforeAll, expect, it } from "vitest";
import { Project } from "./project.js";
import { versions } from "./versions.js";

const program = `
import { adam, createNetwork, supportedBuilds, train, type Build, type Network, type TrainingWindow } from "bptt";
import * as slim from "bptt/slim";
import "bptt/wide";

const builds: readonly Build[] = supportedBuilds();
using network: Network = createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 2 });
const window: TrainingWindow = {
  inputs: { steps: 1, batch: 1, tokens: Uint8Array.of(1) },
  targets: { classes: Int32Array.of(0) },
};
export const losses: number[] = [];
for await (const { loss } of train(network, [window], { optimizer: adam() })) losses.push(loss);
export const came: "simd" | "relaxed-simd" = await slim.init({ simd: () => new ArrayBuffer(8) });
export const same: Network = slim.createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1 }, { build: builds[0] ?? "auto" });

// @ts-expect-error: no such cell
createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 2, cell: "lstn" });
// @ts-expect-error: a number is no source
await slim.init(1);
`;

/** In a page's project its own types are sources and modules. */
const withDom = `
import { init } from "bptt/slim";
export const run = async (module: WebAssembly.Module) => {
  await init(module);
  await init(fetch("simd.wasm"));
  await init({ simd: () => fetch("simd.wasm"), "relaxed-simd": async () => new Uint8Array(8) });
};
`;

const common = {
  strict: true,
  target: "es2022",
  lib: ["es2024"],
  types: [],
  noEmit: true,
  exactOptionalPropertyTypes: true,
};
const project = new Project({ "program.ts": program, "page.ts": withDom });
beforeAll(() => {
  project.install(`typescript@${versions.typescript}`);
});

it.each([
  ["bundler", "esnext"],
  ["node16", "node16"],
  ["nodenext", "nodenext"],
])("the types resolve and hold under moduleResolution %s", (moduleResolution, module) => {
  for (const [files, lib] of [
    [["program.ts"], ["es2024"]],
    [
      ["program.ts", "page.ts"],
      ["es2024", "dom"],
    ],
  ] as const) {
    const compilerOptions = { ...common, module, moduleResolution, lib, skipLibCheck: false };
    project.write({ "tsconfig.json": JSON.stringify({ compilerOptions, files }) });
    expect(project.run(project.executable("tsc"), ["--project", "tsconfig.json"])).toBe("");
  }
});
