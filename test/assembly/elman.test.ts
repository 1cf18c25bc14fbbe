import { describe, expect, it } from "vitest";
import { roundUp } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { elman, elmanRelu } from "../oracle/cells/elman.js";
import { relativeError } from "../oracle/compare.js";
import { layerBackward, layerForward, type LayerPlan } from "../oracle/layer.js";
import { describeWindow, drawResets, isAnew, placeResets } from "./gated-windows.js";
import { Guarded, mismatch, rounding, unit } from "./guarded.js";
import { fractions, integers, sizes } from "./values.js";

/** Below this magnitude states and gradients become 0. */
const LEAST = 2 ** -110;

/** Which way a window is run, and how long its sequences are. */
interface Way {
  reverse: boolean;
  /** [B]; undefined: all T. */
  lengths: Int32Array | undefined;
  /** [T, B], 1 where a sequence begins anew, in the order of time. */
  resets?: Uint8Array;
}

/** A window; everything but W is [T, B, H] or [B, H]. */
interface Case extends Way {
  T: number;
  B: number;
  H: number;
  relu: boolean;
  /** W_hh, [H, H]. */
  w: Float32Array;
  /** The input's part of z, NaN past a length; and the initial state. */
  z: Float32Array;
  h0: Float32Array;
  /** dLoss/dh_t from above, 0 past a length, and from the final state. Eighths: their sum is exact. */
  dh: Float32Array;
  dFinal: Float32Array;
}

/** As the kernels keep them, [T + 1, B, H]: states; and gradients of z, with that of the initial state. */
interface Outcome {
  h: Float32Array;
  dz: Float32Array;
}

/** Elements at which the states of step t, and those it starts from, begin. */
function after({ B, H, reverse }: Case, t: number): number {
  return (reverse ? t : t + 1) * B * H;
}

function before({ B, H, reverse }: Case, t: number): number {
  return (reverse ? t + 1 : t) * B * H;
}

function isPast({ lengths }: Case, t: number, b: number): boolean {
  return lengths !== undefined && t >= lengths[b];
}

/** [T, B, H] of steps and [B, H] of the initial state as the kernels keep them. */
function slots({ T, B, H, reverse }: Case, steps: Float32Array, initial: Float32Array): Float32Array {
  const all = new Float32Array((T + 1) * B * H);
  all.set(initial, reverse ? steps.length : 0);
  all.set(steps, reverse ? 0 : initial.length);
  return all;
}

/** dLoss/dh_t as the kernel takes it: the final state's gradient added to the last step's, zeros for the initial state. */
function gradientsIn(window: Case): Float32Array {
  const { T, reverse, dh, dFinal } = window;
  const given = slots(window, dh, new Float32Array(dFinal.length));
  const last = after(window, reverse ? 0 : T - 1);
  for (let i = 0; i < dFinal.length; i++) given[last + i] += dFinal[i];
  return given;
}

function run(on: Guarded, window: Case): Outcome {
  const { T, B, H, relu, reverse, w, z, h0 } = window;
  const { kernels, constants } = on.engine;
  const [stride, depth] = [roundUp(H, 8), roundUp(H, 4)];
  const weight = on.input("w", H, H, w);
  const panels = on.panels("panels of Wᵀ", stride, depth);
  const backPanels = on.panels("panels of W", stride, depth);
  kernels.packColumns(panels.pointer, weight.pointer, H, depth, stride);
  kernels.packRows(backPanels.pointer, weight.pointer, H, stride, stride, depth);
  const lengths = window.lengths ? on.integers("lengths", window.lengths).pointer : 0;
  const states = on.output("h", (T + 1) * B, H, {}, slots(window, z, h0));
  const gradients = on.output("dh", (T + 1) * B, H, {}, gradientsIn(window));
  const { resets, held } = placeResets(on, window);
  const rest = [lengths, resets, held, constants, 0, relu, reverse, T, B, B, depth, H, stride] as const;
  kernels.elmanForward(states.pointer, 0, 0, panels.pointer, 0, 0, ...rest);
  const h = on.read(states);
  kernels.elmanBackward(gradients.pointer, 0, states.pointer, 0, 0, backPanels.pointer, 0, ...rest);
  expect(mismatch("h after backward", on.read(states), h)).toEqual([]);
  return { h, dz: on.read(gradients) };
}

/** Σ_k term(k) + y, and the sum of magnitudes. */
function sumOf(count: number, term: (k: number) => number, y: number): { value: number; magnitude: number } {
  let value = y;
  let magnitude = Math.abs(y);
  for (let k = 0; k < count; k++) {
    const x = term(k);
    value += x;
    magnitude += Math.abs(x);
  }
  return { value, magnitude };
}

/** Every step by itself, from what the kernel made of the one before it: h_t within what rounding can do. */
function forwardFaults(window: Case, { h }: Outcome): string[] {
  const { T, B, H, relu, w, z, h0 } = window;
  const expected = Float64Array.from(slots(window, z, h0));
  const bound = new Float64Array(h.length);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const from = before(window, t) + b * H;
      for (let j = 0; j < H; j++) {
        const at = after(window, t) + b * H + j;
        const keep = isAnew(window, t, b) ? 0 : 1;
        if (isPast(window, t, b)) {
          expected[at] = h[from + j];
          continue;
        }
        const { value, magnitude } = sumOf(H, (k) => w[j * H + k] * keep * h[from + k], expected[at]);
        expected[at] = relu ? Math.max(0, value) : Math.tanh(value);
        // |f'| ≤ 1; tanh itself is 2.61 ulp off, an ulp being at most 2u of the value.
        const own = relu ? 0 : 5.22 * unit * Math.abs(expected[at]);
        bound[at] = magnitude * rounding(H + 2) + own + LEAST;
      }
    }
  }
  return mismatch("h", h, expected, bound);
}

/** As forwardFaults, for the gradients; the initial state's like a step's of slope 1. */
function backwardFaults(window: Case, { h, dz }: Outcome): string[] {
  const { T, B, H, relu, reverse, w } = window;
  const given = gradientsIn(window);
  const expected = new Float64Array(dz.length);
  const bound = new Float64Array(dz.length);
  // In the order of forward: step −1 is the initial state.
  for (let i = -1; i < T; i++) {
    const time = (step: number): number => (reverse ? T - 1 - step : step);
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < H; j++) {
        const at = (i < 0 ? before(window, time(0)) : after(window, time(i))) + b * H + j;
        const past = i >= 0 && isPast(window, time(i), b);
        if (past) continue;
        // What steps past the length after this one passed back unchanged; then the next step's dz W.
        let next = i + 1;
        let direct = given[at];
        for (; next < T && isPast(window, time(next), b); next++)
          direct += given[after(window, time(next)) + b * H + j];
        const dNext = next < T ? after(window, time(next)) + b * H : 0;
        const ends = next < T && isAnew(window, time(next), b);
        const { value, magnitude } = sumOf(
          next < T && !ends ? H : 0,
          (k) => w[k * H + j] * dz[dNext + k],
          direct,
        );
        const tanh = i >= 0 && !relu;
        const slope = i < 0 ? 1 : relu ? Number(h[at] > 0) : 1 - h[at] * h[at];
        expected[at] = value * slope;
        // 1 − h² is rounded twice, by at most u·h² and u·(1 − h²), the product once.
        const slopeError = tanh ? unit * (h[at] * h[at] + slope) : 0;
        const product = tanh ? unit * Math.abs(expected[at]) : 0;
        const error = magnitude * rounding(H + 2);
        bound[at] = (error * slope + Math.abs(value) * slopeError + product) * 1.001 + LEAST;
      }
    }
  }
  return mismatch("dz", dz, expected, bound);
}

function identity(H: number): Float64Array {
  return Float64Array.from({ length: H * H }, (_, i) => (i % (H + 1) === 0 ? 1 : 0));
}

/** The whole window by the oracle: its layer with an identity before it, so that its inputs are z. */
function oracle({ T, B, H, relu, reverse, lengths, resets, w, z, h0, dh, dFinal }: Case) {
  const plan: LayerPlan = {
    cell: relu ? elmanRelu : elman,
    weights: {
      weightIh: identity(H),
      weightHh: Float64Array.from(w),
      biasIh: new Float64Array(H),
      biasHh: new Float64Array(H),
    },
    steps: T,
    lengths: Array.from({ length: B }, (_, b) => lengths?.[b] ?? T),
    reverse,
    resets,
  };
  const byState = (rows: Float32Array) =>
    Array.from({ length: B }, (_, b) => ({
      h: Float64Array.from(rows.subarray(b * H, (b + 1) * H)),
      c: new Float64Array(0),
    }));
  const { outputs, states, tape } = layerForward(plan, Float64Array.from(z), byState(h0));
  const { dInputs, dInitial } = layerBackward(plan, tape, Float64Array.from(dh), byState(dFinal));
  const sums = tape.flatMap((taken) =>
    Array.from(taken?.step.input ?? [], (x, j) => x + (taken?.step.recurrent[j] ?? 0)),
  );
  return {
    outputs,
    dInputs,
    final: states.flatMap(({ h }) => [...h]),
    dInitial: dInitial.flatMap(({ h }) => [...h]),
    /** How near a z comes to 0. */
    margin: Math.min(...sums.map(Math.abs)),
  };
}

function windowErrors(window: Case, { h, dz }: Outcome, expected: ReturnType<typeof oracle>): string[] {
  const { T, B, H, reverse } = window;
  const steps = (all: Float32Array): Float32Array =>
    reverse ? all.subarray(0, T * B * H) : all.subarray(B * H);
  const state = (all: Float32Array, at: number): Float32Array => all.subarray(at, at + B * H);
  // The oracle's outputs past a length are 0, the kernel's states the last one.
  const outputs = steps(h).map((x, i) =>
    isPast(window, Math.floor(i / (B * H)), Math.floor(i / H) % B) ? 0 : x,
  );
  const pairs: [string, Float32Array, ArrayLike<number>][] = [
    ["h", outputs, expected.outputs],
    ["the final state", state(h, after(window, reverse ? 0 : T - 1)), expected.final],
    ["dz", steps(dz), expected.dInputs],
    ["the initial state's gradient", state(dz, before(window, reverse ? T - 1 : 0)), expected.dInitial],
  ];
  return pairs.flatMap(([name, actual, wanted]) => {
    const error = relativeError(actual, wanted);
    return error <= TOLERANCE ? [] : [`${name} is ${error} off`];
  });
}

/** Of a tensor's largest number: after 9 steps a few of float32's roundings, 6e-8 each, have added up. */
const TOLERANCE = 2e-6;

function draw(random: Random, sizes: Pick<Case, "T" | "B" | "H" | "relu">, way: Way): Case {
  const { T, B, H } = sizes;
  const window: Case = {
    ...sizes,
    ...way,
    w: fractions(random, H * H, 1 / Math.sqrt(H)),
    z: fractions(random, T * B * H),
    h0: fractions(random, B * H),
    dh: integers(random, T * B * H).map((x) => x / 8),
    dFinal: integers(random, B * H).map((x) => x / 8),
  };
  for (let row = 0; row < T * B; row++) {
    if (!isPast(window, Math.floor(row / B), row % B)) continue;
    window.z.fill(NaN, row * H, (row + 1) * H);
    window.dh.fill(0, row * H, (row + 1) * H);
  }
  return window;
}

/** A window whose max(0, z) has no z so near 0 that rounding decides its side, and what the oracle says of it. */
function drawWindow(random: Random, sizes: Pick<Case, "T" | "B" | "H" | "relu">, way: Way) {
  for (;;) {
    const window = draw(random, sizes, way);
    const expected = oracle(window);
    if (!sizes.relu || expected.margin > 1e-5) return { window, expected };
  }
}

/** Forwards over whole sequences, and one of the other three. */
function waysOf(random: Random, T: number, B: number): Way[] {
  const lengths = Int32Array.from({ length: B }, () => 1 + random.integer(T));
  const others = [
    { reverse: true, lengths: undefined },
    { reverse: false, lengths },
    { reverse: true, lengths },
  ];
  const resets = drawResets(new Random(T, B), T, lengths);
  const anew = [others[2], { reverse: false, lengths: undefined }, others[1]];
  return [{ reverse: false, lengths: undefined }, others[(T + B) % 3], { ...anew[(T + B) % 3], resets }];
}

const to9 = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/** One of each build whose tensors stand at multiples of 64 bytes, and one of each with tensors 32 past. */
const subjects = [0, 8].map((offset) => builds.map((build) => ({ build, on: new Guarded(build, offset) })));

describe.each([
  ["tanh", false],
  ["max(0, ·)", true],
])("the Elman window with %s, T and B from 1 to 9, in every build", (_name, relu) => {
  it.each(sizes)("H = %i: each step is within its rounding, and the window is the oracle's", (H) => {
    const random = new Random(H);
    const found: string[] = [];
    for (const T of to9) {
      for (const B of to9) {
        for (const way of waysOf(random, T, B)) {
          const own = way.resets ? new Random(H, 10 * T + B) : random;
          const { window, expected } = drawWindow(own, { T, B, H, relu }, way);
          const what = describeWindow(window);
          for (const { build, on } of subjects[B % 2]) {
            const outcome = run(on, window);
            const faults = [
              ...forwardFaults(window, outcome),
              ...backwardFaults(window, outcome),
              ...windowErrors(window, outcome, expected),
              ...on.finish(),
            ];
            found.push(...faults.map((fault) => `${build} ${what}: ${fault}`));
          }
        }
      }
    }
    expect(found).toEqual([]);
  });
});
