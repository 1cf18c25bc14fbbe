/**
 * A thread that trains on pools of two whose other thread may die at any moment, in the midst of a kernel too: its workers belong to
 * the thread that started this one, which can end them while this one computes.
 */

import { parentPort, workerData } from "node:worker_threads";
import "../../src/wasm/inlined.js";
import { adam } from "../../src/optimize/adam.js";
import { createNetwork } from "../../src/network/create-network.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { Network, ThreadPool } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { startPool } from "../../src/threads/thread-pool.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";
import { WorkerError } from "../../src/threads/worker-error.js";

/** What came of a pool whose thread was killed. */
export interface KillOutcome {
  /** The error's class, and what it said. */
  readonly error: string;
  /** From the kill to the error, in milliseconds. */
  readonly milliseconds: number;
  /** Updates made before. */
  readonly updates: number;
  /** What was not as it was before the update that failed; empty: all was. */
  readonly changed: readonly string[];
}

/** What the thread is told when it starts. `clock`: a Float64Array with the moment of the kill, 0 before. */
export interface KillStart {
  readonly seed: number;
  readonly clock: SharedArrayBuffer;
}

const port = parentPort;
if (port === null) throw new Error("killed-pool.ts runs in a worker");
const { seed, clock } = workerData as KillStart;
const killed = new Float64Array(clock);
const now = (): number => performance.timeOrigin + performance.now();

/** A worker that the starting thread makes and owns. */
function farWorker(): WorkerLike {
  const listeners: ((value: unknown) => void)[] = [];
  port?.on("message", (message) => {
    if (message === "ready") for (const listener of listeners) listener("ready");
  });
  return {
    postMessage(start) {
      port?.postMessage({ start });
    },
    terminate() {
      port?.postMessage("terminate");
    },
    on(type, listener) {
      if (type === "message") listeners.push(listener);
    },
  };
}

const random = new Random(seed);
const upTo = (most: number): number => 1 + random.integer(most);
const [T, B, I, O] = [10 + upTo(20), 8 + upTo(8), 20, 10];
const options = {
  cell: cellNames[random.integer(cellNames.length)],
  layers: upTo(2),
  inputSize: I,
  hiddenSize: 40 + upTo(80),
  outputSize: O,
  bidirectional: random.integer(3) === 0,
  seed,
};
const sequence = { steps: T, batch: B, tokens: Int32Array.from({ length: T * B }, () => random.integer(I)) };
const target = { classes: Int32Array.from({ length: T * B }, () => random.integer(O)) };

function start(threads?: ThreadPool) {
  const network = createNetwork(options, threads === undefined ? {} : { threads });
  return { network, optimizer: adam({ learningRate: 0.003 }) };
}

function update({ network, optimizer }: ReturnType<typeof start>): void {
  network.zeroGradients();
  network.forward(sequence);
  network.backward(target);
  optimizer.step(network);
}

function differences(one: Network, other: Network): string[] {
  return one.parameters.flatMap((parameter, i) => {
    const [values, others] = [parameter.read(), other.parameters[i].read()].map(
      ({ buffer }) => new Uint32Array(buffer),
    );
    return values.every((bits, at) => bits === others[at]) ? [] : [parameter.name];
  });
}

const pool = await startPool(2, 1, () => ({ worker: farWorker(), forget: () => undefined }));
const run = start(pool);
update(run);
port.postMessage("go");
let updates = 1;
let outcome: KillOutcome | undefined;
while (outcome === undefined) {
  try {
    update(run);
    updates++;
  } catch (error) {
    const milliseconds = now() - killed[0];
    const kind = error instanceof WorkerError ? "WorkerError" : "another error";
    const reference = start();
    for (let i = 0; i < updates; i++) update(reference);
    const changed = differences(run.network, reference.network);
    // Alone from here on, with the optimizer's memory as it was.
    update(run);
    update(reference);
    const after = differences(run.network, reference.network).map((name) => `${name} after one update more`);
    outcome = { error: `${kind}: ${String(error)}`, milliseconds, updates, changed: [...changed, ...after] };
  }
}
port.postMessage({ outcome });
