/** Leaves a pool idle that nobody disposes of, and prints what that takes: nothing keeps this program alive but a timer. */

import { setTimeout as wait } from "node:timers/promises";
import "../../../src/wasm/inlined.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { startPool } from "../../../src/threads/thread-pool.js";

const pool = await startPool(4, 1);
const network = createNetwork({ inputSize: 9, hiddenSize: 64, outputSize: 9 }, { threads: pool });
const inputs = { steps: 5, batch: 12, tokens: new Uint8Array(60) };
for (let i = 0; i < 50; i++) network.forward(inputs);
// What compiles or collects in the background is done with it.
await wait(500);
const before = process.cpuUsage();
await wait(500);
const { user, system } = process.cpuUsage(before);
process.stdout.write(JSON.stringify({ milliseconds: (user + system) / 1000 }));
