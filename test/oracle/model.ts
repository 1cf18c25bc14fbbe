/**
 * Describes a network in float64: its sizes, and its parameters by the names and in the shapes of PyTorch.
 */

import type { Random } from "../../src/random.js";
import type { Cell, Network } from "../../src/network/types.js";
import { cells } from "./cells/by-name.js";
import type { LayerWeights, NormWeights } from "./step.js";

export type Tensors = Map<string, Float64Array>;

export interface OracleSizes {
  inputSize: number;
  hiddenSize: number;
  /** O; 0: no head. */
  outputSize: number;
  cell: Cell;
  layers: number;
  bidirectional: boolean;
  /** E; 0: the inputs are one-hot rows or values. */
  embeddingSize: number;
  output: "step" | "sequence";
  /** Whether the cells have layer normalisation. */
  layerNorm: boolean;
}

export interface OracleModel {
  readonly sizes: Readonly<OracleSizes>;
  readonly parameters: Tensors;
}

/** Fills in sizes: one-layer, one-direction "elman" without an embedding, unless said otherwise. */
export function sizesOf(
  given: Pick<OracleSizes, "inputSize" | "hiddenSize" | "outputSize"> & Partial<OracleSizes>,
): OracleSizes {
  return {
    ...{ cell: "elman", layers: 1, bidirectional: false, embeddingSize: 0 },
    ...{ output: "step", layerNorm: false },
    ...given,
  };
}

/** Returns D, the number of directions. */
export function directions(sizes: OracleSizes): number {
  return sizes.bidirectional ? 2 : 1;
}

/** Returns the width of the outputs: O, or D*H without a head. */
export function outputWidth(sizes: OracleSizes): number {
  return sizes.outputSize > 0 ? sizes.outputSize : directions(sizes) * sizes.hiddenSize;
}

/** Names of a layer's gains; "" for those that the cell has not. */
function normNames(cell: Cell, layer: number, direction: number): Record<keyof NormWeights, string> {
  const suffix = `l${layer}${direction === 1 ? "_reverse" : ""}`;
  const { norm, keepsC } = cells[cell];
  if (norm === undefined) throw new RangeError(`${cell} has no layer normalisation`);
  const state = { state: `rnn.norm_c_${suffix}`, stateBias: `rnn.norm_c_bias_${suffix}` };
  return {
    input: norm.joint ? `rnn.norm_${suffix}` : `rnn.norm_ih_${suffix}`,
    recurrent: norm.joint ? "" : `rnn.norm_hh_${suffix}`,
    ...(keepsC ? state : { state: "", stateBias: "" }),
  };
}

function layerNames(layer: number, direction: number): Record<keyof Omit<LayerWeights, "norms">, string> {
  const suffix = `l${layer}${direction === 1 ? "_reverse" : ""}`;
  return {
    weightIh: `rnn.weight_ih_${suffix}`,
    weightHh: `rnn.weight_hh_${suffix}`,
    biasIh: `rnn.bias_ih_${suffix}`,
    biasHh: `rnn.bias_hh_${suffix}`,
  };
}

/** Returns the shape of each parameter by name, in PyTorch's order. */
export function parameterShapes(sizes: OracleSizes): Map<string, readonly number[]> {
  const { inputSize: I, hiddenSize: H, outputSize: O, embeddingSize: E } = sizes;
  const D = directions(sizes);
  const { gates, recurs } = cells[sizes.cell];
  const GH = gates * H;
  const shapes = new Map<string, readonly number[]>();
  if (E > 0) shapes.set("embedding.weight", [I, E]);
  for (let layer = 0; layer < sizes.layers; layer++) {
    const width = layer > 0 ? D * H : E > 0 ? E : I;
    for (let direction = 0; direction < D; direction++) {
      const names = layerNames(layer, direction);
      shapes.set(names.weightIh, [GH, width]);
      if (recurs) shapes.set(names.weightHh, [GH, H]);
      shapes.set(names.biasIh, [GH]);
      if (recurs) shapes.set(names.biasHh, [GH]);
      if (!sizes.layerNorm) continue;
      const norms = normNames(sizes.cell, layer, direction);
      shapes.set(norms.input, [GH]);
      if (norms.recurrent !== "") shapes.set(norms.recurrent, [GH]);
      if (norms.state !== "") shapes.set(norms.state, [H]).set(norms.stateBias, [H]);
    }
  }
  if (O > 0) shapes.set("head.weight", [O, D * H]).set("head.bias", [O]);
  return shapes;
}

/** Makes one tensor for each parameter. */
export function tensorsFor(
  sizes: OracleSizes,
  make: (name: string, length: number) => Float64Array,
): Tensors {
  const tensors: Tensors = new Map();
  for (const [name, shape] of parameterShapes(sizes)) {
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor = make(name, length);
    if (tensor.length !== length)
      throw new RangeError(`${name} has ${tensor.length} values instead of ${length}`);
    tensors.set(name, tensor);
  }
  return tensors;
}

export function tensor(tensors: ReadonlyMap<string, Float64Array>, name: string): Float64Array {
  const found = tensors.get(name);
  if (found === undefined) throw new RangeError(`there is no tensor ${name}`);
  return found;
}

/** Makes a model with copies of the given parameters, whose names and lengths must be those of its sizes. */
export function oracleModel(
  given: Parameters<typeof sizesOf>[0],
  parameters: ReadonlyMap<string, ArrayLike<number>>,
): OracleModel {
  const sizes = sizesOf(given);
  const tensors = tensorsFor(sizes, (name) => Float64Array.from(parameters.get(name) ?? []));
  for (const name of parameters.keys()) tensor(tensors, name);
  return { sizes, parameters: tensors };
}

/** Makes a model with parameters drawn from N(0, scale²). */
export function randomModel(given: Parameters<typeof sizesOf>[0], random: Random, scale = 0.4): OracleModel {
  const sizes = sizesOf(given);
  const draw = (_: string, length: number): Float64Array =>
    Float64Array.from({ length }, () => scale * random.normal());
  return { sizes, parameters: tensorsFor(sizes, draw) };
}

/** Copies a network, as it stands, into float64. */
export function modelOf(network: Network): OracleModel {
  const { inputSize, hiddenSize, outputSize, cell, layers, bidirectional, embeddingSize } = network.options;
  const { output, layerNorm } = network.options;
  return oracleModel(
    { inputSize, hiddenSize, outputSize, cell, layers, bidirectional, embeddingSize, output, layerNorm },
    new Map(network.parameters.map((parameter) => [parameter.name, parameter.read()])),
  );
}

/**
 * Returns the weights of one layer and direction (0 forward, 1 reverse): the arrays themselves, no copies.
 * Weights that the cell does not have are empty.
 */
export function layerWeights(
  { cell, layerNorm }: Pick<OracleSizes, "cell" | "layerNorm">,
  tensors: Tensors,
  layer: number,
  direction: number,
): LayerWeights {
  const names = layerNames(layer, direction);
  const of = (name: string): Float64Array => (name === "" ? new Float64Array(0) : tensor(tensors, name));
  const gains = (norms: Record<keyof NormWeights, string>): NormWeights => ({
    input: of(norms.input),
    recurrent: of(norms.recurrent),
    state: of(norms.state),
    stateBias: of(norms.stateBias),
  });
  return {
    ...(layerNorm && { norms: gains(normNames(cell, layer, direction)) }),
    weightIh: tensor(tensors, names.weightIh),
    weightHh: tensors.get(names.weightHh) ?? new Float64Array(0),
    biasIh: tensor(tensors, names.biasIh),
    biasHh: tensors.get(names.biasHh) ?? new Float64Array(0),
  };
}

/** Adds the gradients of one layer and direction to those of `into`. */
export function addLayerWeights(
  sizes: Pick<OracleSizes, "cell" | "layerNorm">,
  into: Tensors,
  layer: number,
  direction: number,
  add: LayerWeights,
): void {
  const sums = layerWeights(sizes, into, layer, direction);
  addTo(sums.weightIh, add.weightIh);
  addTo(sums.weightHh, add.weightHh);
  addTo(sums.biasIh, add.biasIh);
  addTo(sums.biasHh, add.biasHh);
  if (sums.norms === undefined || add.norms === undefined) return;
  addTo(sums.norms.input, add.norms.input);
  addTo(sums.norms.recurrent, add.norms.recurrent);
  addTo(sums.norms.state, add.norms.state);
  addTo(sums.norms.stateBias, add.norms.stateBias);
}

export function addTo(into: Float64Array, add: ArrayLike<number>): void {
  for (let i = 0; i < into.length; i++) into[i] += add[i];
}
