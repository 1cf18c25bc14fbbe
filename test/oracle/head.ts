/** Computes the linear outputs over the top layer's hidden states, and their gradients. */

import { affine, affineBackward } from "./affine.js";
import { eachStep } from "./lengths.js";
import { directions, tensor, type OracleModel, type Tensors } from "./model.js";

/** Returns the outputs, [T, B, O], 0 past a length; without a head the hidden states. */
export function headForward(
  model: OracleModel,
  hidden: Float64Array,
  steps: number,
  lengths: readonly number[],
): Float64Array {
  const O = model.sizes.outputSize;
  if (O === 0) return hidden.slice();
  const width = directions(model.sizes) * model.sizes.hiddenSize;
  const outputs = new Float64Array(steps * lengths.length * O);
  const weight = tensor(model.parameters, "head.weight");
  const bias = tensor(model.parameters, "head.bias");
  eachStep(steps, lengths, (at) => {
    outputs.set(affine(weight, bias, hidden.subarray(at * width, (at + 1) * width)), at * O);
  });
  return outputs;
}

/** Declares what the backward pass needs of the network's tape. */
interface HeadTape {
  readonly sequence: { steps: number };
  readonly lengths: readonly number[];
  readonly hidden: Float64Array;
}

/** Returns dHidden, [T, B, D*H], from dOutputs, and adds to the head's gradients. */
export function headBackward(
  model: OracleModel,
  { hidden, lengths, sequence }: HeadTape,
  dOutputs: Float64Array,
  gradients: Tensors,
): Float64Array {
  const O = model.sizes.outputSize;
  if (O === 0) return dOutputs;
  const width = directions(model.sizes) * model.sizes.hiddenSize;
  const dHidden = new Float64Array(hidden.length);
  const weight = tensor(model.parameters, "head.weight");
  const [dWeight, dBias] = [tensor(gradients, "head.weight"), tensor(gradients, "head.bias")];
  eachStep(sequence.steps, lengths, (at) => {
    const h = hidden.subarray(at * width, (at + 1) * width);
    dHidden.set(
      affineBackward(weight, h, dOutputs.subarray(at * O, (at + 1) * O), dWeight, dBias),
      at * width,
    );
  });
  return dHidden;
}
