/**
 * The steps of the cells that ONNX has no operator of, as nodes of opset 14: layer normalisation is an operator from opset 17 on
 * alone. What does not depend on the states comes before the loop, for all steps at once.
 */

import type { Cell } from "../../network/types.js";
import { integer, integers, type GraphBuilder } from "./graph-builder.js";

/** A layer's direction, whose parameters the nodes take. */
export interface Direction {
  readonly graph: GraphBuilder;
  /** H. */
  readonly units: number;
  /** W_ih x_t without a bias, [T, B, G·H]. */
  readonly product: string;
  /** Returns the tensor of a parameter, by the name that stands between "rnn." and its layer. */
  readonly tensor: (kind: string) => string;
  /** Returns the tensor of a weight that MatMul takes. */
  readonly transposed: (kind: string) => string;
}

export interface ScanCell {
  /** Adds what comes before the loop, and returns what a step takes of it: each [T, B, blocks·H]. */
  prepare(direction: Direction): readonly { readonly value: string; readonly blocks: number }[];
  /**
   * Adds a step, and returns the states after it. `before`: the states before, [1, B, H] each; `taken`: what `prepare` said, of
   * this step, [B, blocks·H] each.
   */
  readonly step: (
    direction: Direction,
    graph: GraphBuilder,
    before: readonly string[],
    taken: readonly string[],
  ) => string[];
}

/** ε of layer normalisation, as in the kernels. */
const EPSILON = 1e-5;

const LAST_AXIS = { axis: integer(-1) };
const OVER_LAST_AXIS = { axes: integers(-1), keepdims: integer(1) };

/** Adds (x − mean(x))/√(var(x) + ε) over the last axis. */
function standardize(graph: GraphBuilder, name: string, x: string): string {
  const mean = graph.add("ReduceMean", `${name}_mean`, [x], OVER_LAST_AXIS);
  const centred = graph.add("Sub", `${name}_centred`, [x, mean]);
  const squares = graph.add("Mul", `${name}_squares`, [centred, centred]);
  const variance = graph.add("ReduceMean", `${name}_variance`, [squares], OVER_LAST_AXIS);
  const raised = graph.add("Add", `${name}_raised`, [variance, graph.floats("epsilon", EPSILON)]);
  const deviation = graph.add("Sqrt", `${name}_deviation`, [raised]);
  return graph.add("Div", `${name}_standard`, [centred, deviation]);
}

/** Splits the last axis into parts of so many blocks of H. */
function splitBlocks(
  { units }: Direction,
  graph: GraphBuilder,
  x: string,
  parts: Readonly<Record<string, number>>,
): string[] {
  const blocks = Object.values(parts);
  const sizes = graph.integers(
    `blocks_${blocks.join("_")}`,
    blocks.map((count) => count * units),
  );
  return graph.addSeveral("Split", Object.keys(parts).join("_"), [x, sizes], Object.keys(parts), LAST_AXIS);
}

/** As `standardize`, of a GRU's product: r and z together, n apart. */
function standardizeGates(direction: Direction, graph: GraphBuilder, name: string, x: string): string {
  const [gates, candidate] = splitBlocks(direction, graph, x, { [`${name}_rz`]: 2, [`${name}_n`]: 1 });
  const parts = [standardize(graph, `${name}_rz`, gates), standardize(graph, `${name}_n`, candidate)];
  return graph.add("Concat", `${name}_standard`, parts, LAST_AXIS);
}

/** Adds gain ⊙ x + bias. */
function scale(
  { tensor }: Direction,
  graph: GraphBuilder,
  name: string,
  x: string,
  [gain, bias]: readonly [gain: string, bias: string],
): string {
  const scaled = graph.add("Mul", `${name}_scaled`, [x, tensor(gain)]);
  return graph.add("Add", `${name}_biased`, [scaled, tensor(bias)]);
}

/** Adds W_hh h_{t-1}. */
function recurrentProduct(direction: Direction, graph: GraphBuilder, h: string): string {
  return graph.add("MatMul", "recurrent", [h, direction.transposed("weight_hh")]);
}

/** Adds from + share ⊙ (to − from). */
function moveTowards(graph: GraphBuilder, from: string, share: string, to: string): string {
  const way = graph.add("Mul", "h_way", [share, graph.add("Sub", "h_distance", [to, from])]);
  return graph.add("Add", "h_after", [from, way]);
}

/** h_t = f(N(W_ih x_t + W_hh h_{t-1}; g) + b_ih + b_hh). */
function normalizedElman(activation: "Tanh" | "Relu"): ScanCell {
  return {
    prepare: ({ product }) => [{ value: product, blocks: 1 }],
    step(direction, graph, [h], [x]) {
      const sum = graph.add("Add", "sum", [x, recurrentProduct(direction, graph, h)]);
      const standard = standardize(graph, "sum", sum);
      const biased = scale(direction, graph, "sum", standard, ["norm", "bias_ih"]);
      const z = graph.add("Add", "z", [biased, direction.tensor("bias_hh")]);
      return [graph.add(activation, "h_after", [z])];
    },
  };
}

/** r, z = σ(·), n = tanh(N(W_in x_t) + b_in + r·(N(W_hn h_{t-1}) + b_hn)), h_t = n + z·(h_{t-1} − n). */
const normalizedGru: ScanCell = {
  prepare(direction) {
    const { graph, product } = direction;
    const standard = standardizeGates(direction, graph, "input", product);
    return [{ value: scale(direction, graph, "input", standard, ["norm_ih", "bias_ih"]), blocks: 3 }];
  },
  step(direction, graph, [h], [x]) {
    const product = recurrentProduct(direction, graph, h);
    const standard = standardizeGates(direction, graph, "recurrent", product);
    const y = scale(direction, graph, "recurrent", standard, ["norm_hh", "bias_hh"]);
    const [xGates, xCandidate] = splitBlocks(direction, graph, x, { x_rz: 2, x_n: 1 });
    const [yGates, yCandidate] = splitBlocks(direction, graph, y, { y_rz: 2, y_n: 1 });
    const gates = graph.add("Sigmoid", "rz", [graph.add("Add", "rz_sum", [xGates, yGates])]);
    const [r, z] = splitBlocks(direction, graph, gates, { r: 1, z: 1 });
    const kept = graph.add("Mul", "n_kept", [r, yCandidate]);
    const n = graph.add("Tanh", "n", [graph.add("Add", "n_sum", [xCandidate, kept])]);
    return [moveTowards(graph, n, z, h)];
  },
};

/** i, f, o = σ(·), g = tanh(·), c_t = f·c_{t-1} + i·g, h_t = o·tanh(N(c_t; g_c) + b_c). */
const normalizedLstm: ScanCell = {
  prepare(direction) {
    const { graph, product } = direction;
    const standard = standardize(graph, "input", product);
    return [{ value: scale(direction, graph, "input", standard, ["norm_ih", "bias_ih"]), blocks: 4 }];
  },
  step(direction, graph, [h, c], [x]) {
    const standard = standardize(graph, "recurrent", recurrentProduct(direction, graph, h));
    const y = scale(direction, graph, "recurrent", standard, ["norm_hh", "bias_hh"]);
    const sums = { i_sum: 1, f_sum: 1, g_sum: 1, o_sum: 1 };
    const gates = splitBlocks(direction, graph, graph.add("Add", "sum", [x, y]), sums);
    const [i, f, o] = [0, 1, 3].map((gate) => graph.add("Sigmoid", "ifgo"[gate], [gates[gate]]));
    const g = graph.add("Tanh", "g", [gates[2]]);
    const parts = [graph.add("Mul", "c_kept", [f, c]), graph.add("Mul", "c_written", [i, g])];
    const after = graph.add("Add", "c_after", parts);
    const shown = scale(direction, graph, "c", standardize(graph, "c", after), ["norm_c", "norm_c_bias"]);
    return [graph.add("Mul", "h_after", [o, graph.add("Tanh", "c_tanh", [shown])]), after];
  },
};

/** Adds W_ih x_t + b_ih, and splits it into blocks. */
function splitInputs(direction: Direction, ...blocks: readonly string[]): string[] {
  const { graph, product } = direction;
  const sums = graph.add("Add", "sums", [product, direction.tensor("bias_ih")]);
  return splitBlocks(direction, graph, sums, Object.fromEntries(blocks.map((block) => [block, 1])));
}

/** h_t = h_{t-1} + z·(c − h_{t-1}), z = σ(·). */
const mingru: ScanCell = {
  prepare(direction) {
    const [gate, candidate] = splitInputs(direction, "z_sum", "candidate");
    const z = direction.graph.add("Sigmoid", "z", [gate]);
    return [
      { value: z, blocks: 1 },
      { value: candidate, blocks: 1 },
    ];
  },
  step: (_, graph, [h], [z, candidate]) => [moveTowards(graph, h, z, candidate)],
};

/** The kernels' σ stays as it is from here on down. */
const LEAST_SUM = -87;

/**
 * h_t = h_{t-1} + u·(c − h_{t-1}), u = σ(i)/(σ(f) + σ(i)) of the sums i and f. That is σ(ln σ(i) − ln σ(f)) with −ln σ(x) =
 * softplus(−x), which stays exact where both gates are nearly 0: runtimes have a σ that is off by more than such a gate.
 */
const minlstm: ScanCell = {
  prepare(direction) {
    const { graph } = direction;
    const [f, i, candidate] = splitInputs(direction, "f_sum", "i_sum", "candidate");
    const least = graph.floats("least_sum", LEAST_SUM);
    const [minusLnF, minusLnI] = Object.entries({ f, i }).map(([gate, sum]) => {
      const negative = graph.add("Neg", `minus_${gate}`, [graph.add("Max", `${gate}_bounded`, [sum, least])]);
      return graph.add("Softplus", `minus_ln_${gate}`, [negative]);
    });
    const u = graph.add("Sigmoid", "u", [graph.add("Sub", "u_sum", [minusLnF, minusLnI])]);
    return [
      { value: u, blocks: 1 },
      { value: candidate, blocks: 1 },
    ];
  },
  step: mingru.step,
};

/** Every cell in the form that ONNX has no operator of; undefined where there is no such form. */
export const scanCells = {
  plain: { elman: undefined, "elman-relu": undefined, gru: undefined, lstm: undefined, mingru, minlstm },
  normalized: {
    elman: normalizedElman("Tanh"),
    "elman-relu": normalizedElman("Relu"),
    gru: normalizedGru,
    lstm: normalizedLstm,
    mingru: undefined,
    minlstm: undefined,
  },
} as const satisfies Readonly<Record<"plain" | "normalized", Readonly<Record<Cell, ScanCell | undefined>>>>;
