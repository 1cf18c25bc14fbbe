/** Names and shapes of a network's parameters: those of torch.nn.RNN and torch.nn.Linear, in PyTorch's order. */

import type { CompleteOptions } from "./types.js";

export function parameterShapes(options: CompleteOptions): Map<string, readonly number[]> {
  const { inputSize: I, hiddenSize: H, outputSize: O } = options;
  return new Map<string, readonly number[]>([
    ["rnn.weight_ih_l0", [H, I]],
    ["rnn.weight_hh_l0", [H, H]],
    ["rnn.bias_ih_l0", [H]],
    ["rnn.bias_hh_l0", [H]],
    ["head.weight", [O, H]],
    ["head.bias", [O]],
  ]);
}
