/**
 * Names, shapes and layouts of a network's parameters: those of torch.nn.Embedding, RNN, GRU, LSTM and Linear, in
 * PyTorch's order; a layer's gains of layer normalisation come behind its others.
 */

import { cellOf } from "../cells/by-name.js";
import { padded, plain, type Layout } from "./layout.js";
import { directionsOf, layerSuffix } from "../sizes.js";
import type { CompleteOptions } from "../types.js";

export interface ParameterPlan {
  readonly name: string;
  readonly shape: readonly number[];
  readonly layout: Layout;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function layerPlan(options: CompleteOptions, layer: number, direction: number): ParameterPlan[] {
  const { inputSize: I, hiddenSize: H, embeddingSize: E } = options;
  const { gates, recurrentOrder, norm } = cellOf(options);
  const inputOrder = gates.map(({ block }) => block);
  const G = gates.length;
  const R = recurrentOrder.length;
  const D = directionsOf(options);
  const first = E > 0 ? E : I;
  const inputs = layer === 0 ? padded(first) : padded(H, range(D));
  const width = layer === 0 ? first : D * H;
  const suffix = layerSuffix(layer, direction);
  const weight = {
    name: `rnn.weight_ih_${suffix}`,
    shape: [G * H, width],
    layout: { rows: padded(H, inputOrder), columns: inputs },
  };
  const bias = {
    name: `rnn.bias_ih_${suffix}`,
    shape: [G * H],
    layout: { rows: plain(1), columns: padded(H, inputOrder) },
  };
  if (R === 0) return [weight, bias];
  const recurrentWeight = {
    name: `rnn.weight_hh_${suffix}`,
    shape: [R * H, H],
    layout: { rows: padded(H, recurrentOrder), columns: padded(H) },
  };
  const recurrentBias = {
    name: `rnn.bias_hh_${suffix}`,
    shape: [R * H],
    layout: { rows: plain(1), columns: padded(H, recurrentOrder) },
  };
  const norms = (norm?.parameters ?? []).map(({ name, order }) => ({
    name: `rnn.${name}_${suffix}`,
    shape: [order.length * H],
    layout: { rows: plain(1), columns: padded(H, order) },
  }));
  return [weight, recurrentWeight, bias, recurrentBias, ...norms];
}

export function planParameters(options: CompleteOptions): ParameterPlan[] {
  const { inputSize: I, hiddenSize: H, outputSize: O, embeddingSize: E, layers } = options;
  const directions = range(directionsOf(options));
  const embedding: ParameterPlan = {
    name: "embedding.weight",
    shape: [I, E],
    layout: { rows: plain(I), columns: padded(E) },
  };
  const head: ParameterPlan[] = [
    {
      name: "head.weight",
      shape: [O, directions.length * H],
      layout: { rows: plain(O), columns: padded(H, directions) },
    },
    { name: "head.bias", shape: [O], layout: { rows: plain(1), columns: padded(O) } },
  ];
  return [
    ...(E > 0 ? [embedding] : []),
    ...range(layers).flatMap((layer) =>
      directions.flatMap((direction) => layerPlan(options, layer, direction)),
    ),
    ...(O > 0 ? head : []),
  ];
}

/** Returns the shapes by name. */
export function parameterShapes(options: CompleteOptions): Map<string, readonly number[]> {
  return new Map(planParameters(options).map(({ name, shape }) => [name, shape]));
}
