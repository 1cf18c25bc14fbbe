import { configDefaults, defineConfig } from "vitest/config";

// Relaxed SIMD stands behind a flag on Node 20 and 21; later versions refuse that flag as unknown.
const major = Number(process.versions.node.split(".")[0]);

/**
 * Kernels to test: "simd" is the plain build alone, "debug" the same with assertions. Tests of the builds, of workers with
 * kernels of their own, and of the project need all that is shipped.
 */
const kernels = process.env["BPTT_KERNELS"];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      ...(kernels === undefined ? [] : ["test/wasm/**", "test/worker/**", "test/project/**"]),
    ],
    // What the entry `bptt` does, since tests import single files.
    setupFiles: [
      ...(kernels === undefined ? [] : ["test/simd-alone.ts"]),
      ...(kernels === "debug" ? ["test/use-debug-kernels.ts"] : []),
      "src/wasm/inlined.ts",
      ...(process.env["BPTT_THREADS"] === undefined ? [] : ["test/use-threads.ts"]),
    ],
    sequence: { setupFiles: "list" },
    execArgv: major < 22 ? ["--experimental-wasm-relaxed-simd"] : [],
    // Of two cores vitest leaves one to itself, which hardly needs it.
    maxWorkers: "100%",
    // For what never ends: the slowest takes 15 s on an idle machine, and others may be at work beside it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
