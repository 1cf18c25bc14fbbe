/** Runs all tests, or those that are named, on kernels that assert what they take for granted: `npm run test:debug`. */
import { runVitest } from "./run-vitest.js";

process.exitCode = runVitest("debug", process.argv.slice(2));
