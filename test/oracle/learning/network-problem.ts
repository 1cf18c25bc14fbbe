/** Makes problems of a small network with a head on one sequence, or of an oracle model and a batch. */

import type { Random } from "../../../src/random.js";
import { affine, affineBackward } from "../affine.js";
import { oracleLoss, type OracleTarget, type Reduction } from "../loss.js";
import { tensorsFor, type OracleModel, type Tensors } from "../model.js";
import type { OracleSequence } from "../network.js";
import { statesAt, type GivenState } from "../state.js";
import { NetworkRecurrence } from "./network-recurrence.js";
import type { Problem, StepLoss } from "./problem.js";
import { headCount, recurrentCount, stackLayers, type StackSizes } from "./stack.js";
import { resettable, resettableInput } from "./resettable.js";
import { unit, zeros } from "./vectors.js";

export interface StackNetwork {
  sizes: StackSizes;
  /**
   * [P + the head's], in PyTorch's order: embedding, each layer's W_ih, W_hh, b_ih, b_hh, the head's W and b.
   */
  parameters: Float64Array;
}

/** Draws a network's parameters from N(0, scale²). */
export function randomNetwork(sizes: StackSizes, random: Random, scale = 0.6): StackNetwork {
  const length = recurrentCount(sizes) + headCount(sizes);
  return { sizes, parameters: Float64Array.from({ length }, () => scale * random.normal()) };
}

/** Copies a model's parameters into one array. */
export function networkOf(model: OracleModel): StackNetwork {
  if (model.sizes.bidirectional) throw new RangeError("learning rules other than BPTT run one way");
  return {
    sizes: model.sizes,
    parameters: Float64Array.from([...model.parameters.values()].flatMap((values) => [...values])),
  };
}

/** Returns a gradient by the names of the model's parameters. */
export function namedGradient(model: OracleModel, gradient: Float64Array): Tensors {
  let at = 0;
  return tensorsFor(model.sizes, (_, length) => gradient.slice(at, (at += length)));
}

export interface Episode {
  /** x of each step, T rows of I. */
  inputs: readonly Float64Array[];
  /** Target of each step by itself. */
  targets: readonly OracleTarget[];
  /** Initial state, [S]; default zeros. */
  initial?: Float64Array;
  /** Factor of each loss; default 1. */
  scale?: number;
  /** Whether each step starts from zeros, whatever came before; default: none does. */
  resets?: readonly boolean[];
}

export function networkProblem({ sizes, parameters }: StackNetwork, episode: Episode): Problem {
  const { inputs, targets, scale = 1 } = episode;
  const P = recurrentCount(sizes);
  const plain = new NetworkRecurrence(sizes, parameters.subarray(0, P));
  const { resets } = episode;
  const recurrence = resets === undefined ? plain : resettable(plain);
  const initial = episode.initial ?? zeros(recurrence.stateSize);
  if (initial.length !== recurrence.stateSize)
    throw new RangeError(`an initial state of ${initial.length} instead of ${recurrence.stateSize}`);
  const { stateAt } = stackLayers(sizes)[(sizes.layers ?? 1) - 1];
  const H = sizes.hiddenSize;
  return {
    recurrence,
    parameters,
    steps: inputs.length,
    initial,
    input: (t) => (resets === undefined ? inputs[t] : resettableInput(inputs[t], resets[t])),
    loss: (t, s) => {
      const h = s.subarray(stateAt, stateAt + H);
      const { loss, dh, head } = headLoss(sizes, parameters.subarray(P), h, targets[t], scale);
      const q = zeros(s.length);
      q.set(dh, stateAt);
      return { loss, q, head };
    },
  };
}

/**
 * Returns the loss of the head's linear outputs (h itself without a head), its gradient by h, and the head's.
 */
function headLoss(
  { outputSize: O, hiddenSize: H }: StackSizes,
  parameters: Float64Array,
  h: Float64Array,
  target: OracleTarget,
  scale: number,
): Pick<StepLoss, "loss" | "head"> & { dh: Float64Array } {
  const [weight, bias] = [parameters.subarray(0, O * H), parameters.subarray(O * H)];
  const outputs = O > 0 ? affine(weight, bias, h) : h;
  const { loss, gradient } = oracleLoss(outputs, outputs.length, [1], target, "sum");
  const dOutputs = gradient.map((value) => scale * value);
  const head = zeros(parameters.length);
  const dh =
    O > 0 ? affineBackward(weight, h, dOutputs, head.subarray(0, O * H), head.subarray(O * H)) : dOutputs;
  return { loss: scale * loss, dh, head };
}

/** Draws normal inputs, and targets for all steps, classes or values. */
export function randomEpisode(
  sizes: StackSizes,
  steps: number,
  targets: "classes" | "values",
  random: Random,
): Episode {
  const { inputSize, outputSize, hiddenSize } = sizes;
  const width = outputSize > 0 ? outputSize : hiddenSize;
  const normals = (length: number): Float64Array => Float64Array.from({ length }, () => random.normal());
  return {
    inputs: Array.from({ length: steps }, () => normals(inputSize)),
    targets: Array.from({ length: steps }, () =>
      targets === "classes" ? { classes: [random.integer(width)] } : { values: normals(width) },
    ),
  };
}

/**
 * Returns one problem for each sample of a batch; the sum of their gradients is the batch's, in its
 * reduction.
 */
export function problemsOf(
  model: OracleModel,
  sequence: OracleSequence,
  target: OracleTarget,
  options: { reduction?: Reduction; state?: GivenState } = {},
): Problem[] {
  const network = networkOf(model);
  const { steps, batch } = sequence;
  const lengths = Array.from(sequence.lengths ?? Array.from({ length: batch }, () => steps));
  const { outputSize, hiddenSize } = model.sizes;
  const width = outputSize > 0 ? outputSize : hiddenSize;
  const { count } = oracleLoss(zeros(steps * batch * width), width, lengths, target);
  const averaged = (options.reduction ?? "mean") === "mean" && target.gradient === undefined;
  return lengths.map((length, b) => {
    const times = Array.from({ length }, (_, t) => t * batch + b);
    return networkProblem(network, {
      inputs: times.map((at) => inputAt(model, sequence, at)),
      targets: times.map((at) => targetAt(target, at, width)),
      initial: initialOf(model, batch, b, options.state),
      scale: averaged ? 1 / Math.max(1, count) : 1,
      ...(sequence.resets && { resets: times.map((at) => sequence.resets?.[at] === 1) }),
    });
  });
}

function inputAt({ sizes }: OracleModel, { tokens, values }: OracleSequence, at: number): Float64Array {
  const I = sizes.inputSize;
  return tokens === undefined
    ? Float64Array.from(values ?? []).slice(at * I, (at + 1) * I)
    : unit(I, tokens[at]);
}

function targetAt({ classes, values, gradient }: OracleTarget, at: number, width: number): OracleTarget {
  const row = (all: ArrayLike<number>): number[] => Array.from(all).slice(at * width, (at + 1) * width);
  if (classes !== undefined) return { classes: [classes[at]] };
  if (values !== undefined) return { values: row(values) };
  return gradient === undefined ? {} : { gradient: row(gradient) };
}

function initialOf({ sizes }: OracleModel, batch: number, b: number, state?: GivenState): Float64Array {
  const layers = Array.from({ length: sizes.layers }, (_, l) => statesAt(sizes, batch, l, state)[b]);
  return Float64Array.from(layers.flatMap(({ h, c }) => [...h, ...c]));
}
