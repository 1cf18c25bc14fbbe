/** Makes, uses and disposes of a hundred pools, and prints what is left of them. `--expose-gc` is to be on. */

import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import "../../../src/wasm/inlined.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { startPool } from "../../../src/threads/thread-pool.js";

/** Pools before the first look, and between it and the second. */
const [WARM, POOLS] = [20, 100];

/** What there is of the process. */
interface Left {
  /** Mebibytes. */
  readonly resident: number;
  readonly reserved: number;
  readonly threads: number;
}

async function usePool(): Promise<void> {
  const pool = await startPool(2, 1);
  const network = createNetwork({ inputSize: 9, hiddenSize: 64, outputSize: 9 }, { threads: pool });
  network.forward({ steps: 5, batch: 12, tokens: new Uint8Array(60) });
  // Every other network is left to the collector, with its memory.
  if (Math.random() < 0.5) network.dispose();
  pool.dispose();
}

/** A field of what Linux says of this process. */
function statusOf(field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

async function settled(): Promise<Left> {
  for (let i = 0; i < 5; i++) {
    await wait(50);
    globalThis.gc?.();
  }
  const mebibytes = (field: string): number => statusOf(field) / 1024;
  return { resident: mebibytes("VmRSS"), reserved: mebibytes("VmSize"), threads: statusOf("Threads") };
}

const left: Left[] = [];
for (const pools of [WARM, POOLS]) {
  for (let i = 0; i < pools; i++) await usePool();
  left.push(await settled());
}
const [before, after] = left;
process.stdout.write(JSON.stringify({ before, after }));
