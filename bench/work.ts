/** The work that is measured: networks of 65 tokens with their windows, and what one step of them computes. */
import { createNetwork } from "../src/network/create-network.js";
import { accumulateGradient } from "../src/network/training-pass.js";
import type { Build, Cell, Network, Sequence, State } from "../src/network/types.js";
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
}

export const elman256: Size = { cell: "elman", hidden: 256, batch: 32, steps: 64 };

const gates: Record<Cell, number> = { elman: 1, "elman-relu": 1, gru: 3, lstm: 4 };

/** Multiply-adds count as two. A token's row of weights is gathered, never multiplied. */
export function forwardFlop({ cell, hidden: H, batch: B, steps: T }: Size): number {
  return 2 * T * B * (gates[cell] * H * H + H * TOKENS);
}

/** Forward, back through states, and weight gradients: three products of the same size. */
export function trainingFlop(size: Size): number {
  return 3 * forwardFlop(size);
}

export interface Window {
  readonly sequence: Sequence;
  readonly classes: Int32Array;
}

export function randomWindow({ batch, steps }: Size, seed = 1): Window {
  const random = new Random(seed);
  const draw = (): Int32Array => Int32Array.from({ length: steps * batch }, () => random.integer(TOKENS));
  return { sequence: { steps, batch, tokens: draw() }, classes: draw() };
}

export function networkOf({ cell, hidden }: Size, build: Build): Network {
  return createNetwork(
    { cell, inputSize: TOKENS, hiddenSize: hidden, outputSize: TOKENS, seed: 1 },
    { build },
  );
}

/** One update as `train` makes it: gradient of a window, the state carried; clip; Adam. */
export function trainingStep(
  network: Network,
  { sequence, classes }: Window,
  learningRate = 2e-3,
): () => void {
  const optimizer = adam({ learningRate });
  let state: State | undefined;
  return () => {
    network.zeroGradients();
    ({ state } = accumulateGradient(network, sequence, { classes }, state));
    clipGradientNorm(network, 1);
    optimizer.step(network);
  };
}

/** The same through `forward`, which hands out a copy of all outputs, and `backward`. */
export function publicStep(network: Network, { sequence, classes }: Window): () => void {
  const optimizer = adam({ learningRate: 2e-3 });
  let state: State | undefined;
  return () => {
    network.zeroGradients();
    ({ state } = network.forward(sequence, { state, training: true }));
    network.backward({ classes });
    clipGradientNorm(network, 1);
    optimizer.step(network);
  };
}
