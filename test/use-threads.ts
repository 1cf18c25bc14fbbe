/** Runs all networks on a pool of BPTT_THREADS threads, which share the smallest work too. */

import { adoptEngine, engineFor } from "../src/memory/engine.js";
import { startPool } from "../src/threads/thread-pool.js";
import { supportedBuilds } from "../src/wasm/load.js";

const pool = await startPool(Number(process.env["BPTT_THREADS"]), 1);
for (const build of supportedBuilds()) adoptEngine(engineFor(build, pool));
