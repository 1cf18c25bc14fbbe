/** TensorFlow.js as its guides use it: a sequential model, `trainOnBatch`, `predict`. */
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { LEARNING_RATE } from "../ours.js";
import {
  batchFirst,
  layerOf,
  reorder,
  sizesOf,
  sum,
  tokensOf,
  transpose,
  valuesOf,
  weightOf,
  type Job,
  type Open,
  type Subject,
} from "../subject.js";

/** PyTorch's LSTM gates i, f, g, o stand as Keras's i, f, c, o; GRU's r, z, n as z, r, h. */
const GRU_GATES = [1, 0, 2];

function recurrentLayer(job: Job, k: number) {
  const { cell, H, B, T, I, values, L } = sizesOf(job);
  const streaming = job.task.kind === "one streaming step";
  const args = {
    units: H,
    // The default of recurrent weights, orthogonal, takes seconds; these are overwritten anyway.
    recurrentInitializer: "glorotUniform" as const,
    recurrentActivation: "sigmoid" as const,
    returnSequences: values === undefined || k < L - 1,
    stateful: streaming,
    ...(k === 0 ? { batchInputShape: [B, T, I] } : {}),
  };
  if (cell === "lstm") return layers.layers.lstm(args);
  return cell === "gru" ? layers.layers.gru(args) : layers.layers.simpleRNN(args);
}

/** Kernel, recurrent kernel and bias as Keras has them. */
function kernelsOf(job: Job, k: number): tf.Tensor[] {
  const { cell, H, G, I } = sizesOf(job);
  const width = k === 0 ? I : H;
  const of = (values: Float32Array, size: number): Float32Array =>
    cell === "gru" ? reorder(values, GRU_GATES, size) : values;
  const { input, recurrent, inputBias, recurrentBias } = layerOf(job, k);
  return [
    tf.tensor2d(transpose(of(input, H * width), G * H, width), [width, G * H]),
    tf.tensor2d(transpose(of(recurrent, H * H), G * H, H), [H, G * H]),
    tf.tensor1d(of(sum(inputBias, recurrentBias), H)),
  ];
}

function modelOf(job: Job): layers.Sequential {
  const { H, L, O } = sizesOf(job);
  const model = layers.sequential();
  for (let k = 0; k < L; k++) model.add(recurrentLayer(job, k));
  model.add(layers.layers.dense({ units: O }));
  const head = tf.tensor2d(transpose(weightOf(job, "head.weight"), O, H), [H, O]);
  const weights = [
    ...Array.from({ length: L }, (_, k) => kernelsOf(job, k)).flat(),
    head,
    tf.tensor1d(weightOf(job, "head.bias")),
  ];
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

function inputsOf(job: Job): tf.Tensor {
  const { T, B, V, I, values } = sizesOf(job);
  if (values !== undefined) return tf.tensor3d(batchFirst(valuesOf(job).values, T, B, I), [B, T, I]);
  return tf.tidy(() =>
    tf.cast(tf.oneHot(tf.tensor2d(batchFirst(tokensOf(job).tokens, T, B), [B, T], "int32"), V), "float32"),
  );
}

function targetsOf(job: Job): tf.Tensor {
  const { T, B, V, values } = sizesOf(job);
  if (values !== undefined) return tf.tensor2d(valuesOf(job).last, [B, 1]);
  return tf.tidy(() =>
    tf.cast(tf.oneHot(tf.tensor2d(batchFirst(tokensOf(job).classes, T, B), [B, T], "int32"), V), "float32"),
  );
}

function trainer(job: Job, model: layers.Sequential): Subject {
  const [x, y] = [inputsOf(job), targetsOf(job)];
  const { values } = sizesOf(job);
  const crossEntropy = (labels: tf.Tensor, logits: tf.Tensor): tf.Tensor =>
    tf.losses.softmaxCrossEntropy(labels, logits);
  const optimizer = tf.train.adam(LEARNING_RATE, 0.9, 0.999, 1e-8);
  model.compile({ optimizer, loss: values === undefined ? crossEntropy : "meanSquaredError" });
  const step = async (): Promise<number> => {
    const loss = await model.trainOnBatch(x, y);
    return Array.isArray(loss) ? loss[0] : loss;
  };
  return { step };
}

function predictor(job: Job, model: layers.Sequential): Subject {
  const { T, B, V } = sizesOf(job);
  let y = new Float32Array();
  let token = 0;
  const fixed = job.task.kind === "forward only" ? inputsOf(job) : undefined;
  const step = (): undefined => {
    tf.tidy(() => {
      const x = fixed ?? tf.cast(tf.reshape(tf.oneHot([token], V), [1, 1, V]), "float32");
      const out = model.predict(x, { batchSize: B });
      y = (Array.isArray(out) ? out[0] : out).dataSync<"float32">() as Float32Array<ArrayBuffer>;
    });
    token = (token + 1) % V;
  };
  const outputs = (): Float32Array => (B === 1 ? y : timeFirst(y, T, B, V));
  return { step, outputs };
}

const timeFirst = (y: Float32Array, T: number, B: number, V: number): Float32Array => batchFirst(y, B, T, V);

async function open(job: Job): Promise<Subject> {
  await tf.ready();
  const model = modelOf(job);
  const subject = job.task.kind === "training step" ? trainer(job, model) : predictor(job, model);
  return { ...subject, dispose: () => void model.dispose() };
}

export async function load(backend: "cpu" | "wasm"): Promise<Open> {
  if (backend === "cpu") await import("@tensorflow/tfjs-backend-cpu");
  else await import("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not start`);
  return open;
}
