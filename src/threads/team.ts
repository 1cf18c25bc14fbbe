/** The threads of a pool as the calling one sees them: it hands out parts of work, does some itself, and waits for the others. */

import type { Kernels } from "../wasm/kernels.js";
import {
  ARGUMENTS,
  AWAITED,
  DONE,
  END,
  LEFT,
  PART,
  ROUND,
  seenBy,
  SLEEPERS,
  SPLIT,
  takePart,
  wordsOf,
} from "./control.js";
import { WorkerError } from "./worker-error.js";

export type KernelName = keyof Kernels;

/** The arguments of one part of a kernel's work. */
export type Part = readonly (number | boolean)[];

/** Calls of one kernel that threads make side by side, each by whoever comes first. */
export interface Round {
  readonly kernel: KernelName;
  readonly parts: readonly Part[];
  /** The argument of which each thread has its own, so many bytes further than the thread before. */
  readonly own?: { readonly place: number; readonly bytes: number };
}

/** Milliseconds without a sign of life after which a thread counts as dead. */
const PATIENCE = 1000;

/**
 * The most milliseconds between two looks that count: a process that was stopped, or a computer that slept, wakes to find that much
 * time has gone by for all.
 */
const LOOK = 50;

/** Milliseconds that the caller waits awake for the others: most parts are shorter, and to be woken takes some tenths of one. */
const WAIT = 1;

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

/** Sums up for how long something has not changed. */
class Silence {
  private value = NaN;
  private looked = 0;
  private length = 0;

  /** Returns the milliseconds for which the value has been as it is. */
  look(value: number, now: number): number {
    this.length = value === this.value ? this.length + Math.min(now - this.looked, LOOK) : 0;
    this.value = value;
    this.looked = now;
    return this.length;
  }
}

export class Team {
  /** Threads, the caller included. */
  readonly size: number;
  readonly control: SharedArrayBuffer;
  readonly parts: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly sleeps = maySleep();
  /** Numbers of the kernels. */
  private readonly kernels: ReadonlyMap<string, number>;
  private readonly end: () => void;
  /** Of each thread's last round that it has seen. */
  private readonly silences: readonly Silence[];
  private rounds = 0;
  private working = true;
  private missing = false;

  /** `end`: ends the workers, at once. */
  constructor(size: number, names: readonly string[], end: () => void) {
    this.size = size;
    this.control = new SharedArrayBuffer(wordsOf(size) * 4);
    this.parts = new SharedArrayBuffer(size * SPLIT * PART * 8);
    this.words = new Int32Array(this.control);
    this.numbers = new Float64Array(this.parts);
    this.kernels = new Map(names.map((name, i) => [name, i]));
    this.silences = Array.from({ length: size - 1 }, () => new Silence());
    this.end = end;
  }

  /** Whether there is anybody to share work with. */
  get available(): boolean {
    return this.working;
  }

  /** Ends the threads; the caller works alone from then on. */
  dispose(): void {
    if (!this.working) return;
    this.working = false;
    Atomics.store(this.words, ROUND, END);
    Atomics.notify(this.words, ROUND);
    this.end();
  }

  /** Wakes those that sleep: they look for work a while, as after a round. */
  wake(): void {
    if (this.working && Atomics.load(this.words, SLEEPERS) > 0) Atomics.notify(this.words, ROUND);
  }

  /** A thread has died: the next round says so. */
  miss(): void {
    this.missing = true;
  }

  /**
   * Makes the calls of a round's parts together with the others, and returns once all are made. `offset`: of the kernels' numbers.
   * `beats`: reads the sum of the words that so many parts' time loops change. Throws a WorkerError when a thread has died.
   */
  run(kernels: Kernels, offset: number, round: Round, beats: (parts: number) => number): void {
    const { kernel, parts } = round;
    const call = kernels[kernel] as (...args: Part) => unknown;
    if (parts.length === 1) {
      call(...parts[0]);
      return;
    }
    const { words } = this;
    if (this.missing) this.mourn();
    this.write(offset + (this.kernels.get(kernel) ?? 0), round);
    Atomics.store(words, DONE, 0);
    Atomics.store(words, LEFT, parts.length);
    this.rounds = (this.rounds + 1) & 0x3fffffff;
    Atomics.store(words, ROUND, this.rounds);
    if (Atomics.load(words, SLEEPERS) > 0) Atomics.notify(words, ROUND);
    for (let part = takePart(words); part >= 0; part = takePart(words)) {
      call(...parts[part]);
      Atomics.add(words, DONE, 1);
    }
    this.await(parts.length, beats);
    this.lookForAll();
  }

  private write(kernel: number, { parts, own = { place: 0, bytes: 0 } }: Round): void {
    const { numbers } = this;
    for (let part = 0; part < parts.length; part++) {
      const args = parts[part];
      const at = part * PART;
      numbers[at] = kernel;
      numbers[at + 1] = args.length;
      numbers[at + 2] = own.place;
      numbers[at + 3] = own.bytes;
      for (let i = 0; i < args.length; i++) numbers[at + ARGUMENTS + i] = Number(args[i]);
    }
  }

  private await(parts: number, beats: (parts: number) => number): void {
    const { words } = this;
    const isDone = (): boolean => Atomics.load(words, DONE) === parts;
    // Most parts are as long as the caller's own.
    for (let turn = 0; turn < 200; turn++) if (isDone()) return;
    const asleepAt = performance.now() + WAIT;
    const silence = new Silence();
    for (let turn = 1; !isDone(); turn++) {
      if (turn % 64 !== 0) continue;
      const now = performance.now();
      if (silence.look(beats(parts) + Atomics.load(words, DONE), now) > PATIENCE) this.mourn();
      if (this.sleeps && now > asleepAt) this.nap(parts);
    }
  }

  /** Leaves the core to others until the parts are done, for a while. */
  private nap(parts: number): void {
    const { words } = this;
    Atomics.store(words, AWAITED, 1);
    const done = Atomics.load(words, DONE);
    if (done !== parts) Atomics.wait(words, DONE, done, NAP);
    Atomics.store(words, AWAITED, 0);
  }

  /** Misses a thread that has taken no part for long: the others do its work. */
  private lookForAll(): void {
    const now = performance.now();
    this.silences.forEach((silence, i) => {
      if (silence.look(Atomics.load(this.words, seenBy(i + 1)), now) > PATIENCE) this.mourn();
    });
  }

  private mourn(): never {
    this.dispose();
    throw new WorkerError(
      `a thread of the pool gave no sign of life for ${PATIENCE} ms, or ended: ` +
        `parameters are as they were, and the network goes on with the calling thread alone`,
    );
  }
}
