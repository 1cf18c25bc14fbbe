/**
 * The peak that this process can reach: a loop of nothing but multiply-adds on values that stay in registers. A WebAssembly
 * module of the benchmark's own, so that the library carries no code for it.
 */
import type { Build } from "../src/wasm/builds.js";
import { median } from "./measure.js";

/** With the two operands these fill the 15 vector registers that engines on x64 hand out. */
const ACCUMULATORS = 13;
/** Steps of the loop's body, so that counting costs nothing. */
const UNROLL = 4;
/**
 * Runs in a sample, of which the best counts, and milliseconds of each: where multiplying and adding take turns, cores
 * settle into a faster or a slower order of the two, by chance, for as long as a run lasts.
 */
const RUNS = 6;
const MILLISECONDS = 0.08;

/** Numbers below 2^13 as LEB128, which reads bit 6 of the last byte as a sign where the number is signed. */
function leb(n: number): number[] {
  return n < 0x40 ? [n] : [(n & 0x7f) | 0x80, n >> 7];
}

const vector = (bytes: number[]): number[] => [...leb(bytes.length), ...bytes];
const section = (id: number, ...bytes: number[]): number[] => [id, ...vector(bytes)];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const constant = (n: number): number[] => [0x41, ...leb(n)]; // i32.const
const load = (address: number): number[] => [...constant(address), 0xfd, 0x00, 4, 0]; // v128.load
const store = (address: number, local: number): number[] => [
  ...constant(address),
  ...get(local),
  ...[0xfd, 0x0b, 4, 0], // v128.store
];

/** (func $run (param $n i32)): n rounds over the accumulators, which lie in memory from byte 32 on, behind x and y. */
function runFunction(fused: boolean): number[] {
  const [n, x, y, first] = [0, 1, 2, 3];
  const accumulators = Array.from({ length: ACCUMULATORS }, (_, i) => ({
    local: first + i,
    at: 32 + 16 * i,
  }));
  const step = accumulators.flatMap(
    ({ local }) =>
      fused
        ? [...get(x), ...get(y), ...get(local), 0xfd, 0x85, 0x02, ...set(local)] // relaxed_madd: x·y + a
        : [...get(local), ...get(x), 0xfd, 0xe6, 0x01, ...get(y), 0xfd, 0xe4, 0x01, ...set(local)], // a·x + y
  );
  return [
    ...[1, ACCUMULATORS + 2, 0x7b], // locals: v128
    ...[...load(0), ...set(x), ...load(16), ...set(y)],
    ...accumulators.flatMap(({ local, at }) => [...load(at), ...set(local)]),
    ...[0x03, 0x40], // loop
    ...Array.from({ length: UNROLL }, () => step).flat(),
    ...[...get(n), ...constant(1), 0x6b, 0x22, n, 0x0d, 0], // n -= 1; br_if 0
    0x0b,
    ...accumulators.flatMap(({ local, at }) => store(at, local)),
    0x0b,
  ];
}

function peakModule(fused: boolean): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 1, 0x7f, 0), // type (i32) → ()
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1), // one page of memory
    ...section(7, 2, 3, ...Buffer.from("mem"), 2, 0, 3, ...Buffer.from("run"), 0, 0),
    ...section(10, 1, ...vector(runFunction(fused))),
  ]);
}

/** What the compiler cannot see: peakModule exports these. */
function isLoop(exports: object): exports is { mem: WebAssembly.Memory; run: (n: number) => void } {
  return "mem" in exports && exports.mem instanceof WebAssembly.Memory && "run" in exports;
}

function instantiate(fused: boolean): (n: number) => void {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(peakModule(fused)));
  if (!isLoop(exports)) throw new TypeError("the peak's module exports something else");
  const { mem, run } = exports;
  // a ← a/2 + 1/1000, or a ← a + 1/4000000: neither grows past float32 nor becomes subnormal.
  const values = new Float32Array(mem.buffer).fill(1);
  values.fill(fused ? 0.0005 : 0.5, 0, 4).fill(fused ? 0.0005 : 0.001, 4, 8);
  return run;
}

export class Peak {
  readonly build: Build;
  private readonly run: (n: number) => void;
  private rounds = 1000;

  constructor(build: Build) {
    this.build = build;
    this.run = instantiate(build !== "simd");
    // Long enough for the engine to compile the loop with its best compiler.
    for (const end = performance.now() + 100; performance.now() < end;) this.sample();
    this.rounds = Math.ceil((this.sample() * 1e6 * MILLISECONDS) / (ACCUMULATORS * UNROLL * 8));
  }

  /** GFLOP/s, in about half a millisecond. */
  sample(): number {
    let best = Infinity;
    for (let i = 0; i < RUNS; i++) {
      const start = performance.now();
      this.run(this.rounds);
      best = Math.min(best, performance.now() - start);
    }
    return (this.rounds * UNROLL * ACCUMULATORS * 8) / best / 1e6;
  }

  /** GFLOP/s, the best of five medians. */
  measure(): number {
    return Math.max(
      ...Array.from({ length: 5 }, () => median(Array.from({ length: 40 }, () => this.sample()))),
    );
  }
}
