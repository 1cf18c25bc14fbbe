import { defineConfig } from "vitest/config";

// Relaxed SIMD stands behind a flag on Node 20 and 21; later versions refuse that flag as unknown.
const major = Number(process.versions.node.split(".")[0]);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // What the entry `bptt` does, since tests import single files.
    setupFiles: ["src/wasm/inlined.ts"],
    execArgv: major < 22 ? ["--experimental-wasm-relaxed-simd"] : [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
