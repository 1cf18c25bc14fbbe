/// <reference lib="esnext.disposable" preserve="true" />

import type { ThreadPool } from "../threads/types.js";
import type { Build } from "../wasm/builds.js";
import type { cells } from "./cells/by-name.js";

export type { ThreadPool } from "../threads/types.js";
export type { Build } from "../wasm/builds.js";

// Letters for sizes: T time steps, B batch, I input width, H hidden units, O outputs, L layers, D directions, G gates.
// Arrays are flat and row-major, sequences time-major.

/** Names what a layer is made of. */
export type Cell = keyof typeof cells;

export interface NetworkOptions {
  /** I: width of a dense input vector, or the number of distinct tokens. */
  inputSize: number;
  /** H: units per layer and direction. */
  hiddenSize: number;
  /** O: number of classes, or width of a regression output. 0: no head, the outputs are the top layer's states, [T, B, D*H]. */
  outputSize: number;
  /**
   * Default "elman": h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh); "elman-relu" has max(0, ·) for tanh. "gru" and
   * "lstm" are PyTorch's: gates r, z, n with the reset gate after the recurrent product, and i, f, g, o. "mingru" (Feng et
   * al. 2024): h_t = (1 − z)·h_{t-1} + z·c with z = σ(W_z x_t + b_z) and c = W_c x_t + b_c, gates z, c in `weight_ih` and
   * `bias_ih`; it has no `weight_hh` and no `bias_hh`. "minlstm" (of the same paper): h_t = f/(f + i)·h_{t-1} + i/(f + i)·c with
   * f and i = σ(W x_t + b) and c = W_c x_t + b_c, gates f, i, c; it has none either.
   */
  cell?: Cell;
  /** L, default 1: each further layer reads the states of the one below. */
  layers?: number;
  /** Default false. True: each layer runs both ways through time, and its states stand side by side. */
  bidirectional?: boolean;
  /** The share of outputs of every layer but the last that training sets to 0, the others growing by 1/(1 − share); default 0. A network of one layer has none. */
  dropout?: number;
  /**
   * Default "step": outputs after each step, [T, B, O]. "sequence": one output a sequence, [B, O]; the head reads each direction's
   * own final state (PyTorch's h_n of the top layer, forward then reverse), so that targets, weights and gradients are [B, ·] too.
   */
  output?: "step" | "sequence";
  /** Tokens only: learned vectors of this width; 0 (default): one-hot rows, never materialised. */
  embeddingSize?: number;
  /**
   * Layer normalisation in the cells (Ba, Kiros & Hinton 2016, arXiv 1607.06450); default false; none for "mingru" and
   * "minlstm". N(a; g) = g ⊙ (a − mean(a))/√(var(a) + 1e-5), g starting from 1. "lstm": W_ih x and W_hh h, each over all 4H, and
   * the cell state on its way to the tanh, h_t = o·tanh(N(c_t; g_c) + b_c). "gru": of both products the blocks r and z together,
   * and n. "elman": W_ih x + W_hh h. The biases come behind N. Gains and b_c: `norm_ih`, `norm_hh`, `norm_c`, `norm_c_bias`;
   * `norm` of an Elman layer.
   */
  layerNorm?: boolean;
  /** Default 0, an integer; the same seed and build give the same numbers. */
  seed?: number;
  initialization?: Initialization;
}

export interface Initialization {
  /** W_hh, gate by gate; default "uniform": ±1/√H, as PyTorch. None for a cell without a W_hh. */
  recurrent?: "uniform" | "orthogonal" | "identity";
  /** "lstm", "minlstm": the forget gate's bias_ih, the bias_hh of an LSTM then being 0; default: uniform as the rest. */
  forgetBias?: number;
}

export interface RuntimeOptions {
  /** Default "auto": relaxed-simd where the engine has it, else simd. */
  build?: "auto" | Build;
  /**
   * A pool of `createThreadPool`, of this thread, whose threads share the work; default: the calling thread alone. The same bits come
   * out, whatever their number. What is made of the network (sessions, trainings, clones) runs on the pool too.
   */
  threads?: ThreadPool;
}

/** Holds a window of B sequences, T steps each. Exactly one of `tokens` and `values`. */
export interface Sequence {
  /** T. */
  steps: number;
  /** B. */
  batch: number;
  /** [T, B], each in [0, I). */
  tokens?: Uint8Array | Uint16Array | Int32Array;
  /** [T, B, I]. */
  values?: Float32Array;
  /**
   * [B], each in [1, T]; default all T. Steps past a length are padding: outputs 0, no gradient, the final state is the one
   * at the length, and whatever stands there is ignored.
   */
  lengths?: Int32Array;
  /**
   * [T, B], each 0 or 1; default all 0. 1: the sequence begins anew, an episode inside the window: the state (h and c) before
   * this step is dropped, for zeros, and no gradient passes; at the first step the initial or carried state is. Outputs,
   * states and what is learned are as of separate sequences. In a reverse direction an episode begins anew where it ends:
   * the state that comes from the step after is dropped where that step has a 1. Past a length they are ignored.
   */
  resets?: Uint8Array;
}

/** Recurrent state of every layer and direction: a plain object, safe to keep, clone, or store. */
export interface State {
  /** [L*D, B, H]. */
  h: Float32Array;
  /** [L*D, B, H], of a cell with a cell state, "lstm". */
  c?: Float32Array;
}

/**
 * What the outputs should have been; exactly one of classes, values, gradient and labels. Sizes are those of a network with an output a
 * step; with one output a sequence there is no T.
 */
export interface Target {
  /** [T, B]; -1 = no target at this step; softmax cross-entropy, in nats. */
  classes?: Int32Array;
  /** [T, B, O]; NaN = no target there; squared error, averaged over elements, unless another loss is asked for. */
  values?: Float32Array;
  /** [T, B, O]; dLoss/dOutputs from a loss of the caller's own. */
  gradient?: Float32Array;
  /**
   * [T, B], finite, at least 0: how much a step's loss counts; default 1. "mean" divides by the weights' sum over all steps
   * (values: elements) that have a target, as PyTorch's class weights do.
   */
  weights?: Float32Array;
  /** For `ctc()`: the labels of all sequences, one after another. */
  labels?: Int32Array;
  /** For `ctc()`: [B], how many labels each sequence has. */
  labelLengths?: Int32Array;
}

/** A loss, made by `crossEntropy()`, `meanSquaredError()`, `huber()`, … */
export interface Loss {
  readonly name: string;
}

export interface ForwardOptions {
  /** Default zeros. */
  state?: State;
  /** Default false; true turns dropout on, with masks that no window had before. */
  training?: boolean;
  /** Default true; false: inference only, less memory, no backward after it. */
  keepTape?: boolean;
  /** Also return the top layer's hidden states, [T, B, D*H]; default false. */
  hidden?: boolean;
}

export interface ForwardResult {
  /** The head's linear outputs, [T, B, O], or [B, O] of a network with one output a sequence: logits for classification, predictions for regression. */
  outputs: Float32Array;
  /** The final state. */
  state: State;
  hidden?: Float32Array;
}

export type Reduction = "mean" | "sum";

export interface BackwardOptions {
  /** Default softmax cross-entropy for classes and squared error for values; none with a gradient. */
  loss?: Loss;
  /**
   * Default "mean": over the steps (classes) or elements (values, no ½) that have a target, divided by the sum of their weights
   * where there are weights; `gradient` is taken as it is.
   */
  reduction?: Reduction;
  /** dLoss/d(final state), default zeros. */
  stateGradient?: State;
  /** Also return dLoss/dvalues; default false. */
  inputGradient?: boolean;
}

export interface BackwardResult {
  /** NaN when the targets were a gradient. */
  loss: number;
  /** Targets counted: steps for classes, elements for values and for a gradient. */
  count: number;
  /** What "mean" divides by: the sum of the targets' weights, `count` where they have none. */
  weight: number;
  /** dLoss/d(initial state). */
  stateGradient: State;
  /** [T, B, I]. */
  inputGradient?: Float32Array;
}

/** Options with every default filled in. */
export type CompleteOptions = Readonly<Required<NetworkOptions>>;

export interface Network extends Disposable {
  readonly options: CompleteOptions;
  readonly build: Build;
  /** In PyTorch's order, with PyTorch's names and shapes. */
  readonly parameters: readonly Parameter[];
  /** Returns a parameter by its name. Throws a RangeError for an unknown one. */
  parameter(name: string): Parameter;
  /** Describes the network for people: its kind and sizes, its parameters with their shapes, how many they are, and bytes. */
  summary(): string;
  /**
   * Runs the sequence and keeps what backward needs. `state` defaults to zeros. A sequence's outputs, states and hidden states
   * have the same bits (of one build, without dropout) whatever stands beside it in the batch, in one window or in several
   * that carry the state, by a session's steps, with its tape kept or not.
   */
  forward(sequence: Sequence, options?: ForwardOptions): ForwardResult;
  /**
   * Back-propagates through the last forward and adds to every parameter's gradient. It may be called once per forward: a
   * second call, one without a forward, or one after parameters changed is an InvalidStateError; sessions never touch the
   * tape. With no target at all the loss is 0 and so are the gradients.
   */
  backward(target: Target, options?: BackwardOptions): BackwardResult;
  zeroGradients(): void;
  /** Returns a network with the same options, a copy of the parameters, and gradients of zero. */
  clone(): Network;
  session(options?: SessionOptions): Session;
  /** Gives the memory back; idempotent; any later call throws a DisposedError. */
  dispose(): void;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Returns a copy, row-major. */
  read(): Float32Array;
  /** Sets all values, row-major. Throws a RangeError when the length differs. */
  write(values: ArrayLike<number>): void;
  readGradient(): Float32Array;
  /** Sets the gradient, averaged, filtered or received from elsewhere. It is checked, but has no effect, while not trainable. */
  writeGradient(values: ArrayLike<number>): void;
  /** Default true; false: no gradient, and optimizers leave it alone. */
  trainable: boolean;
}

export interface SessionOptions {
  /** Default 1, or what the state says. */
  batch?: number;
  /** Default zeros. */
  state?: State;
}

/** One step's input: a token, B tokens, or [B, I] values. */
export type StepInput = number | Uint8Array | Uint16Array | Int32Array | Float32Array;

/** Runs a network on a stream: one step at a time, constant memory, with the network's parameters as they are at that step. */
export interface Session extends Disposable {
  /** The network that it steps. */
  readonly network: Network;
  /** B. */
  readonly batch: number;
  /** Get a copy, or set. */
  state: State;
  /** A token (or B tokens), or [B, I] values; returns [B, O] outputs, in `out` if given. */
  step(input: StepInput, out?: Float32Array): Float32Array;
  /**
   * Sets the state back to zeros; with `which`, [B], each 0 or 1, of those sequences alone that have a 1: they begin anew,
   * and the others go on. Throws a TypeError or RangeError for another array.
   */
  reset(which?: Uint8Array): void;
  dispose(): void;
}
