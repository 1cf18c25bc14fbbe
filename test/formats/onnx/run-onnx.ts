/** Runs ONNX models in ONNX Runtime. */

import type * as node from "onnxruntime-node";
import { directionsOf } from "../../../src/network/sizes.js";
import type { CompleteOptions, Sequence, State } from "../../../src/network/types.js";

/** ONNX Runtime, for Node or for the web. */
export type Runtime = Pick<typeof node, "InferenceSession" | "Tensor">;

export interface Ran {
  readonly outputs: Float32Array;
  /** The shape of the outputs. */
  readonly shape: readonly number[];
  readonly state: State;
}

/** A model that is loaded. */
export interface LoadedModel {
  run(sequence: Sequence, state: State): Promise<Ran>;
  release(): Promise<void>;
}

function floats(tensor: node.Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new Error(`expected float32, got ${tensor.type}`);
}

/** Loads a file of toOnnx; `options`: of the network that it was made from. */
export async function loadModel(
  { InferenceSession, Tensor }: Runtime,
  file: Uint8Array,
  { inputSize: I, ...options }: CompleteOptions,
): Promise<LoadedModel> {
  // Errors alone: warnings are of tensors that optimisation has no more use for.
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  return {
    async run({ steps, batch, tokens, values }, state) {
      const input =
        tokens === undefined
          ? new Tensor("float32", values ?? new Float32Array(0), [steps, batch, I])
          : new Tensor("int64", BigInt64Array.from(tokens, BigInt), [steps, batch]);
      const dims = [options.layers * directionsOf(options), batch, options.hiddenSize];
      const given: Record<string, node.Tensor> = { input, h0: new Tensor("float32", state.h, dims) };
      if (state.c !== undefined) given["c0"] = new Tensor("float32", state.c, dims);
      const { output, hn, cn, ...others } = await session.run(given);
      if (Object.keys(others).length > 0) throw new Error(`more outputs: ${Object.keys(others).join()}`);
      if (String(hn.dims) !== String(dims)) throw new Error(`hn is [${String(hn.dims)}]`);
      const c = state.c === undefined ? {} : { c: floats(cn) };
      return { outputs: floats(output), shape: output.dims, state: { h: floats(hn), ...c } };
    },
    release: () => session.release(),
  };
}
