/** What a worker of a pool does: it makes the calls of parts that nobody has taken, and looks for the next. */

import {
  ARGUMENTS,
  AWAITED,
  DONE,
  END,
  PART,
  ROUND,
  seenBy,
  SLEEPERS,
  SPIN,
  takePart,
  type PoolStart,
} from "./control.js";
import { findThreads } from "./worker-threads.js";

type Kernel = (...args: number[]) => unknown;

function kernelsOf({ engines, names }: PoolStart): Kernel[] {
  return engines.flatMap(({ module, memory }) => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return names.map((name) => exports[name] as Kernel);
  });
}

/** Returns once there is a round after `seen`, which is looked for a while, then slept for. */
function waitForRound(words: Int32Array, seen: number): number {
  let end = performance.now() + SPIN;
  for (let turn = 1; ; turn++) {
    const round = Atomics.load(words, ROUND);
    if (round !== seen) return round;
    if (turn % 64 !== 0 || performance.now() < end) continue;
    Atomics.add(words, SLEEPERS, 1);
    Atomics.wait(words, ROUND, seen);
    Atomics.sub(words, SLEEPERS, 1);
    end = performance.now() + SPIN;
  }
}

function serve(start: PoolStart): void {
  const kernels = kernelsOf(start);
  const words = new Int32Array(start.control);
  const numbers = new Float64Array(start.parts);
  const { thread } = start;
  const args: number[] = [];
  for (let seen = 0; ;) {
    seen = waitForRound(words, seen);
    if (seen === END) return;
    Atomics.store(words, seenBy(thread), seen);
    for (let part = takePart(words); part >= 0; part = takePart(words)) {
      const at = part * PART;
      const count = numbers[at + 1];
      args.length = count;
      for (let i = 0; i < count; i++) args[i] = numbers[at + ARGUMENTS + i];
      args[numbers[at + 2]] += thread * numbers[at + 3];
      kernels[numbers[at]](...args);
      Atomics.add(words, DONE, 1);
      if (Atomics.load(words, AWAITED) === 1) Atomics.notify(words, DONE);
    }
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
