/** What a worker of a pool does: it makes the calls that it is given, and looks for the next. */

import { ASLEEP, AWAITED, CALL, DONE, END, GIVEN, SPIN, WORDS, type PoolStart } from "./control.js";
import { findThreads } from "./worker-threads.js";

type Kernel = (...args: number[]) => unknown;

function kernelsOf({ engines, names }: PoolStart): Kernel[] {
  return engines.flatMap(({ module, memory }) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return names.map((name) => exports[name] as Kernel);
  });
}

/** Returns once there is a piece after `seen`, which is looked for a while, then slept for. */
function waitForWork(words: Int32Array, at: number, seen: number): number {
  const end = performance.now() + SPIN;
  for (let turn = 1; ; turn++) {
    const given = Atomics.load(words, at + GIVEN);
    if (given !== seen) return given;
    if (turn % 64 !== 0 || performance.now() < end) continue;
    Atomics.store(words, at + ASLEEP, 1);
    Atomics.wait(words, at + GIVEN, seen);
    Atomics.store(words, at + ASLEEP, 0);
  }
}

function serve(start: PoolStart): void {
  const kernels = kernelsOf(start);
  const words = new Int32Array(start.control);
  const calls = new Float64Array(start.calls, start.thread * CALL * 8, CALL);
  const at = start.thread * WORDS;
  for (let seen = 0; ;) {
    seen = waitForWork(words, at, seen);
    if (seen === END) return;
    const [kernel, count] = calls;
    kernels[kernel](...calls.subarray(2, 2 + count));
    Atomics.store(words, at + DONE, seen);
    if (Atomics.load(words, at + AWAITED) === 1) Atomics.notify(words, at + DONE);
  }
}

function listen(receive: (data: unknown) => void): void {
  const threads = findThreads();
  if (threads?.parentPort) {
    const { parentPort } = threads;
    parentPort.on("message", receive);
    return;
  }
  globalThis.addEventListener("message", (event) => {
    receive(event.data);
  });
}

function ready(): void {
  const threads = findThreads();
  if (threads?.parentPort) threads.parentPort.postMessage("ready", []);
  else (globalThis as unknown as { postMessage(message: string): void }).postMessage("ready");
}

/** Waits for the message that starts it, says that it has come, and works until it is to end. */
export function serveCalls(): void {
  listen((data) => {
    ready();
    serve(data as PoolStart);
  });
}
