/**
 * TensorFlow.js by somebody who knows it: operators on the wasm backend, a fused cell with its own back-propagation through
 * time (`customGrad`), transposes made before products because the backend's transposed products are slow, weight gradients
 * in one product over all T·B rows, everything in `tidy`.
 */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
// For its side effect: it registers the gradients, whose own module Node cannot resolve.
import "@tensorflow/tfjs-layers";
import { LEARNING_RATE } from "../ours.js";
import {
  layerOf,
  reorder,
  sizesOf,
  tokensOf,
  transpose,
  valuesOf,
  weightOf,
  type Job,
  type Open,
  type Subject,
} from "../subject.js";

type Matrix = tf.Tensor2D;

/** i, f, o, g: one sigmoid for three gates. */
const LSTM_GATES = [0, 1, 3, 2];

/** [T·B, G·H] of the inputs' part, [H, G·H], [G·H] → the states, [T·B, H]. */
type Recurrence = (pre: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => Matrix;

interface Step {
  readonly h: Matrix;
  /** What backward needs. */
  readonly kept: readonly Matrix[];
}

interface CarriedStep extends Step {
  /** An LSTM's cell state. */
  readonly carried: Matrix;
}

interface Back {
  readonly dPre: Matrix;
  /** Of what the recurrent product gave. */
  readonly dProduct: Matrix;
  /** What goes to the last state past the product. */
  readonly dh?: Matrix;
}

interface CellMath {
  readonly forward: (pre: Matrix, product: Matrix, h: Matrix, carried: Matrix) => CarriedStep;
  readonly backward: (
    step: Step,
    before: { h: Matrix; carried: Matrix },
    dh: Matrix,
    dCarried: Matrix | undefined,
  ) => Back & { dCarried?: Matrix };
}

/** x·W + b, one kernel. */
const affine = (x: Matrix, w: Matrix, bias: tf.Tensor1D): Matrix =>
  tf.fused.matMul({ a: x, b: w, bias }) as Matrix;

const times = (a: Matrix, b: Matrix): Matrix => tf.mul(a, b);
const plus = (a: Matrix, b: Matrix): Matrix => tf.add(a, b);

/**
 * The backend's `split`, and `slice` of rows, copy the whole tensor for each part: 64 steps cut so took 650 ms, and gathered
 * 2. Slices of columns are cheap, transposes of few rows too (15 ms for 2048 rows at once), `sum` over rows is not.
 */
function rowsOf(matrix: Matrix, B: number): Matrix[] {
  const [N, width] = matrix.shape;
  const steps = tf.reshape(matrix, [N / B, B * width]);
  return Array.from({ length: N / B }, (_, t) => tf.reshape(tf.gather(steps, [t]), [B, width]));
}

function columnsOf(matrix: Matrix, parts: number): Matrix[] {
  const [B, width] = matrix.shape;
  const size = width / parts;
  return Array.from({ length: parts }, (_, i) => tf.slice2d(matrix, [0, i * size], [B, size]));
}

/** Aᵀ·B, B rows at a time. */
function transposedProduct(a: readonly Matrix[], b: readonly Matrix[]): Matrix {
  const [total, ...rest] = a.map((rows, t): Matrix => tf.matMul(tf.transpose(rows), b[t]));
  return rest.reduce(plus, total);
}

const sumOfRows = (matrix: Matrix): tf.Tensor =>
  tf.reshape(tf.matMul(tf.ones([1, matrix.shape[0]]), matrix), [-1]);

/** x·(1 - a²) and x·a·(1 - a). */
const tanhBack = (x: Matrix, a: Matrix): Matrix => tf.sub(x, tf.mul(x, tf.square(a)));
const sigmoidBack = (x: Matrix, a: Matrix): Matrix => tf.mul(x, tf.sub(a, tf.square(a)));

const elman: CellMath = {
  forward(pre, product, _h, carried) {
    const h: Matrix = tf.tanh(plus(pre, product));
    return { h, kept: [], carried };
  },
  backward({ h }, _before, dh) {
    const d = tanhBack(dh, h);
    return { dPre: d, dProduct: d };
  },
};

const lstm: CellMath = {
  forward(pre, product, h, carried) {
    const [B, H] = h.shape;
    const z = plus(pre, product);
    const gates: Matrix = tf.sigmoid(tf.slice2d(z, [0, 0], [B, 3 * H]));
    const g: Matrix = tf.tanh(tf.slice2d(z, [0, 3 * H], [B, H]));
    const [i, f, o] = columnsOf(gates, 3);
    const c = plus(times(f, carried), times(i, g));
    const s: Matrix = tf.tanh(c);
    return { h: times(o, s), carried: c, kept: [gates, i, f, o, g, s] };
  },
  backward({ kept: [gates, i, f, o, g, s] }, before, dh, dCarried) {
    const fromH = tanhBack(times(dh, o), s);
    const dc = dCarried === undefined ? fromH : plus(dCarried, fromH);
    const dGates = tf.concat([times(dc, g), times(dc, before.carried), times(dh, s)], 1);
    const d = tf.concat([sigmoidBack(dGates, gates), tanhBack(times(dc, i), g)], 1);
    return { dPre: d, dProduct: d, dCarried: times(dc, f) };
  },
};

const gru: CellMath = {
  forward(pre, product, h, carried) {
    const [B, H] = h.shape;
    const part = (x: Matrix, at: number, width: number): Matrix => tf.slice2d(x, [0, at], [B, width]);
    const gates: Matrix = tf.sigmoid(plus(part(pre, 0, 2 * H), part(product, 0, 2 * H)));
    const [r, z] = columnsOf(gates, 2);
    const q = part(product, 2 * H, H);
    const n: Matrix = tf.tanh(plus(part(pre, 2 * H, H), times(r, q)));
    return { h: plus(n, times(z, tf.sub(h, n))), carried, kept: [gates, r, z, q, n] };
  },
  backward({ kept: [gates, r, z, q, n] }, before, dh) {
    const passed = times(dh, z);
    const dn = tanhBack(tf.sub(dh, passed), n);
    const dGates = sigmoidBack(tf.concat([times(dn, q), times(dh, tf.sub(before.h, n))], 1), gates);
    return { dPre: tf.concat([dGates, dn], 1), dProduct: tf.concat([dGates, times(dn, r)], 1), dh: passed };
  },
};

const cells = { elman, lstm, gru };

/** x·W + b with its gradients by plain products, `B` rows at a time. */
function productOf(B: number): (x: tf.Tensor, w: tf.Tensor, bias: tf.Tensor) => Matrix {
  const product = tf.customGrad((...args) => {
    const [x, w, bias, save] = args as unknown as [Matrix, Matrix, tf.Tensor1D, tf.GradSaveFunc];
    save([x, w]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const [x, w] = saved as Matrix[];
      const d = dy as Matrix;
      return [tf.matMul(d, tf.transpose(w)), transposedProduct(rowsOf(x, B), rowsOf(d, B)), sumOfRows(d)];
    };
    return { value: affine(x, w, bias), gradFunc };
  });
  return product;
}

function recurrenceOf(job: Job): Recurrence {
  const { B, H } = sizesOf(job);
  const { forward, backward } = cells[sizesOf(job).cell];
  const zeros = tf.keep(tf.zeros<tf.Rank.R2>([B, H]));
  const recurrence = tf.customGrad((...args) => {
    const [pre, weight, bias, save] = args as unknown as [Matrix, Matrix, tf.Tensor1D, tf.GradSaveFunc];
    const steps: CarriedStep[] = [];
    let [h, carried] = [zeros, zeros];
    for (const row of rowsOf(pre, B)) {
      const step = forward(row, affine(h, weight, bias), h, carried);
      steps.push(step);
      ({ h, carried } = step);
    }
    save([weight, ...steps.flatMap((step) => [step.h, step.carried, ...step.kept])]);
    const width = 2 + steps[0].kept.length;
    const gradFunc = (dStates: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] =>
      backThroughTime(dStates as Matrix, saved as Matrix[], width);
    return {
      value: tf.concat(
        steps.map((step) => step.h),
        0,
      ),
      gradFunc,
    };
  });
  const backThroughTime = (dStates: Matrix, [weight, ...saved]: Matrix[], width: number): tf.Tensor[] => {
    const steps: CarriedStep[] = [];
    for (let at = 0; at < saved.length; at += width) {
      const [h, carried, ...kept] = saved.slice(at, at + width);
      steps.push({ h, carried, kept });
    }
    const turned = tf.transpose(weight);
    const rows = rowsOf(dStates, B);
    const dPre: Matrix[] = [];
    const dProducts: Matrix[] = [];
    let dh: Matrix | undefined;
    let dCarried: Matrix | undefined;
    for (let t = steps.length - 1; t >= 0; t--) {
      const before = t === 0 ? { h: zeros, carried: zeros } : steps[t - 1];
      const back = backward(steps[t], before, dh === undefined ? rows[t] : plus(rows[t], dh), dCarried);
      const down: Matrix = tf.matMul(back.dProduct, turned);
      dh = back.dh === undefined ? down : plus(down, back.dh);
      dCarried = back.dCarried;
      dPre.unshift(back.dPre);
      dProducts.unshift(back.dProduct);
    }
    const last = [zeros, ...steps.slice(0, -1).map((step) => step.h)];
    return [tf.concat(dPre, 0), transposedProduct(last, dProducts), sumOfRows(tf.concat(dProducts, 0))];
  };
  return recurrence;
}

interface LayerWeights {
  readonly input: tf.Variable<tf.Rank.R2>;
  readonly recurrent: tf.Variable<tf.Rank.R2>;
  readonly inputBias: tf.Variable<tf.Rank.R1>;
  readonly recurrentBias: tf.Variable<tf.Rank.R1>;
}

/** Weights transposed, [I, G·H], gates in the order of the cell above. */
function layerWeights(job: Job, k: number): LayerWeights {
  const { cell, G, H, I } = sizesOf(job);
  const width = k === 0 ? I : H;
  const of = (values: Float32Array, size: number): Float32Array =>
    cell === "lstm" ? reorder(values, LSTM_GATES, size) : values;
  const matrix = (values: Float32Array, columns: number) =>
    tf.variable(tf.tensor2d(transpose(of(values, H * columns), G * H, columns), [columns, G * H]));
  const vector = (values: Float32Array) => tf.variable(tf.tensor1d(of(values, H)));
  const { input, recurrent, inputBias, recurrentBias } = layerOf(job, k);
  return {
    input: matrix(input, width),
    recurrent: matrix(recurrent, H),
    inputBias: vector(inputBias),
    recurrentBias: vector(recurrentBias),
  };
}

class Expert {
  private readonly layers: LayerWeights[];
  private readonly head: tf.Variable<tf.Rank.R2>;
  private readonly headBias: tf.Variable<tf.Rank.R1>;
  private readonly recurrence: Recurrence;
  private readonly product: (x: tf.Tensor, w: tf.Tensor, bias: tf.Tensor) => Matrix;
  private readonly optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);

  constructor(private readonly job: Job) {
    const { L, H, O } = sizesOf(job);
    this.layers = Array.from({ length: L }, (_, k) => layerWeights(job, k));
    this.head = tf.variable(tf.tensor2d(transpose(weightOf(job, "head.weight"), O, H), [H, O]));
    this.headBias = tf.variable(tf.tensor1d(weightOf(job, "head.bias")));
    this.recurrence = recurrenceOf(job);
    this.product = productOf(sizesOf(job).B);
  }

  /** Outputs of T·B rows, or of the last B. */
  outputs(x: Matrix, lastOnly: boolean): Matrix {
    const { B, H } = sizesOf(this.job);
    let rows = x;
    for (const { input, recurrent, inputBias, recurrentBias } of this.layers) {
      rows = this.recurrence(this.product(rows, input, inputBias), recurrent, recurrentBias);
    }
    if (lastOnly) rows = tf.slice2d(rows, [rows.shape[0] - B, 0], [B, H]);
    return this.product(rows, this.head, this.headBias);
  }

  train(x: Matrix, y: Matrix): number {
    const lastOnly = sizesOf(this.job).values !== undefined;
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const outputs = this.outputs(x, lastOnly);
        return lastOnly ? tf.losses.meanSquaredError(y, outputs) : tf.losses.softmaxCrossEntropy(y, outputs);
      });
      this.optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value.dataSync()[0];
    });
  }

  /** One token on, its row of the input weights looked up. */
  stream(token: number, { h, carried }: { h: Matrix; carried: Matrix }): CarriedStep & { y: Matrix } {
    const [{ input, recurrent, inputBias, recurrentBias }] = this.layers;
    const pre: Matrix = tf.add(tf.gather(input, [token]), inputBias);
    const { forward } = cells[sizesOf(this.job).cell];
    const step = forward(pre, affine(h, recurrent, recurrentBias), h, carried);
    return { ...step, y: affine(step.h, this.head, this.headBias) };
  }
}

const oneHot = (tokens: Int32Array, V: number): Matrix =>
  tf.tidy(() => tf.cast(tf.reshape<tf.Rank.R2>(tf.oneHot(tokens, V), [tokens.length, V]), "float32"));

function streamer(job: Job, expert: Expert): Subject {
  const { H, V } = sizesOf(job);
  let state = { h: tf.zeros<tf.Rank.R2>([1, H]), carried: tf.zeros<tf.Rank.R2>([1, H]) };
  let y = new Float32Array();
  let token = 0;
  const step = (): undefined => {
    const next = tf.tidy(() => {
      const { h, carried, y: out } = expert.stream(token, state);
      y = out.dataSync<"float32">() as Float32Array<ArrayBuffer>;
      return { h, carried };
    });
    tf.dispose(state);
    state = next;
    token = (token + 1) % V;
  };
  return { step, outputs: () => y };
}

function open(job: Job): Subject {
  const { T, B, V, I, values } = sizesOf(job);
  const expert = new Expert(job);
  if (job.task.kind === "one streaming step") return streamer(job, expert);
  const x =
    values === undefined ? oneHot(tokensOf(job).tokens, V) : tf.tensor2d(valuesOf(job).values, [T * B, I]);
  if (job.task.kind === "training step") {
    const y =
      values === undefined ? oneHot(tokensOf(job).classes, V) : tf.tensor2d(valuesOf(job).last, [B, 1]);
    return { step: () => expert.train(x, y) };
  }
  let y = new Float32Array();
  const step = (): undefined => {
    y = tf.tidy(() => expert.outputs(x, false).dataSync<"float32">()) as Float32Array<ArrayBuffer>;
  };
  return { step, outputs: () => y };
}

export async function load(): Promise<Open> {
  if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend did not start");
  await tf.ready();
  return open;
}
