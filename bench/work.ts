/** The work that is measured: networks with their windows, and what one step of them computes. */
import { WindowChecks } from "../src/learn/windows/checked-window.js";
import { cells } from "../src/network/cells/by-name.js";
import { createNetwork } from "../src/network/create-network.js";
import { requireNetwork } from "../src/network/network.js";
import { accumulateGradient } from "../src/network/training-pass.js";
import type { Build, Cell, Network, Sequence, State, Target, ThreadPool } from "../src/network/types.js";
import { adam } from "../src/optimize/adam.js";
import { clipGradientNorm } from "../src/optimize/clip.js";
import { Random } from "../src/random.js";

/** V: tokens, as many as tiny Shakespeare's characters. */
export const TOKENS = 65;

export interface Size {
  readonly cell: Cell;
  /** H, B, T. */
  readonly hidden: number;
  readonly batch: number;
  readonly steps: number;
  /** L; default 1. */
  readonly layers?: number;
  /** V; default TOKENS. */
  readonly tokens?: number;
  /** Values of this width come in instead of tokens; one value comes out, and the last one's squared error is the loss. */
  readonly values?: number;
  readonly layerNorm?: boolean;
}

export const elman256: Size = { cell: "elman", hidden: 256, batch: 32, steps: 64 };

export type Kind = "training step" | "one streaming step" | "forward only";

export interface Task {
  readonly size: Size;
  readonly kind: Kind;
}

const lstm256: Size = { ...elman256, cell: "lstm" };

/** Of tokens: cross-entropy at every step. */
export const tasks = {
  W1: { kind: "training step", size: { cell: "elman", hidden: 128, batch: 1, steps: 25 } },
  W2: { kind: "training step", size: elman256 },
  W3: { kind: "training step", size: lstm256 },
  W4: { kind: "training step", size: { ...elman256, cell: "gru" } },
  W5: { kind: "training step", size: { cell: "lstm", hidden: 32, batch: 16, steps: 50, values: 8 } },
  W6: { kind: "one streaming step", size: { cell: "lstm", hidden: 128, batch: 1, steps: 1 } },
  W7: { kind: "forward only", size: lstm256 },
  W8: {
    kind: "training step",
    size: { cell: "lstm", hidden: 512, batch: 32, steps: 100, layers: 2, tokens: 205 },
  },
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof tasks;

export const taskNames = Object.keys(tasks) as TaskName[];

/** "LSTM H=256 B=32 T=64". */
export function describeSize({ cell, hidden, batch, steps, layers = 1, values }: Size): string {
  const name = cell === "elman" ? "Elman" : cell.toUpperCase();
  const more = [...(layers > 1 ? [`L=${layers}`] : []), ...(values === undefined ? [] : [`I=${values}`])];
  return [name, `H=${hidden}`, ...more, `B=${batch}`, `T=${steps}`].join(" ");
}

/** Multiply-adds count as two. A token's row of weights is gathered, never multiplied. */
export function forwardFlop({ cell, hidden: H, batch: B, steps: T, ...size }: Size): number {
  const { layers = 1, tokens = TOKENS, values } = size;
  const { gates, recurrentOrder } = cells[cell];
  // The first layer's inputs, the further layers', the states where units see each other's, and the head.
  const inputs = gates.length * ((values ?? 0) + (layers - 1) * H);
  const states = recurrentOrder.length * layers * H;
  return 2 * T * B * (H * (inputs + states) + (values === undefined ? H * tokens : 0));
}

/** Forward, back through states, and weight gradients: three products of the same size. */
export function trainingFlop(size: Size): number {
  return 3 * forwardFlop(size);
}

/** What a step has to do at least: of a training step the arithmetic, of others a forward. */
export function flopOf({ kind, size }: Task): number {
  return kind === "training step" ? trainingFlop(size) : forwardFlop(size);
}

export interface Window {
  readonly sequence: Sequence;
  readonly target: Target;
}

/** A window of tokens with its classes, or of values with a target at the last step. */
export function randomWindow({ batch, steps, tokens = TOKENS, values }: Size, seed = 1): Window {
  const random = new Random(seed);
  const length = steps * batch;
  if (values === undefined) {
    const draw = (): Int32Array => Int32Array.from({ length }, () => random.integer(tokens));
    return { sequence: { steps, batch, tokens: draw() }, target: { classes: draw() } };
  }
  const draw = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => random.uniform() - 0.5);
  const last = draw(length).fill(NaN, 0, length - batch);
  return { sequence: { steps, batch, values: draw(length * values) }, target: { values: last } };
}

export function networkOf(
  { cell, hidden, layers = 1, tokens = TOKENS, values, layerNorm = false }: Size,
  build: Build,
  threads?: ThreadPool,
): Network {
  return createNetwork(
    {
      ...{ cell, layers, layerNorm, seed: 1, hiddenSize: hidden },
      inputSize: values ?? tokens,
      outputSize: values === undefined ? tokens : 1,
    },
    { build, ...(threads && { threads }) },
  );
}

/** One update as `train` makes it: gradient of a window, the state of tokens carried; clip; Adam. */
export function trainingStep(
  network: Network,
  { sequence, target }: Window,
  learningRate = 2e-3,
): () => void {
  const optimizer = adam({ learningRate });
  const carries = sequence.tokens !== undefined;
  const checks = new WindowChecks(network);
  let carried: State | undefined;
  return () => {
    network.zeroGradients();
    const { inputs, targets } = checks.check({ inputs: sequence, targets: target });
    if (targets === undefined) return;
    const { state } = accumulateGradient(requireNetwork(network), inputs, targets, carried);
    if (carries) carried = state;
    clipGradientNorm(network, 1);
    optimizer.step(network);
  };
}

/** The same through `forward`, which hands out a copy of all outputs, and `backward`. */
export function publicStep(network: Network, { sequence, target }: Window): () => void {
  const optimizer = adam({ learningRate: 2e-3 });
  let state: State | undefined;
  return () => {
    network.zeroGradients();
    ({ state } = network.forward(sequence, { state, training: true }));
    network.backward(target);
    clipGradientNorm(network, 1);
    optimizer.step(network);
  };
}

/** One token after the other through a session. */
export function streamingStep(network: Network): () => void {
  const session = network.session();
  const { inputSize, outputSize } = network.options;
  const out = new Float32Array(outputSize);
  let token = 0;
  return () => {
    session.step(token, out);
    token = (token + 1) % inputSize;
  };
}

/** One step of a task. */
export function stepOf({ kind, size }: Task, build: Build, threads?: ThreadPool): () => void {
  const network = networkOf(size, build, threads);
  if (kind === "one streaming step") return streamingStep(network);
  const window = randomWindow(size);
  if (kind === "training step") return trainingStep(network, window);
  return () => void network.forward(window.sequence, { keepTape: false });
}
