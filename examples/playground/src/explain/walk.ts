/** Three units that read a word letter by letter: every number that the page shows, computed by the library. */

import {
  compareLearners,
  createNetwork,
  sgd,
  softmax,
  tbptt,
  type Network,
  type Sequence,
  type Target,
} from "bptt";

/** H. */
export const UNITS = 3;
/** Letters of a word; different ones among them. */
export const LONGEST = 9;

export interface Word {
  /** Distinct letters, in code-point order: a letter's place is its token. */
  readonly letters: readonly string[];
  /** T + 1 tokens: each but the last is read, each but the first is to be predicted. */
  readonly tokens: readonly number[];
}

/** Undefined for a word that is too short or too long. */
export function readWord(text: string): Word | undefined {
  const characters = [...text.trim()];
  if (characters.length < 3 || characters.length > LONGEST) return undefined;
  const letters = [...new Set(characters)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  if (letters.length < 2) return undefined;
  return { letters, tokens: characters.map((character) => letters.indexOf(character)) };
}

/** One time step, forwards and back. Vectors have UNITS elements, but for those of the outputs. */
export interface Step {
  /** h_{t-1}; z_t = W1 x_t + W2 h_{t-1} + b_h and its parts; h_t = tanh(z_t). */
  readonly before: readonly number[];
  readonly fromInput: readonly number[];
  readonly fromState: readonly number[];
  readonly preactivation: readonly number[];
  readonly hidden: readonly number[];
  /** softmax(o_t), and the loss −ln of the target's. */
  readonly probabilities: readonly number[];
  readonly loss: number;
  /** ∂ℓ_t/∂h_t; what came back from later steps, ∂(ℓ_{t+1} + …)/∂h_t; their sum; and that through tanh, dL/dz_t. */
  readonly direct: readonly number[];
  readonly future: readonly number[];
  readonly total: readonly number[];
  readonly through: readonly number[];
}

export interface Walk {
  readonly steps: readonly Step[];
  /** Σ ℓ_t. */
  readonly loss: number;
  /** ‖∂ℓ_T/∂h_{T−lag}‖ of the last loss, from lag 0. */
  readonly byLag: readonly number[];
}

/** How far a truncated gradient is from the whole one. */
export interface Truncation {
  readonly cosine: number;
  readonly relativeDifference: number;
}

/** The network with its word. */
export class Walker {
  readonly word: Word;
  private readonly network: Network;
  private readonly drawn: Float32Array;

  constructor(word: Word, seed: number) {
    this.word = word;
    const size = word.letters.length;
    this.network = createNetwork({ inputSize: size, hiddenSize: UNITS, outputSize: size, seed });
    this.drawn = this.recurrent.read();
  }

  /** T. */
  get length(): number {
    return this.word.tokens.length - 1;
  }

  /** W2, as it was drawn, times this; what was learned is lost. */
  strengthen(factor: number): void {
    this.recurrent.write(this.drawn.map((weight) => weight * factor));
  }

  /** One update of plain gradient descent; returns the loss before it. */
  learn(rate: number): number {
    this.network.zeroGradients();
    this.network.forward(this.sequence(0, this.length));
    const { loss } = this.network.backward(this.target(0, this.length), { reduction: "sum" });
    sgd({ learningRate: rate }).step(this.network);
    this.network.zeroGradients();
    this.drawn.set(this.recurrent.read());
    return loss;
  }

  walk(): Walk {
    const { outputs, hidden = new Float32Array(0) } = this.network.forward(this.sequence(0, this.length), {
      hidden: true,
      keepTape: false,
    });
    const width = this.word.letters.length;
    const probabilities = softmax(outputs, width);
    const steps = Array.from({ length: this.length }, (_, t) => {
      const row = [...probabilities.subarray(t * width, (t + 1) * width)];
      return this.step(t, hidden, row);
    });
    return { steps, loss: steps.reduce((sum, { loss }) => sum + loss, 0), byLag: this.lags(hidden) };
  }

  /** Of all parameters together, where errors go `back` steps at most. */
  truncated(back: number): Truncation {
    const learner = tbptt({ k1: 1, k2: back });
    const whole = [this.sequence(0, this.length), this.target(0, this.length)] as const;
    const { measured } = compareLearners(this.network, ...whole, [learner]).learners[0];
    const { cosine = 1, relativeDifference = 0 } = measured?.overall ?? {};
    return { cosine, relativeDifference };
  }

  dispose(): void {
    this.network.dispose();
  }

  private get recurrent() {
    return this.network.parameter("rnn.weight_hh_l0");
  }

  private step(t: number, hidden: Float32Array, probabilities: number[]): Step {
    const before = stateAt(hidden, t - 1);
    const now = stateAt(hidden, t);
    const target = this.word.tokens[t + 1];
    const direct = this.direct(probabilities, target);
    const future = t + 1 < this.length ? this.gradientBefore(t + 1, this.length, now) : [0, 0, 0];
    const total = direct.map((d, i) => d + future[i]);
    const fromInput = this.fromInput(this.word.tokens[t]);
    const fromState = product([...this.recurrent.read()], before);
    return {
      before,
      fromInput,
      fromState,
      preactivation: fromInput.map((x, i) => x + fromState[i]),
      hidden: now,
      probabilities,
      loss: -Math.log(probabilities[target]),
      direct,
      future,
      total,
      through: total.map((d, i) => d * (1 - now[i] * now[i])),
    };
  }

  /** W1 x + b_h: a column of the first, as x is a one-hot row. */
  private fromInput(token: number): number[] {
    const [weights, ...biases] = ["weight_ih_l0", "bias_ih_l0", "bias_hh_l0"].map((name) =>
      this.network.parameter(`rnn.${name}`).read(),
    );
    const width = this.word.letters.length;
    return Array.from({ length: UNITS }, (_, i) => weights[i * width + token] + biases[0][i] + biases[1][i]);
  }

  /** W3ᵀ(softmax(o) − y). */
  private direct(probabilities: readonly number[], target: number): number[] {
    const weights = this.network.parameter("head.weight").read();
    const errors = probabilities.map((p, k) => p - (k === target ? 1 : 0));
    return Array.from({ length: UNITS }, (_, i) =>
      errors.reduce((sum, error, k) => sum + error * weights[k * UNITS + i], 0),
    );
  }

  /** The gradient of steps [from, to)'s losses, or of the last one's alone, by the state before `from`. */
  private gradientBefore(from: number, to: number, state: readonly number[], lastOnly = false): number[] {
    const target = this.target(from, to);
    if (lastOnly) target.classes?.fill(-1, 0, to - from - 1);
    this.network.zeroGradients();
    this.network.forward(this.sequence(from, to), { state: { h: Float32Array.from(state) } });
    const { stateGradient } = this.network.backward(target, { reduction: "sum" });
    this.network.zeroGradients();
    return [...stateGradient.h];
  }

  private lags(hidden: Float32Array): number[] {
    const T = this.length;
    return Array.from({ length: T }, (_, lag) => {
      if (lag === 0) return norm(this.walkDirect(hidden));
      return norm(this.gradientBefore(T - lag, T, stateAt(hidden, T - 1 - lag), true));
    });
  }

  /** ∂ℓ_T/∂h_T. */
  private walkDirect(hidden: Float32Array): number[] {
    const T = this.length;
    const { outputs } = this.network.forward(this.sequence(T - 1, T), {
      state: { h: Float32Array.from(stateAt(hidden, T - 2)) },
      keepTape: false,
    });
    return this.direct([...softmax(outputs, this.word.letters.length)], this.word.tokens[T]);
  }

  private sequence(from: number, to: number): Sequence {
    return { steps: to - from, batch: 1, tokens: Int32Array.from(this.word.tokens.slice(from, to)) };
  }

  private target(from: number, to: number): Target {
    return { classes: Int32Array.from(this.word.tokens.slice(from + 1, to + 1)) };
  }
}

/** h_t, from [T, H]; zeros before the first. */
function stateAt(hidden: Float32Array, t: number): number[] {
  return t < 0 ? [0, 0, 0] : [...hidden.subarray(t * UNITS, (t + 1) * UNITS)];
}

/** W·v of a square matrix, row-major. */
function product(matrix: readonly number[], vector: readonly number[]): number[] {
  return vector.map((_, i) => vector.reduce((sum, v, j) => sum + matrix[i * vector.length + j] * v, 0));
}

export function norm(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
}
