/** ONNX Runtime, native and in WebAssembly: an exported network, forward only. One thread, all graph optimizations. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { lstmModel } from "../onnx-model.js";
import { sizesOf, tokensOf, type Job, type Open, type Subject } from "../subject.js";

interface Runtime {
  readonly InferenceSession: {
    create: (model: Uint8Array, options: InferenceSession.SessionOptions) => Promise<InferenceSession>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => Tensor;
}

const options: InferenceSession.SessionOptions = {
  graphOptimizationLevel: "all",
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
};

async function open({ InferenceSession, Tensor }: Runtime, job: Job, more: object): Promise<Subject> {
  const { H, B, T, V } = sizesOf(job);
  const session = await InferenceSession.create(lstmModel(job), { ...options, ...more });
  const zeros = (): Tensor => new Tensor("float32", new Float32Array(B * H), [1, B, H]);
  const rows = new Float32Array(T * B * V);
  const x = new Tensor("float32", rows, [T, B, V]);
  let y = new Float32Array();
  const outputs = (): Float32Array => y;
  const dispose = (): void => void session.release();
  if (job.task.kind === "forward only") {
    // Made once: the rows stay as they are.
    tokensOf(job).tokens.forEach((token, r) => (rows[r * V + token] = 1));
    const feeds = { x, h: zeros(), c: zeros() };
    const step = async (): Promise<undefined> => {
      y = (await session.run(feeds, ["y"]))["y"].data as Float32Array<ArrayBuffer>;
    };
    return { step, outputs, dispose };
  }
  let [h, c] = [zeros(), zeros()];
  let token = 0;
  const step = async (): Promise<undefined> => {
    rows[token] = 1;
    const out = await session.run({ x, h, c });
    rows[token] = 0;
    y = out["y"].data as Float32Array<ArrayBuffer>;
    h = out["h_n"];
    c = out["c_n"];
    token = (token + 1) % V;
  };
  return { step, outputs, dispose };
}

export async function loadNode(): Promise<Open> {
  const runtime = await import("onnxruntime-node");
  return (job) => open(runtime, job, {});
}

export async function loadWeb(): Promise<Open> {
  const runtime = await import("onnxruntime-web");
  runtime.env.wasm.numThreads = 1;
  return (job) => open(runtime, job, { executionProviders: ["wasm"] });
}
