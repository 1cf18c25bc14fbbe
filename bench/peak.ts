/**
 * Measures the peak that this process can reach, with a loop of nothing but multiply-adds on values that stay
 * in registers. The loop is a WebAssembly module of the benchmark's own, so that the library carries no code
 * for it.
 */
import type { Build } from "../src/wasm/builds.js";
import { compileMerged } from "../src/wasm/wide-build.js";
import { median } from "./median.js";

/** Accumulators, which with the two operands fill the 15 vector registers that engines on x64 hand out. */
const ACCUMULATORS = 13;
/** Pairs of neighbouring accumulators in the wide build, each in one 256-bit register. */
const PAIRS = 12;
/** Steps in the loop's body, so that counting costs nothing. */
const UNROLL = 4;
/**
 * Runs in a sample, of which the best counts, and milliseconds of each. Where multiplying and adding take
 * turns, cores settle into a faster or a slower order of the two, by chance, for as long as a run lasts.
 */
const RUNS = 6;
const MILLISECONDS = 0.08;

/** Encodes a number below 2^13 as LEB128; bit 6 of the last byte is the sign where the number is signed. */
function leb(n: number): number[] {
  return n < 0x40 ? [n] : [(n & 0x7f) | 0x80, n >> 7];
}

const vector = (bytes: number[]): number[] => [...leb(bytes.length), ...bytes];
const section = (id: number, ...bytes: number[]): number[] => [id, ...vector(bytes)];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const constant = (n: number): number[] => [0x41, ...leb(n)]; // i32.const
// The base is the same and the offsets differ, by which the engine knows neighbours.
const load = (at: number): number[] => [...constant(0), 0xfd, 0x00, 4, ...leb(at)]; // v128.load
const splat = (at: number): number[] => [...constant(0), 0xfd, 0x09, 2, ...leb(at)]; // v128.load32_splat
const store = (at: number, local: number): number[] => [
  ...constant(0),
  ...get(local),
  ...[0xfd, 0x0b, 4, ...leb(at)], // v128.store
];

/** A slot is a value in a register: its local, and its address in memory. */
interface Slot {
  readonly local: number;
  readonly at: number;
}

/** Describes what a loop keeps in registers; in the wide build in neighbours, which the engine merges. */
interface Loop {
  readonly fused: boolean;
  /** Operands, one for each accumulator of a group: one, or two neighbours. */
  readonly x: readonly Slot[];
  readonly y: readonly Slot[];
  readonly accumulators: readonly Slot[];
}

function planLoop(build: Build): Loop {
  const group = build === "wide" ? 2 : 1;
  const count = build === "wide" ? 2 * PAIRS : ACCUMULATORS;
  const slots = Array.from({ length: 2 * group + count }, (_, i) => ({ local: 1 + i, at: 16 * i }));
  return {
    fused: build !== "simd",
    x: slots.slice(0, group),
    y: slots.slice(group, 2 * group),
    accumulators: slots.slice(2 * group),
  };
}

/** Encodes (func $run (param $n i32)): n rounds over the accumulators, which lie in memory behind x and y. */
function runFunction({ fused, x, y, accumulators }: Loop): number[] {
  const n = 0;
  const step = accumulators.flatMap(({ local }, i) => {
    const [a, b] = [x[i % x.length].local, y[i % y.length].local];
    return fused
      ? [...get(a), ...get(b), ...get(local), 0xfd, 0x85, 0x02, ...set(local)] // relaxed_madd: x·y + a
      : [...get(local), ...get(a), 0xfd, 0xe6, 0x01, ...get(b), 0xfd, 0xe4, 0x01, ...set(local)]; // a·x + y
  });
  const all = [...x, ...y, ...accumulators];
  return [
    ...[1, all.length, 0x7b], // locals: v128
    ...[...x, ...y].flatMap(({ local, at }) => [...splat(at & ~16), ...set(local)]),
    ...accumulators.flatMap(({ local, at }) => [...load(at), ...set(local)]),
    ...[0x03, 0x40], // loop
    ...Array.from({ length: UNROLL }, () => step).flat(),
    ...[...get(n), ...constant(1), 0x6b, 0x22, n, 0x0d, 0], // n -= 1; br_if 0
    0x0b,
    ...accumulators.flatMap(({ local, at }) => store(at, local)),
    0x0b,
  ];
}

function peakModule(loop: Loop): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 1, 0x7f, 0), // type (i32) → ()
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1), // one page of memory
    ...section(7, 2, 3, ...Buffer.from("mem"), 2, 0, 3, ...Buffer.from("run"), 0, 0),
    ...section(10, 1, ...vector(runFunction(loop))),
  ]);
}

/** Checks what the compiler cannot see: that these are the exports of peakModule. */
function isLoop(exports: object): exports is { mem: WebAssembly.Memory; run: (n: number) => void } {
  return "mem" in exports && exports.mem instanceof WebAssembly.Memory && "run" in exports;
}

function instantiate(build: Build, loop: Loop): (n: number) => void {
  const bytes = peakModule(loop);
  const module = build === "wide" ? compileMerged(bytes) : new WebAssembly.Module(bytes);
  if (typeof module === "string") throw new Error(`the peak of the wide build: ${module}`);
  const { exports } = new WebAssembly.Instance(module);
  if (!isLoop(exports)) throw new TypeError("the peak's module exports something else");
  const { mem, run } = exports;
  const values = new Float32Array(mem.buffer).fill(1);
  const fill = (slots: readonly Slot[], value: number): void => {
    for (const { at } of slots) values.fill(value, at / 4, at / 4 + 4);
  };
  // a ← a/2 + 1/1000, or a ← a + 1/4000000: neither grows past float32 nor becomes subnormal.
  fill(loop.x, loop.fused ? 0.0005 : 0.5);
  fill(loop.y, loop.fused ? 0.0005 : 0.001);
  return run;
}

export class Peak {
  readonly build: Build;
  private readonly run: (n: number) => void;
  /** Floating-point operations of a round. */
  private readonly flop: number;
  private rounds = 1000;

  constructor(build: Build) {
    this.build = build;
    const loop = planLoop(build);
    this.run = instantiate(build, loop);
    this.flop = UNROLL * loop.accumulators.length * 8;
    // This is long enough for the engine to compile the loop with its best compiler.
    for (const end = performance.now() + 100; performance.now() < end;) this.sample();
    this.rounds = Math.ceil((this.sample() * 1e6 * MILLISECONDS) / this.flop);
  }

  /** Returns the peak in GFLOP/s; takes about half a millisecond. */
  sample(): number {
    let best = Infinity;
    for (let i = 0; i < RUNS; i++) {
      const start = performance.now();
      this.run(this.rounds);
      best = Math.min(best, performance.now() - start);
    }
    return (this.rounds * this.flop) / best / 1e6;
  }

  /** Returns the peak in GFLOP/s, the best of five medians. */
  measure(): number {
    return Math.max(
      ...Array.from({ length: 5 }, () => median(Array.from({ length: 40 }, () => this.sample()))),
    );
  }
}
