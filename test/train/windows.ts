/** Networks, windows and optimizers to train with. */

import type { TrainingData, TrainingWindow } from "../../src/data/training-data.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network } from "../../src/network/types.js";
import type { Optimizer } from "../../src/optimize/optimizer.js";
import { Random } from "../../src/random.js";
import type { Progress } from "../../src/train/training.js";

export interface WindowShape {
  T?: number;
  B?: number;
  /** Tokens, and classes. */
  V?: number;
  seed?: number;
  carry?: boolean;
}

/** Tokens that are often followed by their double, so that there is something to learn. */
export function tokenWindow({
  T = 4,
  B = 2,
  V = 5,
  seed = 0,
  carry = true,
}: WindowShape = {}): TrainingWindow {
  const random = new Random(seed);
  const tokens = Uint8Array.from({ length: T * B }, () => random.integer(V));
  const classes = Int32Array.from(tokens, (token) =>
    random.integer(4) > 0 ? (2 * token) % V : random.integer(V),
  );
  return { inputs: { steps: T, batch: B, tokens }, targets: { classes }, carry };
}

export function tokenWindows(count: number, shape: WindowShape = {}): TrainingWindow[] {
  return Array.from({ length: count }, (_, i) => tokenWindow({ ...shape, seed: (shape.seed ?? 0) + i }));
}

/** I = O = 1: every input and target is the given number. */
export function valueWindow(x: number, target: number, { T = 3, B = 2, carry = false } = {}): TrainingWindow {
  return {
    inputs: { steps: T, batch: B, values: new Float32Array(T * B).fill(x) },
    targets: { values: new Float32Array(T * B).fill(target) },
    carry,
  };
}

export function tokenNetwork(V = 5, hiddenSize = 6): Network {
  return createNetwork({ inputSize: V, hiddenSize, outputSize: V, seed: 3 });
}

export function valueNetwork(): Network {
  return createNetwork({ inputSize: 1, hiddenSize: 4, outputSize: 1, seed: 3 });
}

export function allParameters(network: Network): number[] {
  return network.parameters.flatMap((parameter) => [...parameter.read()]);
}

export function allGradients(network: Network): number[] {
  return network.parameters.flatMap((parameter) => [...parameter.readGradient()]);
}

/** Every event, and with each what `look` says at that moment. */
export async function collect<Seen = undefined>(
  events: AsyncIterable<Progress>,
  look?: (event: Progress) => Seen,
): Promise<{ events: Progress[]; seen: Seen[] }> {
  const result: { events: Progress[]; seen: Seen[] } = { events: [], seen: [] };
  for await (const event of events) {
    result.events.push(event);
    if (look !== undefined) result.seen.push(look(event));
  }
  return result;
}

/** The events in short: the step, or "end" and the step at an epoch's end. */
export function steps(events: readonly Progress[]): (number | string)[] {
  return events.map(({ step, epochEnd }) => (epochEnd ? `end ${step}` : step));
}

/** An optimizer of the caller's own, which puts one number after the other in the place of the head's bias. */
export function scriptedOptimizer(script: readonly number[]): Optimizer & { resets: number } {
  let at = 0;
  return {
    learningRate: 0.5,
    resets: 0,
    step(network) {
      const bias = network.parameter("head.bias");
      bias.write(bias.read().fill(script[at++]));
    },
    reset() {
      this.resets++;
    },
  };
}

/** Data that counts how often it was iterated, asked for a window, and closed early. */
export function countedData(windows: readonly TrainingWindow[], asynchronous = false) {
  const counts = { iterated: 0, pulled: 0, closed: 0 };
  const iterate = () => {
    counts.iterated++;
    let at = 0;
    return {
      next(): IteratorResult<TrainingWindow, undefined> {
        counts.pulled++;
        return at < windows.length ? { done: false, value: windows[at++] } : { done: true, value: undefined };
      },
      return(): IteratorResult<TrainingWindow, undefined> {
        counts.closed++;
        return { done: true, value: undefined };
      },
    };
  };
  const data: TrainingData = asynchronous
    ? {
        [Symbol.asyncIterator]: () => {
          const inner = iterate();
          return { next: () => Promise.resolve(inner.next()), return: () => Promise.resolve(inner.return()) };
        },
      }
    : { [Symbol.iterator]: iterate };
  return { data, counts };
}
