/** The threads of a pool as the calling one sees them: it hands out calls of kernels, makes one itself, and waits for the others. */

import type { Kernels } from "../wasm/kernels.js";
import { ASLEEP, AWAITED, CALL, DONE, END, GIVEN, SPIN, WORDS } from "./control.js";
import { WorkerError } from "./worker-error.js";

export type KernelName = keyof Kernels;

/** One thread's part of the work of a kernel. */
export type Part = readonly (number | boolean)[];

/** Milliseconds without a sign of life after which a thread counts as dead. */
const PATIENCE = 1500;

/**
 * The most milliseconds between two looks that count: a process that was stopped, or a computer that slept, wakes to find that much
 * time has gone by for all.
 */
const LOOK = 50;

/** Milliseconds of a sleep while waiting: a thread that died wakes nobody. */
const NAP = 20;

/** Returns whether this thread may sleep; a page's main thread may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

export class Team {
  /** Threads, the caller included. */
  readonly size: number;
  readonly control: SharedArrayBuffer;
  readonly calls: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly sheets: readonly Float64Array[];
  private readonly sleeps = maySleep();
  /** Numbers of the kernels. */
  private readonly numbers: ReadonlyMap<string, number>;
  private readonly end: () => void;
  private working = true;

  /** `end`: ends the workers, at once. */
  constructor(size: number, names: readonly string[], end: () => void) {
    this.size = size;
    this.control = new SharedArrayBuffer(size * WORDS * 4);
    this.calls = new SharedArrayBuffer(size * CALL * 8);
    this.words = new Int32Array(this.control);
    this.sheets = Array.from({ length: size }, (_, i) => new Float64Array(this.calls, i * CALL * 8, CALL));
    this.numbers = new Map(names.map((name, i) => [name, i]));
    this.end = end;
  }

  /** Whether there is anybody to hand work to. */
  get available(): boolean {
    return this.working;
  }

  /** Ends the threads; the caller works alone from then on. */
  dispose(): void {
    if (!this.working) return;
    this.working = false;
    for (let i = 1; i < this.size; i++) {
      Atomics.store(this.words, i * WORDS + GIVEN, END);
      Atomics.notify(this.words, i * WORDS + GIVEN);
    }
    this.end();
  }

  /**
   * Makes a call of the kernel for each part, the first one here, and returns once all are made. `beats`: reads the words that the
   * threads' time loops change. Throws a WorkerError when a thread gives no sign of life.
   */
  run(
    kernels: Kernels,
    offset: number,
    name: KernelName,
    parts: readonly Part[],
    beats: (thread: number) => number,
  ): void {
    const kernel = offset + (this.numbers.get(name) ?? 0);
    for (let i = 1; i < parts.length; i++) this.give(i, kernel, parts[i]);
    (kernels[name] as (...args: Part) => unknown)(...parts[0]);
    for (let i = 1; i < parts.length; i++) this.await(i, beats);
  }

  private give(thread: number, kernel: number, args: Part): void {
    const sheet = this.sheets[thread];
    sheet[0] = kernel;
    sheet[1] = args.length;
    for (let i = 0; i < args.length; i++) sheet[2 + i] = Number(args[i]);
    const at = thread * WORDS;
    Atomics.store(this.words, at + GIVEN, (Atomics.load(this.words, at + GIVEN) + 1) & 0x3fffffff);
    if (Atomics.load(this.words, at + ASLEEP) === 1) Atomics.notify(this.words, at + GIVEN);
  }

  private await(thread: number, beats: (thread: number) => number): void {
    const { words } = this;
    const at = thread * WORDS;
    const given = Atomics.load(words, at + GIVEN);
    const isDone = (): boolean => Atomics.load(words, at + DONE) === given;
    // Most parts are as long as the caller's own.
    for (let turn = 0; turn < 200; turn++) if (isDone()) return;
    let looked = performance.now();
    const asleepAt = looked + SPIN;
    let beat = beats(thread);
    let silent = 0;
    for (let turn = 1; !isDone(); turn++) {
      if (turn % 64 !== 0) continue;
      const now = performance.now();
      const next = beats(thread);
      silent = next === beat ? silent + Math.min(now - looked, LOOK) : 0;
      beat = next;
      looked = now;
      if (silent > PATIENCE) this.mourn(thread);
      if (this.sleeps && now > asleepAt) this.nap(at, given);
    }
  }

  /** Leaves the core to others until the thread is done, for a while. */
  private nap(at: number, given: number): void {
    const { words } = this;
    Atomics.store(words, at + AWAITED, 1);
    const done = Atomics.load(words, at + DONE);
    if (done !== given) Atomics.wait(words, at + DONE, done, NAP);
    Atomics.store(words, at + AWAITED, 0);
  }

  private mourn(thread: number): never {
    this.dispose();
    throw new WorkerError(
      `thread ${thread} of the pool gave no sign of life for ${PATIENCE} ms, and has died: ` +
        `parameters are as they were, and the network goes on with the calling thread alone`,
    );
  }
}
