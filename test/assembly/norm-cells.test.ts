import { describe, expect, it } from "vitest";
import { roundUp, rowsOf, type Region } from "../../src/memory/regions.js";
import { cellOf } from "../../src/network/cells/by-name.js";
import type { CellDefinition, CellNorm, CellRun, NormPointers } from "../../src/network/cells/cell.js";
import { previousSlots, stepSlots } from "../../src/network/cells/state-slots.js";
import type { Cell } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { normalizableCells } from "../network/kinds.js";
import { cells as oracleCells } from "../oracle/cells/by-name.js";
import type { CellState } from "../oracle/cells/cell.js";
import { ROUNDINGS, shakenBy } from "../oracle/conditioning.js";
import { layerBackward, layerForward, type LayerPlan } from "../oracle/layer.js";
import {
  after,
  draw,
  finalIn,
  initialIn,
  isPast,
  outputsOf,
  padBlocks,
  slots,
  stepsFor,
  waysOf,
  type Sizes,
  type Way,
  type Window,
} from "./gated-windows.js";
import { Guarded, mismatch } from "./guarded.js";
import { fractions } from "./values.js";

/** A window whose z is W_ih x_t, [T, B, G·H] in the weights' order, with the layer's other parameters. */
interface NormWindow extends Window {
  /** [G·H] each, and [H]. */
  biasIh: Float32Array;
  biasHh: Float32Array;
  /** By the names of the cell's parameters of layer normalisation. */
  gains: ReadonlyMap<string, Float32Array>;
}

/** Results by name: of the pass, and gradients. */
type Results = Map<string, Float64Array>;

function normOf({ norm }: CellDefinition): CellNorm {
  if (norm === undefined) throw new Error("the cell has no layer normalisation");
  return norm;
}

function drawNorm(random: Random, cell: CellDefinition, sizes: Sizes, way: Way): NormWindow {
  const G = cell.gates.length;
  const window = draw(random, sizes, way, G, G);
  // Of order 1, so that 1/σ of W_hh h is not what decides; what stands past a length would be normalised too: zeros there.
  const w = window.w.map((x) => 4 * x);
  const z = window.z.map((x) => (Number.isNaN(x) ? 0 : x));
  const bias = (): Float32Array => fractions(random, G * sizes.H);
  const gains = normOf(cell).parameters.map(({ name, order, start }) => {
    return [name, fractions(random, order.length * sizes.H).map((g) => g + start)] as const;
  });
  return { ...window, w, z, biasIh: bias(), biasHh: bias(), gains: new Map(gains) };
}

/** Blocks of H values in the order in which they lie in memory, padded; and back. */
function arranged(values: Float32Array, order: readonly number[], H: number): Float32Array {
  const stride = roundUp(H, 8);
  const row = order.length * H;
  const out = new Float32Array((values.length / row) * order.length * stride);
  for (let r = 0; r < values.length / row; r++) {
    order.forEach((block, i) => {
      out.set(values.subarray(r * row + i * H, r * row + (i + 1) * H), (r * order.length + block) * stride);
    });
  }
  return out;
}

function given(values: Float32Array, order: readonly number[], H: number): Float32Array {
  const stride = roundUp(H, 8);
  const row = order.length * stride;
  return Float32Array.from({ length: (values.length / row) * order.length * H }, (_, i) => {
    const [r, at] = [Math.floor(i / (order.length * H)), i % (order.length * H)];
    return values[r * row + order[Math.floor(at / H)] * stride + (at % H)];
  });
}

/** Places of the blocks that the input touches, in the weights' order. */
const inputOrder = ({ gates }: CellDefinition): number[] => gates.map(({ block }) => block);

/** The biases in their blocks of a row of z: b_ih in the first G, b_hh in the last G. */
function biasRow(cell: CellDefinition, { biasIh, biasHh, H }: NormWindow): Float32Array {
  const stride = roundUp(H, 8);
  const row = new Float32Array(cell.blocks * stride);
  const add = (values: Float32Array, first: number): void => {
    values.forEach((value, i) => (row[first * stride + i] += value));
  };
  add(arranged(biasIh, inputOrder(cell), H), 0);
  add(arranged(biasHh, cell.recurrentOrder, H), cell.blocks - cell.recurrentOrder.length);
  return row;
}

/** dLoss/dh_t as the kernels take it. */
function gradientsIn(window: NormWindow): Float32Array {
  const { T, reverse, dh, dFinal } = window;
  const all = slots(window, dh, new Float32Array(dFinal.length));
  const last = after(window, reverse ? 0 : T - 1);
  for (let i = 0; i < dFinal.length; i++) all[last + i] += dFinal[i];
  return all;
}

/** Places a window's regions: what comes in holding nothing is NaN, but for padding. */
function placeRun(on: Guarded, cell: CellDefinition, window: NormWindow): CellRun {
  const { T, B, H, z, h0, c0, dcFinal, reverse, lengths } = window;
  const shapes = cell.plan(T, B, H, true);
  const stride = roundUp(H, 8);
  const products = arranged(z, inputOrder(cell), H);
  const steps = new Float32Array(T * B * H).fill(NaN);
  const joint = shapes.z.rows === 0;
  const bias = biasRow(cell, window);
  const contents: Partial<Record<keyof CellRun["regions"], Float32Array>> = {
    h: slots(window, joint ? z : steps, h0),
    dh: gradientsIn(window),
    c: slots(window, steps, c0),
    dc: dcFinal,
    z: Float32Array.from({ length: T * B * bias.length }, (_, i) => bias[i % bias.length]),
    u: products,
  };
  const regions = Object.fromEntries(
    Object.entries(shapes).map(([name, { rows, columns }]) => {
      if (rows === 0) return [name, { rows, columns, stride: 0, pointer: 0 }];
      const values = contents[name as keyof CellRun["regions"]];
      const nothing = new Float32Array(rows * columns).fill(NaN);
      // The blocks' own padding is part of the columns, and zeros.
      if (columns > H) for (let i = 0; i < nothing.length; i++) if (i % stride >= H) nothing[i] = 0;
      return [name, on.output(name, rows, columns, name === "scales" ? { zeros: 8 } : {}, values ?? nothing)];
    }),
  ) as unknown as CellRun["regions"];
  return {
    steps: T,
    batch: B,
    reverse,
    lengths: lengths ? on.integers("lengths", lengths).pointer : 0,
    resets: 0,
    held: 0,
    regions,
  };
}

/** The kernels of the input's norms, one group after the other. */
function eachGroup(
  cell: CellDefinition,
  H: number,
  visit: (offset: number, blocks: number, scale: number) => void,
): void {
  for (const { first, blocks, scale } of normOf(cell).inputGroups)
    visit(first * roundUp(H, 8) * 4, blocks, scale * 4);
}

/** Runs the window through the kernels, forward and backward. */
function runKernels(
  on: Guarded,
  cell: CellDefinition,
  window: NormWindow,
): { results: Results; faults: string[] } {
  const { T, B, H, w } = window;
  const { kernels, constants } = on.engine;
  const stride = roundUp(H, 8);
  const R = cell.recurrentOrder.length;
  const weight = on.input("w", R * stride, H, padBlocks(arrangedRows(w, cell, H), H * H, stride * H));
  const [panels, backPanels] = [
    on.panels("panels of Wᵀ", R * stride, roundUp(H, 4)),
    on.panels("panels of W", stride, R * stride),
  ];
  kernels.packColumns(panels.pointer, weight.pointer, R * stride, roundUp(H, 4), stride);
  kernels.packRows(backPanels.pointer, weight.pointer, R * stride, stride, stride, R * stride);
  const norm = normOf(cell);
  const gains = new Map(
    norm.parameters.map(({ name, order }) => {
      const values = arranged(window.gains.get(name) ?? new Float32Array(0), order, H);
      return [name, on.input(name, 1, values.length, values)] as const;
    }),
  );
  const bias = on.input("bias", 1, cell.blocks * stride, biasRow(cell, window));
  const norms = { recurrent: 0, state: 0, stateBias: 0, bias: bias.pointer } satisfies NormPointers;
  for (const { name, pointer } of norm.parameters)
    if (pointer) norms[pointer] = gains.get(name)?.pointer ?? 0;

  const run = placeRun(on, cell, window);
  const { h, c, z, u, du, dh, dc, scales } = run.regions;
  const inputGain = gains.get("norm_ih")?.pointer ?? 0;
  const normalizeInput = (pass: number, x: Region): void => {
    eachGroup(cell, H, (offset, blocks, scale) => {
      kernels.normalizeRows(
        ...([z.pointer + offset, x.pointer + offset, u.pointer + offset, scales.pointer + scale] as const),
        ...([inputGain + offset, constants, pass, T * B, blocks, H, stride, z.stride, u.stride] as const),
      );
    });
  };
  normalizeInput(0, u);
  cell.forward(on.engine, run, panels.pointer, norms);
  const tapeNames = ["h", "c", "u", "v", "w"] as const;
  const tape = tapeNames.map((name) => on.read(run.regions[name]));
  cell.backward(on.engine, run, backPanels.pointer, norms);
  normalizeInput(1, du);
  const faults = tapeNames.flatMap((name, i) =>
    mismatch(`${name} after backward`, on.read(run.regions[name]), tape[i]),
  );

  const results: Results = new Map();
  const states = on.read(h);
  results.set("h", Float64Array.from(outputsOf(window, states)));
  results.set("final h", Float64Array.from(finalIn(window, states)));
  results.set("final c", Float64Array.from(c.rows > 0 ? finalIn(window, on.read(c)) : new Float32Array(0)));
  const products = (region: Region, order: readonly number[]): Float32Array =>
    given(padded(on, region), order, H);
  results.set("dx", Float64Array.from(products(norm.inputGradients(run), inputOrder(cell))));
  results.set("dh0", Float64Array.from(initialIn(window, on.read(dh))));
  results.set("dc0", Float64Array.from(dc.rows > 0 ? on.read(dc) : new Float32Array(0)));
  // Weights: Σ d ⊗ h_{t-1}, by plain sums of the kernels' own numbers.
  const dv = products(norm.recurrentGradients(run), cell.recurrentOrder);
  results.set("weight_hh", Float64Array.from(outer(dv, on.read(previousSlots(h, run)), H)));
  for (const { name, order, by, times } of norm.parameters) {
    const out = on.output(`d${name}`, 1, order.length * stride, {}, new Float32Array(order.length * stride));
    const [d, x] = [by(run), times?.(run)];
    kernels.addColumnProducts(
      out.pointer,
      d.pointer,
      x?.pointer ?? 0,
      d.rows,
      out.stride,
      d.stride,
      x?.stride ?? 0,
    );
    results.set(name, Float64Array.from(given(on.read(out), order, H)));
  }
  const dz = z.rows > 0 ? rowsOf(z, 0, T * B) : stepSlots(dh, run);
  results.set("bias_ih", Float64Array.from(columnSums(on, dz, 0, inputOrder(cell), H)));
  results.set("bias_hh", Float64Array.from(columnSums(on, dz, cell.blocks - R, cell.recurrentOrder, H)));
  return { results, faults };
}

/** W_hh in the order in which its blocks lie in memory. */
function arrangedRows(w: Float32Array, { recurrentOrder }: CellDefinition, H: number): Float32Array {
  const out = new Float32Array(w.length);
  recurrentOrder.forEach((block, i) => {
    out.set(w.subarray(i * H * H, (i + 1) * H * H), block * H * H);
  });
  return out;
}

/** A region with its padding. */
function padded(on: Guarded, { pointer, rows, stride }: Region): Float32Array {
  return on.engine.arena.f32.slice(pointer / 4, pointer / 4 + rows * stride);
}

/** Σ over rows of d ⊗ h, [G·H, H]. */
function outer(d: Float32Array, h: Float32Array, H: number): Float64Array {
  const width = d.length / (h.length / H);
  const sums = new Float64Array(width * H);
  for (let r = 0; r * H < h.length; r++) {
    for (let i = 0; i < width; i++)
      for (let j = 0; j < H; j++) sums[i * H + j] += d[r * width + i] * h[r * H + j];
  }
  return sums;
}

function columnSums(
  on: Guarded,
  dz: Region,
  first: number,
  order: readonly number[],
  H: number,
): Float32Array {
  const stride = roundUp(H, 8);
  const sums = new Float32Array(order.length * stride);
  padded(on, dz).forEach((x, i) => {
    const at = (i % dz.stride) - first * stride;
    if (at >= 0 && at < sums.length) sums[at] += x;
  });
  return given(sums, order, H);
}

/** The same by the oracle: a layer with an identity for W_ih; `shake` changes what comes in. */
function runOracle(cell: Cell, window: NormWindow, shake: (values: Float32Array) => Float64Array): Results {
  const { T, B, H, reverse, lengths } = window;
  const oracle = oracleCells[cell];
  const G = oracle.gates;
  const gain = (...names: string[]): Float64Array =>
    shake(
      names.map((name) => window.gains.get(name)).find((found) => found !== undefined) ?? new Float32Array(0),
    );
  const plan: LayerPlan = {
    cell: oracle,
    weights: {
      weightIh: Float64Array.from({ length: (G * H) ** 2 }, (_, i) => (i % (G * H + 1) === 0 ? 1 : 0)),
      weightHh: shake(window.w),
      biasIh: shake(window.biasIh),
      biasHh: shake(window.biasHh),
      norms: {
        input: gain("norm", "norm_ih"),
        recurrent: gain("norm_hh"),
        state: gain("norm_c"),
        stateBias: gain("norm_c_bias"),
      },
    },
    steps: T,
    lengths: Array.from({ length: B }, (_, b) => lengths?.[b] ?? T),
    reverse,
  };
  const byState = (h: Float64Array, c: Float64Array): CellState[] =>
    Array.from({ length: B }, (_, b) => ({
      h: h.slice(b * H, (b + 1) * H),
      c: oracle.keepsC ? c.slice(b * H, (b + 1) * H) : new Float64Array(0),
    }));
  const initial = byState(shake(window.h0), shake(window.c0));
  const { outputs, states, tape } = layerForward(plan, shake(window.z), initial);
  const dFinal = byState(Float64Array.from(window.dFinal), Float64Array.from(window.dcFinal));
  const { dInputs, dInitial, dWeights } = layerBackward(plan, tape, Float64Array.from(window.dh), dFinal);
  const join = (all: readonly CellState[], part: "h" | "c"): Float64Array =>
    Float64Array.from(all.flatMap((state) => [...state[part]]));
  const results: Results = new Map([
    ["h", outputs],
    ["final h", join(states, "h")],
    ["final c", join(states, "c")],
    ["dx", dInputs],
    ["dh0", join(dInitial, "h")],
    ["dc0", join(dInitial, "c")],
    ["weight_hh", dWeights.weightHh],
    ["bias_ih", dWeights.biasIh],
    ["bias_hh", dWeights.biasHh],
  ]);
  const { norms } = dWeights;
  if (norms === undefined) throw new Error("the oracle gave no gradients of gains");
  results.set(oracle.norm?.joint === true ? "norm" : "norm_ih", norms.input);
  if (oracle.norm?.joint !== true) results.set("norm_hh", norms.recurrent);
  if (oracle.keepsC) results.set("norm_c", norms.state).set("norm_c_bias", norms.stateBias);
  return results;
}

/** A few roundings of float32, 6e-8 each, of a tensor's largest number, or of 1; what steepness makes of them comes on top. */
const TOLERANCE = 2e-6;

/** The oracle's results, and how far float32 may be from each. */
function expectedOf(cell: Cell, window: NormWindow): { results: Results; bounds: Map<string, number> } {
  const results = runOracle(cell, window, (values) => Float64Array.from(values));
  const bounds = new Map(
    [...results].map(([name, values]) => {
      return [name, TOLERANCE * values.reduce((most, x) => Math.max(most, Math.abs(x)), 1)] as const;
    }),
  );
  const reaches = new Map<string, number>();
  for (let draw = 0; draw < 4; draw++) {
    const random = new Random(draw, 11);
    const shaken = runOracle(cell, window, (values) => shakenBy(random, Float64Array.from(values)));
    for (const [name, values] of shaken) {
      const exact = results.get(name) ?? values;
      const reach = values.reduce((most, x, i) => Math.max(most, Math.abs(x - exact[i])), 0);
      reaches.set(name, Math.max(reaches.get(name) ?? 0, ROUNDINGS * reach));
    }
  }
  for (const [name, reach] of reaches) bounds.set(name, (bounds.get(name) ?? 0) + reach);
  return { results, bounds };
}

/** A max(0, ·) may be on the other side of 0 in float32: such windows are drawn anew. */
function nearKink(
  cell: Cell,
  window: NormWindow,
  { results, bounds }: ReturnType<typeof expectedOf>,
): boolean {
  if (cell !== "elman-relu") return false;
  const h = results.get("h") ?? [];
  const { B, H } = window;
  return Array.from(h).some((x, i) => {
    const past = isPast(window, Math.floor(i / (B * H)), Math.floor(i / H) % B);
    return !past && x !== 0 && Math.abs(x) < 4 * (bounds.get("h") ?? 0);
  });
}

const subjects = [0, 8].map((offset) => builds.map((build) => ({ build, on: new Guarded(build, offset) })));

// Of fewer units little is left of a gradient that N's derivative takes the mean and x̂ out of: see test/network/stacked.test.ts.
const table = normalizableCells.flatMap((cell) => [4, 5, 8, 17, 32].map((H) => ({ cell, H })));

describe("windows with layer normalisation, T from 1 to 9 and B from 1 to 7, in every build", () => {
  it.each(table)("$cell, H = $H: states and all gradients are the oracle's", ({ cell, H }) => {
    const random = new Random(H);
    const definition = cellOf({ cell, layerNorm: true });
    const found: string[] = [];
    for (const T of stepsFor(H < 17 ? H : 64)) {
      for (let B = 1; B <= 7; B += H < 17 ? 1 : 3) {
        for (const way of waysOf(random, { T, B, H })) {
          let window = drawNorm(random, definition, { T, B, H }, way);
          let expected = expectedOf(cell, window);
          while (nearKink(cell, window, expected)) {
            window = drawNorm(random, definition, { T, B, H }, way);
            expected = expectedOf(cell, window);
          }
          for (const { build, on } of subjects[B % 2]) {
            const { results, faults } = runKernels(on, definition, window);
            for (const [name, values] of expected.results) {
              const bound = new Float64Array(values.length).fill(expected.bounds.get(name) ?? 0);
              faults.push(...mismatch(name, results.get(name) ?? [], values, bound));
            }
            faults.push(...on.finish());
            const what = `${build} T=${T} B=${B}${way.reverse ? " reverse" : ""}${way.lengths ? ` lengths ${way.lengths.join()}` : ""}`;
            found.push(...faults.map((fault) => `${what}: ${fault}`));
          }
        }
      }
    }
    expect(found).toEqual([]);
  });
});
