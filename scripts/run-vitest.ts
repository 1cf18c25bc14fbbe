import { spawnSync } from "node:child_process";

/** Runs Vitest in a process of its own, with the kernels that vitest.config.ts knows; returns its exit status. */
export function runVitest(kernels: "simd" | "debug" | undefined, words: readonly string[]): number {
  const env = kernels === undefined ? process.env : { ...process.env, BPTT_KERNELS: kernels };
  const vitest = "node_modules/vitest/vitest.mjs";
  const { status } = spawnSync(process.execPath, [vitest, "run", ...words], { stdio: "inherit", env });
  return status ?? 1;
}
