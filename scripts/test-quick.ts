/**
 * Runs the tests of what differs from the last commit: `npm run test:quick`. After a change of the kernels it compiles the
 * plain build, and tests that one alone: the kernels themselves, and networks against the oracle.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { runVitest } from "./run-vitest.js";

const git = (...words: string[]): string[] => execFileSync("git", words, { encoding: "utf8" }).split("\n");
const changed = [...git("diff", "--name-only", "HEAD"), ...git("ls-files", "--others", "--exclude-standard")];
const ofKernels = /^(assembly\/|asconfig\.json|scripts\/(build-kernels|kernel-|generate-))/;

function testKernels(): number {
  const build = ["--import", "tsx", "scripts/build-kernels.ts", "simd", "losses"];
  const { status } = spawnSync(process.execPath, build, { stdio: "inherit" });
  return status === 0 ? runVitest("simd", ["test/assembly", "test/network/oracle"]) : 1;
}

const kernels = changed.some((file) => ofKernels.test(file));
const statuses = [
  kernels ? testKernels() : 0,
  runVitest(kernels ? "simd" : undefined, ["--changed", "--passWithNoTests"]),
];
process.exitCode = Math.max(...statuses);
