/** jax-js as its README advises: pure functions, `valueAndGrad`, one `jit` around the whole step, on its wasm device. */
import { init, jit, nn, numpy as np, valueAndGrad, type JsTree } from "@jax-js/jax";
import { LEARNING_RATE } from "../ours.js";
import {
  layerOf,
  sizesOf,
  tokensOf,
  transpose,
  valuesOf,
  weightOf,
  type Job,
  type Open,
  type Subject,
} from "../subject.js";

type Values = np.Array;

/** Weights transposed: of each layer W_ih, W_hh, b_ih, b_hh, then the head's two. */
function parametersOf(job: Job): Values[] {
  const { G, H, I, L, O } = sizesOf(job);
  const matrix = (values: Float32Array, rows: number, columns: number): Values =>
    np.array(transpose(values, rows, columns) as Float32Array<ArrayBuffer>).reshape([columns, rows]);
  const vector = (values: Float32Array): Values => np.array(values.slice());
  const layers = Array.from({ length: L }, (_, k) => {
    const { input, recurrent, inputBias, recurrentBias } = layerOf(job, k);
    const width = k === 0 ? I : H;
    return [
      matrix(input, G * H, width),
      matrix(recurrent, G * H, H),
      vector(inputBias),
      vector(recurrentBias),
    ];
  });
  return [...layers.flat(), matrix(weightOf(job, "head.weight"), O, H), vector(weightOf(job, "head.bias"))];
}

interface State {
  readonly h: Values;
  readonly c: Values;
}

/** One step of a cell; like every function of jax-js it uses its arguments up. */
function cellStep(job: Job, pre: Values, product: Values, { h, c }: State): State {
  const { cell } = sizesOf(job);
  if (cell === "lstm") {
    const [i, f, g, o] = np.split(pre.add(product), 4, 1);
    const next = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)));
    return { h: nn.sigmoid(o).mul(np.tanh(next.ref)), c: next };
  }
  if (cell === "gru") {
    const [xr, xz, xn] = np.split(pre, 3, 1);
    const [hr, hz, hn] = np.split(product, 3, 1);
    const z = nn.sigmoid(xz.add(hz));
    const n = np.tanh(xn.add(nn.sigmoid(xr.add(hr)).mul(hn)));
    return { h: n.ref.add(z.mul(h.sub(n))), c };
  }
  h.dispose();
  return { h: np.tanh(pre.add(product)), c };
}

/** Outputs of all T·B rows, or of the last B. */
function outputsOf(job: Job, parameters: Values[], x: Values): Values {
  const { B, H, L, T, values } = sizesOf(job);
  let rows = x;
  for (let k = 0; k < L; k++) {
    const [input, recurrent, inputBias, recurrentBias] = parameters.slice(4 * k, 4 * k + 4);
    const pre = np.split(np.matmul(rows, input).add(inputBias), T, 0);
    let state: State = { h: np.zeros([B, H]), c: np.zeros([B, H]) };
    const states: Values[] = [];
    for (const row of pre) {
      const product = np.matmul(state.h.ref, recurrent.ref).add(recurrentBias.ref);
      state = cellStep(job, row, product, state);
      states.push(state.h.ref);
    }
    recurrent.dispose();
    recurrentBias.dispose();
    state.h.dispose();
    state.c.dispose();
    if (values !== undefined && k === L - 1) {
      for (const early of states.slice(0, -1)) early.dispose();
      rows = states[T - 1];
    } else rows = np.concatenate(states, 0);
  }
  return np.matmul(rows, parameters[4 * L]).add(parameters[4 * L + 1]);
}

function lossOf(job: Job, parameters: Values[], x: Values, y: Values): Values {
  const { T, B, values } = sizesOf(job);
  const outputs = outputsOf(job, parameters, x);
  if (values !== undefined) return np.square(outputs.sub(y)).mean();
  return nn
    .logSoftmax(outputs, -1)
    .mul(y)
    .sum()
    .mul(-1 / (T * B));
}

type TrainState = { parameters: Values[]; means: Values[]; squares: Values[] };

/** Adam's `rate` holds both corrections: lr·√(1-β₂ᵗ)/(1-β₁ᵗ), and `epsilon` ε·√(1-β₂ᵗ). */
function update(job: Job, state: TrainState, x: Values, y: Values, rate: Values, epsilon: Values) {
  const loss = (parameters: Values[], x: Values, y: Values): Values => lossOf(job, parameters, x, y);
  const old = state.parameters.map((p) => p.ref);
  const [value, gradients] = valueAndGrad(loss)(state.parameters, x, y) as unknown as [Values, Values[]];
  const means = state.means.map((m, i) => m.mul(0.9).add(gradients[i].ref.mul(0.1)));
  const squares = state.squares.map((v, i) => v.mul(0.999).add(np.square(gradients[i]).mul(0.001)));
  const parameters = old.map((p, i) =>
    p.sub(means[i].ref.mul(rate.ref).div(np.sqrt(squares[i].ref).add(epsilon.ref))),
  );
  rate.dispose();
  epsilon.dispose();
  return { value, state: { parameters, means, squares } };
}

const oneHot = (tokens: Int32Array, V: number): Values => {
  const rows = new Float32Array(tokens.length * V);
  tokens.forEach((token, r) => (rows[r * V + token] = 1));
  return np.array(rows).reshape([tokens.length, V]);
};

function trainer(job: Job): Subject {
  const { T, B, V, I, values } = sizesOf(job);
  const parameters = parametersOf(job);
  const zeros = (): Values[] => parameters.map((p) => np.zerosLike(p.ref));
  let state: TrainState = { parameters, means: zeros(), squares: zeros() };
  const tokens = values === undefined ? tokensOf(job) : undefined;
  const own = values === undefined ? undefined : valuesOf(job);
  const x = tokens ? oneHot(tokens.tokens, V) : np.array(own?.values.slice() ?? []).reshape([T * B, I]);
  const y = tokens ? oneHot(tokens.classes, V) : np.array(own?.last.slice() ?? []).reshape([B, 1]);
  const step = jit(
    (s: TrainState, x: Values, y: Values, rate: Values, epsilon: Values) =>
      update(job, s, x, y, rate, epsilon) as unknown as JsTree<Values>,
  ) as unknown as (
    s: TrainState,
    x: Values,
    y: Values,
    rate: Values,
    epsilon: Values,
  ) => { value: Values; state: TrainState };
  let updates = 0;
  return {
    step: async () => {
      updates++;
      const root = Math.sqrt(1 - 0.999 ** updates);
      const rate = np.array((LEARNING_RATE * root) / (1 - 0.9 ** updates));
      const next = step(state, x.ref, y.ref, rate, np.array(1e-8 * root));
      state = next.state;
      return (await next.value.data())[0];
    },
  };
}

function forwarder(job: Job): Subject {
  const { V } = sizesOf(job);
  const parameters = parametersOf(job);
  const x = oneHot(tokensOf(job).tokens, V);
  const forward = jit((parameters: Values[], x: Values) => outputsOf(job, parameters, x));
  let y = new Float32Array();
  const step = async (): Promise<undefined> => {
    y = (await forward(
      parameters.map((p) => p.ref),
      x.ref,
    ).data()) as Float32Array<ArrayBuffer>;
  };
  return { step, outputs: () => y };
}

function streamer(job: Job): Subject {
  const { H, V } = sizesOf(job);
  const parameters = parametersOf(job);
  const rows = Array.from({ length: V }, (_, token) => oneHot(Int32Array.of(token), V));
  const forward = jit(
    (
      [input, recurrent, inputBias, recurrentBias, head, headBias]: Values[],
      x: Values,
      state: { h: Values; c: Values },
    ) => {
      const pre = np.matmul(x, input).add(inputBias);
      const next = cellStep(job, pre, np.matmul(state.h.ref, recurrent).add(recurrentBias), state);
      return { y: np.matmul(next.h.ref, head).add(headBias), h: next.h, c: next.c };
    },
  );
  let state = { h: np.zeros([1, H]), c: np.zeros([1, H]) };
  let y = new Float32Array();
  let token = 0;
  const step = (): undefined => {
    const {
      y: out,
      h,
      c,
    } = forward(
      parameters.map((p) => p.ref),
      rows[token].ref,
      state,
    );
    y = out.dataSync() as Float32Array<ArrayBuffer>;
    state = { h, c };
    token = (token + 1) % V;
  };
  return { step, outputs: () => y };
}

export async function load(): Promise<Open> {
  await init("wasm");
  return (job) => {
    if (job.task.kind === "training step") return trainer(job);
    return job.task.kind === "forward only" ? forwarder(job) : streamer(job);
  };
}
