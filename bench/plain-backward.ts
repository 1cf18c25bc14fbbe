/** Runs an Elman network backward in plain float32, to count what would become subnormal there. */
import type { Network } from "../src/network/types.js";
import type { Window } from "./work.js";

const LEAST_NORMAL = 1.1754943508222875e-38;

/** Returns a[rows, columns] · x, or aᵀ · x, with every sum in float32. */
function product(a: Float32Array, x: Float32Array, rows: number, transposed: boolean): Float32Array {
  const columns = a.length / rows;
  const out = new Float32Array(transposed ? columns : rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [to, from] = transposed ? [c, r] : [r, c];
      out[to] += a[r * columns + c] * x[from];
    }
  }
  return out;
}

/** Returns the states of sequence 0, from zeros: h_0 … h_T. */
function statesOf(network: Network, { sequence }: Window): Float32Array[] {
  const { hiddenSize: H, inputSize: I } = network.options;
  const read = (name: string): Float32Array => network.parameter(name).read();
  const input = read("rnn.weight_ih_l0");
  const recurrent = read("rnn.weight_hh_l0");
  const biases = [read("rnn.bias_ih_l0"), read("rnn.bias_hh_l0")];
  const states = [new Float32Array(H)];
  for (let t = 0; t < sequence.steps; t++) {
    const token = sequence.tokens?.[t * sequence.batch] ?? 0;
    const carried = product(recurrent, states[t], H, false);
    states.push(carried.map((z, i) => Math.tanh(z + input[i * I + token] + biases[0][i] + biases[1][i])));
  }
  return states;
}

/** Returns scale·(softmax(x) − onehot(target)); zeros for the target −1. */
function outputGradient(x: Float32Array, target: number, scale: number): Float32Array {
  if (target < 0) return new Float32Array(x.length);
  const exponentials = Float64Array.from(x, Math.exp);
  const sum = exponentials.reduce((total, e) => total + e, 0);
  return Float32Array.from(exponentials, (e, i) => scale * (e / sum - (i === target ? 1 : 0)));
}

/**
 * Returns the share of subnormal numbers among dLoss/dz of sequence 0, tanh cell, if nothing were flushed.
 */
export function countSubnormals(network: Network, window: Window): number {
  const { hiddenSize: H, outputSize: O } = network.options;
  const { sequence, target } = window;
  const classes = target.classes ?? new Int32Array(0);
  const states = statesOf(network, window);
  const recurrent = network.parameter("rnn.weight_hh_l0").read();
  const head = network.parameter("head.weight").read();
  const bias = network.parameter("head.bias").read();
  const scale = 1 / classes.filter((c) => c >= 0).length;
  let carried: Float32Array = new Float32Array(H);
  let subnormal = 0;
  for (let t = sequence.steps; t > 0; t--) {
    const h = states[t];
    const outputs = product(head, h, O, false).map((x, i) => x + bias[i]);
    const own = product(head, outputGradient(outputs, classes[(t - 1) * sequence.batch], scale), O, true);
    const dz = own.map((d, i) => Math.fround(d + carried[i]) * (1 - h[i] * h[i]));
    subnormal += dz.filter((d) => d !== 0 && Math.abs(d) < LEAST_NORMAL).length;
    carried = product(recurrent, dz, H, true);
  }
  return subnormal / (H * sequence.steps);
}
