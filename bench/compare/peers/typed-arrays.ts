/**
 * What a good programmer writes in an afternoon: plain JavaScript on typed arrays, forward, back-propagation through time
 * and Adam. All T·B rows at once where time does not forbid it; products naive, or in blocks of 4 × 4 sums.
 */
import { LEARNING_RATE } from "../ours.js";
import {
  sizesOf,
  tokensOf,
  transpose,
  valuesOf,
  weightOf,
  type Job,
  type Open,
  type Subject,
} from "../subject.js";

/** A matrix in a typed array: where it begins, and how far apart rows and columns are. */
interface View {
  readonly data: Float32Array;
  readonly at: number;
  readonly row: number;
  readonly column: number;
}

/** C += A·B, M × N × K. */
type Product = (C: View, A: View, B: View, M: number, N: number, K: number) => void;

const rows = (data: Float32Array, width: number, at = 0): View => ({ data, at, row: width, column: 1 });
const turned = ({ data, at, row, column }: View): View => ({ data, at, row: column, column: row });

const naive: Product = (C, A, B, M, N, K) => {
  const [a, b, c] = [A.data, B.data, C.data];
  for (let m = 0; m < M; m++)
    for (let n = 0; n < N; n++) {
      let total = 0;
      let p = A.at + m * A.row;
      let q = B.at + n * B.column;
      for (let k = 0; k < K; k++, p += A.column, q += B.row) total += a[p] * b[q];
      c[C.at + m * C.row + n * C.column] += total;
    }
};

const from = (view: View, row: number, column: number): View => ({
  ...view,
  at: view.at + row * view.row + column * view.column,
});

const blocked: Product = (C, A, B, M, N, K) => {
  const M4 = M & ~3;
  const N4 = N & ~3;
  for (let n = 0; n < N4; n += 4) for (let m = 0; m < M4; m += 4) block(C, A, B, m, n, K);
  if (N4 < N && M4 > 0) naive(from(C, 0, N4), A, from(B, 0, N4), M4, N - N4, K);
  if (M4 < M) naive(from(C, M4, 0), from(A, M4, 0), B, M - M4, N, K);
};

function block(C: View, A: View, B: View, m: number, n: number, K: number): void {
  const [a, b, c] = [A.data, B.data, C.data];
  const [ar, ac, br, bc] = [A.row, A.column, B.row, B.column];
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  let p = A.at + m * ar;
  let q = B.at + n * bc;
  for (let k = 0; k < K; k++, p += ac, q += br) {
    const a0 = a[p];
    const a1 = a[p + ar];
    const a2 = a[p + 2 * ar];
    const a3 = a[p + 3 * ar];
    const b0 = b[q];
    const b1 = b[q + bc];
    const b2 = b[q + 2 * bc];
    const b3 = b[q + 3 * bc];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  const r = C.at + m * C.row + n * C.column;
  const [cr, cc] = [C.row, C.column];
  c[r] += s00;
  c[r + cc] += s01;
  c[r + 2 * cc] += s02;
  c[r + 3 * cc] += s03;
  c[r + cr] += s10;
  c[r + cr + cc] += s11;
  c[r + cr + 2 * cc] += s12;
  c[r + cr + 3 * cc] += s13;
  c[r + 2 * cr] += s20;
  c[r + 2 * cr + cc] += s21;
  c[r + 2 * cr + 2 * cc] += s22;
  c[r + 2 * cr + 3 * cc] += s23;
  c[r + 3 * cr] += s30;
  c[r + 3 * cr + cc] += s31;
  c[r + 3 * cr + 2 * cc] += s32;
  c[r + 3 * cr + 3 * cc] += s33;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A parameter with its gradient and Adam's moments. */
class Weight {
  readonly gradient: Float32Array;
  private readonly mean: Float32Array;
  private readonly square: Float32Array;

  constructor(readonly value: Float32Array) {
    this.gradient = new Float32Array(value.length);
    this.mean = new Float32Array(value.length);
    this.square = new Float32Array(value.length);
  }

  update(step: number): void {
    const { value, gradient, mean, square } = this;
    const rate = LEARNING_RATE / (1 - 0.9 ** step);
    const scale = 1 / Math.sqrt(1 - 0.999 ** step);
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i];
      mean[i] = 0.9 * mean[i] + 0.1 * g;
      square[i] = 0.999 * square[i] + 0.001 * g * g;
      value[i] -= (rate * mean[i]) / (Math.sqrt(square[i]) * scale + 1e-8);
    }
  }
}

/** One layer over a window; states at t = 0 are zeros, or for streaming what the last step left. */
class Layer {
  /** Kept transposed, [I, G·H]: a token's row is contiguous. */
  readonly input: Weight;
  readonly recurrent: Weight;
  readonly inputBias: Weight;
  readonly recurrentBias: Weight;
  /** Gates after their functions; of a GRU also W_hn·h + b_hn. */
  private readonly gates: Float32Array;
  private readonly hn: Float32Array;
  private readonly products: Float32Array;
  /** (T+1)·B rows: the initial state first. */
  readonly h: Float32Array;
  private readonly c: Float32Array;
  readonly dh: Float32Array;
  private readonly dc: Float32Array;
  private readonly dGates: Float32Array;
  /** Of a GRU, what W_hh sees: as dGates, but for n, which r scales. */
  private readonly dRecurrent: Float32Array;

  constructor(
    private readonly job: Job,
    k: number,
    private readonly width: number,
    private readonly product: Product,
  ) {
    const { H, G, B, T } = sizesOf(job);
    this.input = new Weight(transpose(weightOf(job, `rnn.weight_ih_l${k}`), G * H, width));
    this.recurrent = new Weight(weightOf(job, `rnn.weight_hh_l${k}`).slice());
    this.inputBias = new Weight(weightOf(job, `rnn.bias_ih_l${k}`).slice());
    this.recurrentBias = new Weight(weightOf(job, `rnn.bias_hh_l${k}`).slice());
    const N = T * B;
    this.gates = new Float32Array(N * G * H);
    this.hn = new Float32Array(G === 3 ? N * H : 0);
    this.products = new Float32Array(B * G * H);
    this.h = new Float32Array((N + B) * H);
    this.c = new Float32Array(G === 4 ? (N + B) * H : 0);
    this.dh = new Float32Array((N + B) * H);
    this.dc = new Float32Array(G === 4 ? B * H : 0);
    this.dGates = new Float32Array(N * G * H);
    this.dRecurrent = G === 3 ? new Float32Array(N * G * H) : this.dGates;
  }

  get weights(): Weight[] {
    return [this.input, this.recurrent, this.inputBias, this.recurrentBias];
  }

  /** `x`: tokens, or rows of values. */
  forward(x: Int32Array | Float32Array): void {
    const { H, G, B, T } = sizesOf(this.job);
    const { gates, width } = this;
    const wide = G * H;
    for (let r = 0; r < T * B; r++) gates.set(this.inputBias.value, r * wide);
    if (x instanceof Int32Array) {
      const W = this.input.value;
      for (let r = 0; r < T * B; r++)
        for (let j = 0, w = x[r] * wide, g = r * wide; j < wide; j++) gates[g + j] += W[w + j];
    } else this.product(rows(gates, wide), rows(x, width), rows(this.input.value, wide), T * B, wide, width);
    for (let t = 0; t < T; t++) this.forwardStep(t);
  }

  private forwardStep(t: number): void {
    const { H, G, B, cell } = sizesOf(this.job);
    const { h, products, gates } = this;
    const wide = G * H;
    for (let b = 0; b < B; b++) products.set(this.recurrentBias.value, b * wide);
    this.product(
      rows(products, wide),
      rows(h, H, t * B * H),
      turned(rows(this.recurrent.value, H)),
      B,
      wide,
      H,
    );
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const g = row * wide;
      const p = b * wide;
      const next = (row + B) * H;
      const last = row * H;
      if (cell === "lstm") this.lstm(g, p, last, next);
      else if (cell === "gru") this.gru(g, p, last, next);
      else for (let j = 0; j < H; j++) h[next + j] = gates[g + j] = Math.tanh(gates[g + j] + products[p + j]);
    }
  }

  private lstm(g: number, p: number, last: number, next: number): void {
    const { H } = sizesOf(this.job);
    const { gates, products, h, c } = this;
    for (let j = 0; j < H; j++) {
      const i = sigmoid(gates[g + j] + products[p + j]);
      const f = sigmoid(gates[g + H + j] + products[p + H + j]);
      const n = Math.tanh(gates[g + 2 * H + j] + products[p + 2 * H + j]);
      const o = sigmoid(gates[g + 3 * H + j] + products[p + 3 * H + j]);
      gates[g + j] = i;
      gates[g + H + j] = f;
      gates[g + 2 * H + j] = n;
      gates[g + 3 * H + j] = o;
      c[next + j] = f * c[last + j] + i * n;
      h[next + j] = o * Math.tanh(c[next + j]);
    }
  }

  private gru(g: number, p: number, last: number, next: number): void {
    const { H } = sizesOf(this.job);
    const { gates, products, h, hn } = this;
    for (let j = 0; j < H; j++) {
      const r = sigmoid(gates[g + j] + products[p + j]);
      const z = sigmoid(gates[g + H + j] + products[p + H + j]);
      const q = products[p + 2 * H + j];
      const n = Math.tanh(gates[g + 2 * H + j] + r * q);
      gates[g + j] = r;
      gates[g + H + j] = z;
      gates[g + 2 * H + j] = n;
      hn[last + j] = q;
      h[next + j] = n + z * (h[last + j] - n);
    }
  }

  /** `dh` holds what comes from above. `dx` takes what goes down. */
  backward(x: Int32Array | Float32Array, dx: Float32Array | undefined): void {
    const { H, G, B, T } = sizesOf(this.job);
    const { dGates, dRecurrent, width } = this;
    const wide = G * H;
    this.dc.fill(0);
    for (let t = T - 1; t >= 0; t--) this.backwardStep(t);
    const N = T * B;
    const d = rows(dGates, wide);
    this.product(
      rows(this.recurrent.gradient, H),
      turned(rows(dRecurrent, wide)),
      rows(this.h, H),
      wide,
      H,
      N,
    );
    for (let r = 0; r < N; r++)
      for (let j = 0, g = r * wide; j < wide; j++) {
        this.inputBias.gradient[j] += dGates[g + j];
        this.recurrentBias.gradient[j] += dRecurrent[g + j];
      }
    if (x instanceof Int32Array) {
      const dW = this.input.gradient;
      for (let r = 0; r < N; r++)
        for (let j = 0, w = x[r] * wide, g = r * wide; j < wide; j++) dW[w + j] += dGates[g + j];
    } else this.product(rows(this.input.gradient, wide), turned(rows(x, width)), d, width, wide, N);
    if (dx !== undefined)
      this.product(rows(dx, width), d, turned(rows(this.input.value, wide)), N, width, wide);
  }

  private backwardStep(t: number): void {
    const { H, G, B, cell } = sizesOf(this.job);
    const { h, dh, dGates, dRecurrent } = this;
    const wide = G * H;
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const g = row * wide;
      const next = (row + B) * H;
      if (cell === "lstm") this.lstmBack(g, row * H, next, b * H);
      else if (cell === "gru") this.gruBack(g, row * H, next);
      else for (let j = 0; j < H; j++) dGates[g + j] = dh[next + j] * (1 - h[next + j] * h[next + j]);
    }
    if (t === 0) return;
    const d = rows(dRecurrent, wide, t * B * wide);
    this.product(rows(dh, H, t * B * H), d, rows(this.recurrent.value, H), B, H, wide);
  }

  private lstmBack(g: number, last: number, next: number, at: number): void {
    const { H } = sizesOf(this.job);
    const { gates, dGates, c, dc, dh } = this;
    for (let j = 0; j < H; j++) {
      const i = gates[g + j];
      const f = gates[g + H + j];
      const n = gates[g + 2 * H + j];
      const o = gates[g + 3 * H + j];
      const s = Math.tanh(c[next + j]);
      const d = dh[next + j];
      const e = dc[at + j] + d * o * (1 - s * s);
      dGates[g + j] = e * n * i * (1 - i);
      dGates[g + H + j] = e * c[last + j] * f * (1 - f);
      dGates[g + 2 * H + j] = e * i * (1 - n * n);
      dGates[g + 3 * H + j] = d * s * o * (1 - o);
      dc[at + j] = e * f;
    }
  }

  private gruBack(g: number, last: number, next: number): void {
    const { H } = sizesOf(this.job);
    const { gates, dGates, dRecurrent, h, hn, dh } = this;
    for (let j = 0; j < H; j++) {
      const r = gates[g + j];
      const z = gates[g + H + j];
      const n = gates[g + 2 * H + j];
      const d = dh[next + j];
      const dn = d * (1 - z) * (1 - n * n);
      const dr = dn * hn[last + j] * r * (1 - r);
      const dz = d * (h[last + j] - n) * z * (1 - z);
      dGates[g + j] = dRecurrent[g + j] = dr;
      dGates[g + H + j] = dRecurrent[g + H + j] = dz;
      dGates[g + 2 * H + j] = dn;
      dRecurrent[g + 2 * H + j] = dn * r;
      dh[last + j] += d * z;
    }
  }

  /** For the next window of one step. */
  carry(): void {
    const { H, B, T } = sizesOf(this.job);
    this.h.copyWithin(0, T * B * H);
    this.c.copyWithin(0, T * B * H);
  }
}

class PlainNetwork {
  private readonly layers: Layer[];
  private readonly head: Weight;
  private readonly headBias: Weight;
  readonly outputs: Float32Array;
  private updates = 0;

  constructor(
    private readonly job: Job,
    private readonly product: Product,
  ) {
    const { L, I, H, O, T, B } = sizesOf(job);
    this.layers = Array.from({ length: L }, (_, k) => new Layer(job, k, k === 0 ? I : H, product));
    this.head = new Weight(weightOf(job, "head.weight").slice());
    this.headBias = new Weight(weightOf(job, "head.bias").slice());
    this.outputs = new Float32Array(T * B * O);
  }

  private statesOf(k: number): Float32Array {
    const { B, H } = sizesOf(this.job);
    return this.layers[k].h.subarray(B * H);
  }

  forward(x: Int32Array | Float32Array): void {
    const { H, O, T, B, L } = sizesOf(this.job);
    this.layers.forEach((layer, k) => {
      layer.forward(k === 0 ? x : this.statesOf(k - 1));
    });
    for (let r = 0; r < T * B; r++) this.outputs.set(this.headBias.value, r * O);
    this.product(
      rows(this.outputs, O),
      rows(this.statesOf(L - 1), H),
      turned(rows(this.head.value, H)),
      T * B,
      O,
      H,
    );
  }

  carry(): void {
    for (const layer of this.layers) layer.carry();
  }

  /** Turns outputs into their gradient; the loss. */
  private lossBack(): number {
    const { O, T, B, values } = sizesOf(this.job);
    const y = this.outputs;
    let loss = 0;
    if (values !== undefined) {
      const { last } = valuesOf(this.job);
      y.fill(0, 0, (T - 1) * B);
      last.forEach((target, b) => {
        const e = y[(T - 1) * B + b] - target;
        loss += (e * e) / B;
        y[(T - 1) * B + b] = (2 * e) / B;
      });
      return loss;
    }
    const { classes } = tokensOf(this.job);
    for (let r = 0; r < T * B; r++) {
      const row = y.subarray(r * O, (r + 1) * O);
      let most = -Infinity;
      for (let j = 0; j < O; j++) most = Math.max(most, row[j]);
      let total = 0;
      const own = row[classes[r]] - most;
      for (let j = 0; j < O; j++) total += row[j] = Math.exp(row[j] - most);
      loss += (Math.log(total) - own) / (T * B);
      for (let j = 0; j < O; j++) row[j] /= total * T * B;
      row[classes[r]] -= 1 / (T * B);
    }
    return loss;
  }

  train(x: Int32Array | Float32Array): number {
    const { H, O, T, B, L } = sizesOf(this.job);
    const weights = [...this.layers.flatMap((layer) => layer.weights), this.head, this.headBias];
    for (const { gradient } of weights) gradient.fill(0);
    this.forward(x);
    const loss = this.lossBack();
    const d = rows(this.outputs, O);
    const N = T * B;
    this.product(rows(this.head.gradient, H), turned(d), rows(this.statesOf(L - 1), H), O, H, N);
    for (let r = 0; r < N; r++)
      for (let j = 0; j < O; j++) this.headBias.gradient[j] += this.outputs[r * O + j];
    for (const { dh } of this.layers) dh.fill(0);
    const down = (k: number): Float32Array => this.layers[k].dh.subarray(B * H);
    this.product(rows(down(L - 1), H), d, rows(this.head.value, H), N, H, O);
    for (let k = L - 1; k >= 0; k--)
      this.layers[k].backward(k === 0 ? x : this.statesOf(k - 1), k === 0 ? undefined : down(k - 1));
    this.updates++;
    for (const weight of weights) weight.update(this.updates);
    return loss;
  }
}

function open(job: Job, product: Product): Subject {
  const network = new PlainNetwork(job, product);
  const { V } = sizesOf(job);
  const outputs = (): Float32Array => network.outputs;
  if (job.task.kind === "one streaming step") {
    const token = new Int32Array(1);
    const step = (): undefined => {
      network.forward(token);
      network.carry();
      token[0] = (token[0] + 1) % V;
    };
    return { step, outputs };
  }
  const { sequence } = job.window;
  const x = sequence.values ?? tokensOf(job).tokens;
  if (job.task.kind === "training step") return { step: () => network.train(x) };
  return {
    step: () => {
      network.forward(x);
      return undefined;
    },
    outputs,
  };
}

export const loadBlocked = (): Open => (job) => open(job, blocked);
export const loadNaive = (): Open => (job) => open(job, naive);
