/** Windows of the cells with gates, as their kernels keep them and as the oracle runs them. */

import { roundUp, type Region } from "../../src/memory/regions.js";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { NO_NORMS, NONE, type CellDefinition, type CellRun } from "../../src/network/cells/cell.js";
import type { Random } from "../../src/random.js";
import type { OracleCell } from "../oracle/cells/cell.js";
import { layerBackward, layerForward, type LayerPlan } from "../oracle/layer.js";
import { mismatch, type Guarded } from "./guarded.js";
import { fractions, integers } from "./values.js";

/** These cells keep pre-activations in a place of their own, beside the states. */
export const gatedCells = cellNames.filter((name) => cells[name].plan(1, 1, 1, true).z.rows > 0);

export interface Sizes {
  T: number;
  B: number;
  H: number;
}

/** Which way a window is run, and how long its sequences are. */
export interface Way {
  reverse: boolean;
  /** [B]; undefined: all T. */
  lengths: Int32Array | undefined;
  /** [T, B], 1 where a sequence begins anew, in the order of time. */
  resets?: Uint8Array;
}

/** [T, B, H] or [B, H] but for w and z. */
export interface Window extends Sizes, Way {
  /** Blocks of H in a row of z. */
  blocks: number;
  /** W_hh, [G, H, H], G blocks that the recurrent product touches. */
  w: Float32Array;
  /** What the blocks of each row come in holding, [T, B, blocks, H]; NaN past a length. */
  z: Float32Array;
  h0: Float32Array;
  c0: Float32Array;
  /** dLoss/dh_t from above, 0 past a length, and from the final state. Eighths: their sum is exact. */
  dh: Float32Array;
  dFinal: Float32Array;
  dcFinal: Float32Array;
}

/** `recurrent`: blocks that the recurrent product touches. */
export function draw(random: Random, sizes: Sizes, way: Way, recurrent: number, blocks = 4): Window {
  const { T, B, H } = sizes;
  const eighths = (length: number): Float32Array => integers(random, length).map((x) => x / 8);
  const window: Window = {
    ...sizes,
    ...way,
    blocks,
    w: fractions(random, recurrent * H * H, 1 / Math.sqrt(H)),
    z: fractions(random, T * B * blocks * H, 2),
    h0: fractions(random, B * H),
    c0: fractions(random, B * H, 2),
    dh: eighths(T * B * H),
    dFinal: eighths(B * H),
    dcFinal: eighths(B * H),
  };
  for (let row = 0; row < T * B; row++) {
    if (!isPast(window, Math.floor(row / B), row % B)) continue;
    window.z.fill(NaN, row * blocks * H, (row + 1) * blocks * H);
    window.dh.fill(0, row * H, (row + 1) * H);
  }
  return window;
}

/** T from 1 to 9; of the largest H, for which the oracle takes its time, three of them. */
export function stepsFor(H: number): readonly number[] {
  return H < 64 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1, 2, 9];
}

/** Forwards over whole sequences, and one of the other three; a length may be 0. */
export function waysOf(random: Random, { T, B }: Sizes): Way[] {
  const lengths = Int32Array.from({ length: B }, () => random.integer(T + 1));
  const others = [
    { reverse: true, lengths: undefined },
    { reverse: false, lengths },
    { reverse: true, lengths },
  ];
  const resets = drawResets(random, T, lengths);
  const anew = [others[2], { reverse: false, lengths: undefined }, others[1]];
  return [{ reverse: false, lengths: undefined }, others[(T + B) % 3], { ...anew[(T + B) % 3], resets }];
}

/** Sequences begin anew at a third of the steps, and at none past a length. */
export function drawResets(random: Random, T: number, lengths: Int32Array): Uint8Array {
  const B = lengths.length;
  return Uint8Array.from({ length: T * B }, (_, i) =>
    Number(random.integer(3) === 0 && Math.floor(i / B) < lengths[i % B]),
  );
}

/** Whether step t of sequence b starts from zeros: in reverse, where the step after it begins anew. */
export function isAnew(
  { T, B, reverse, resets }: Pick<Window, "T" | "B" | "reverse" | "resets">,
  t: number,
  b: number,
): boolean {
  const first = reverse ? t + 1 : t;
  return first < T && resets?.[first * B + b] === 1;
}

/** Places the bytes of the resets as kernels take them, and what they hold aside. */
export function placeResets(
  on: Guarded,
  { T, B, H, reverse, resets }: Pick<Window, "T" | "B" | "H" | "reverse" | "resets">,
): { resets: number; held: number } {
  if (resets === undefined) return { resets: 0, held: 0 };
  const bytes = new Uint8Array(4 * Math.ceil(((T + 1) * B) / 4));
  bytes.set(resets);
  const { pointer } = on.integers("resets", new Int32Array(bytes.buffer));
  // Its padding is nobody's.
  const held = on.output("held", B + 2, roundUp(H, 8));
  return { resets: pointer + (reverse ? B : 0), held: held.pointer };
}

export function describeWindow({ T, B, reverse, lengths, resets }: Pick<Sizes, "T" | "B"> & Way): string {
  const anew = resets ? ` resets ${resets.join("")}` : "";
  return `T=${T} B=${B}${reverse ? " reverse" : ""}${lengths ? ` lengths ${lengths.join()}` : ""}${anew}`;
}

export function isPast({ lengths }: Window, t: number, b: number): boolean {
  return lengths !== undefined && t >= lengths[b];
}

/** The times of sequence b's own steps in the order they are taken. */
export function timesOf({ T, reverse, lengths }: Window, b: number): number[] {
  const times = Array.from({ length: lengths?.[b] ?? T }, (_, t) => t);
  return reverse ? times.reverse() : times;
}

/** Elements at which the states of step t, and those it starts from, begin. */
export function after({ B, H, reverse }: Window, t: number): number {
  return (reverse ? t : t + 1) * B * H;
}

export function before({ B, H, reverse }: Window, t: number): number {
  return (reverse ? t + 1 : t) * B * H;
}

/** [T, B, H] of steps and [B, H] of the initial state as the kernels keep them, [T + 1, B, H]. */
export function slots({ reverse }: Window, steps: Float32Array, initial: Float32Array): Float32Array {
  const all = new Float32Array(steps.length + initial.length);
  all.set(initial, reverse ? steps.length : 0);
  all.set(steps, reverse ? 0 : initial.length);
  return all;
}

/** What is not the initial state's in slots, and what is. */
export function stepsIn({ B, H, reverse }: Window, all: Float32Array): Float32Array {
  return reverse ? all.subarray(0, all.length - B * H) : all.subarray(B * H);
}

export function initialIn({ B, H, reverse }: Window, all: Float32Array): Float32Array {
  return reverse ? all.subarray(all.length - B * H) : all.subarray(0, B * H);
}

/** dLoss/dh_t as the kernels take it: the final state's gradient added to the last step's, zeros for the initial state. */
function gradientsIn(window: Window): Float32Array {
  const { T, reverse, dh, dFinal } = window;
  const given = slots(window, dh, new Float32Array(dFinal.length));
  const last = after(window, reverse ? 0 : T - 1);
  for (let i = 0; i < dFinal.length; i++) given[last + i] += dFinal[i];
  return given;
}

/** Blocks of `length` values, each followed by zeros up to `padded`. */
export function padBlocks(values: Float32Array, length: number, padded: number): Float32Array {
  const all = new Float32Array((values.length / length) * padded);
  for (let from = 0, to = 0; from < values.length; from += length, to += padded)
    all.set(values.subarray(from, from + length), to);
  return all;
}

/** The contents of blocks of H in blocks of `padded`. */
function blocksOf(values: Float32Array, H: number, padded: number): Float32Array {
  return values.filter((_, i) => i % padded < H);
}

/** Places the window as a cell's kernels take it. */
function place(on: Guarded, cell: CellDefinition, window: Window): CellRun {
  const { T, B, H, z, h0, c0, dcFinal, blocks, reverse, lengths } = window;
  const stride = roundUp(H, 8);
  const steps = new Float32Array(T * B * H).fill(NaN);
  const none = { ...NONE, pointer: 0 };
  const { hasCellState } = cell;
  return {
    steps: T,
    batch: B,
    reverse,
    lengths: lengths ? on.integers("lengths", lengths).pointer : 0,
    ...placeResets(on, window),
    regions: {
      h: on.output("h", (T + 1) * B, H, {}, slots(window, steps, h0)),
      z: on.output("z", T * B, blocks * stride, {}, padBlocks(z, H, stride)),
      dh: on.output("dh", (T + 1) * B, H, {}, gradientsIn(window)),
      c: hasCellState ? on.output("c", (T + 1) * B, H, {}, slots(window, steps, c0)) : none,
      dc: hasCellState ? on.output("dc", B, H, {}, dcFinal) : none,
      ...{ u: none, v: none, w: none, du: none, dv: none, dw: none, scales: none },
    },
  };
}

/** Places panels of W_hhᵀ and of W_hh; pointers are 0 in a cell without W_hh. */
function placePanels(on: Guarded, { H, w }: Window): { panels: number; backPanels: number } {
  if (w.length === 0) return { panels: 0, backPanels: 0 };
  const { kernels } = on.engine;
  const [stride, depth] = [roundUp(H, 8), roundUp(H, 4)];
  // Each block of H rows of W begins at a row of its own padded block, as a parameter's do.
  const rows = (w.length / (H * H)) * stride;
  const weight = on.input("w", rows, H, padBlocks(w, H * H, stride * H));
  const panels = on.panels("panels of Wᵀ", rows, depth);
  const backPanels = on.panels("panels of W", stride, rows);
  kernels.packColumns(panels.pointer, weight.pointer, rows, depth, stride);
  kernels.packRows(backPanels.pointer, weight.pointer, rows, stride, stride, rows);
  return { panels: panels.pointer, backPanels: backPanels.pointer };
}

/** What is wrong with the blocks' gradients where padding, an operand of products, stands between them. */
function paddingFaults(values: Float32Array, H: number, padded: number): string[] {
  const isWrong = (x: number, i: number): boolean => i % padded >= H && x !== 0;
  return values.some(isWrong)
    ? [`dz: padding is ${values.find(isWrong)} at ${values.findIndex(isWrong)}`]
    : [];
}

/** As the kernels keep them; c and dc0 empty in a cell without c. */
export interface Outcome {
  /** [T + 1, B, H]. */
  h: Float32Array;
  c: Float32Array;
  /** The blocks after forward, and their gradients, [T, B, blocks, H]. */
  gates: Float32Array;
  dz: Float32Array;
  /** Gradients of the initial state, [B, H]. */
  dh0: Float32Array;
  dc0: Float32Array;
  /** What is wrong with dz's padding, and whether backward changed h or c. */
  faults: string[];
}

/** Runs the window through a cell's kernels, forward and backward. */
export function runCell(on: Guarded, cell: CellDefinition, window: Window): Outcome {
  const { H } = window;
  const stride = roundUp(H, 8);
  const { panels, backPanels } = placePanels(on, window);
  const run = place(on, cell, window);
  const { h, c, z, dh, dc } = run.regions;
  const read = (region: Region): Float32Array => (region.rows > 0 ? on.read(region) : new Float32Array(0));
  cell.forward(on.engine, run, panels, NO_NORMS);
  const [hAfter, cAfter, gates] = [on.read(h), read(c), blocksOf(on.read(z), H, stride)];
  cell.backward(on.engine, run, backPanels, NO_NORMS);
  const faults = [
    ...mismatch("h after backward", on.read(h), hAfter),
    ...mismatch("c after backward", read(c), cAfter),
    ...paddingFaults(on.read(z), H, stride),
  ];
  const [dz, dh0, dc0] = [blocksOf(on.read(z), H, stride), initialIn(window, on.read(dh)), read(dc)];
  return { h: hAfter, c: cAfter, gates, dz, dh0, dc0, faults };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** The whole window by the oracle: its layer with an identity before it, so that its inputs [T, B, G·H] are the sums. */
export function oracle(cell: OracleCell, window: Window, inputs: Float32Array, biasHh: Float64Array) {
  const { T, B, H, reverse, lengths, resets, w, h0, c0, dh, dFinal, dcFinal } = window;
  const G = cell.gates;
  const plan: LayerPlan = {
    cell,
    weights: {
      weightIh: identity(G * H),
      weightHh: Float64Array.from(w),
      biasIh: new Float64Array(G * H),
      biasHh,
    },
    steps: T,
    lengths: Array.from({ length: B }, (_, b) => lengths?.[b] ?? T),
    reverse,
    resets,
  };
  const byState = (h: Float32Array, c: Float32Array) =>
    Array.from({ length: B }, (_, b) => ({
      h: Float64Array.from(h.subarray(b * H, (b + 1) * H)),
      c: cell.keepsC ? Float64Array.from(c.subarray(b * H, (b + 1) * H)) : new Float64Array(0),
    }));
  const { outputs, states, tape } = layerForward(plan, Float64Array.from(inputs), byState(h0, c0));
  const { dInputs, dInitial, dWeights } = layerBackward(
    plan,
    tape,
    Float64Array.from(dh),
    byState(dFinal, dcFinal),
  );
  return {
    outputs,
    dInputs,
    dBias: dWeights.biasHh,
    finalH: states.flatMap(({ h }) => [...h]),
    finalC: states.flatMap(({ c }) => [...c]),
    dInitialH: dInitial.flatMap(({ h }) => [...h]),
    dInitialC: dInitial.flatMap(({ c }) => [...c]),
  };
}

/** The states of the steps as the oracle's outputs are: 0 past a length, where the kernels keep the last one. */
export function outputsOf(window: Window, h: Float32Array): Float32Array {
  const { B, H } = window;
  return stepsIn(window, h).map((x, i) =>
    isPast(window, Math.floor(i / (B * H)), Math.floor(i / H) % B) ? 0 : x,
  );
}

export function finalIn(window: Window, all: Float32Array): Float32Array {
  const last = after(window, window.reverse ? 0 : window.T - 1);
  return all.subarray(last, last + window.B * window.H);
}

/**
 * After 9 steps a few of float32's roundings, 6e-8 each, have added up; of a tensor's largest number, but of 1 at least:
 * what comes in is of that order, and where it cancels its roundings stay.
 */
const TOLERANCE = 2e-6;

export function farFrom(what: string, actual: Float32Array, expected: ArrayLike<number>): string[] {
  let largest = 1;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  return mismatch(what, actual, expected, new Float64Array(expected.length).fill(TOLERANCE * largest));
}
