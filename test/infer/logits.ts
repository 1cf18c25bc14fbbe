/** Stand-ins for sessions, whose outputs are what a test says. */

import type { SampleOptions } from "../../src/infer/sample.js";
import type { Session, State, StepInput } from "../../src/network/types.js";
import { createNetwork } from "../../src/network/create-network.js";

export interface StandIn extends Session {
  /** Tokens that it was stepped with. */
  readonly steps: number[];
  /** States that it was set to. */
  readonly restored: State[];
}

/** A session whose outputs after each step are `logitsAfter` of the tokens so far; its state is their number. */
export function standIn(
  width: number,
  logitsAfter: (steps: readonly number[]) => ArrayLike<number>,
): StandIn {
  const network = createNetwork({ inputSize: width, hiddenSize: 1, outputSize: width });
  const steps: number[] = [];
  const restored: State[] = [];
  return {
    network,
    batch: 1,
    steps,
    restored,
    get state(): State {
      return { h: Float32Array.of(steps.length) };
    },
    set state(state: State) {
      restored.push(state);
    },
    step(input: StepInput, out = new Float32Array(width)): Float32Array {
      if (typeof input !== "number") throw new Error("a token was expected");
      steps.push(input);
      out.set(logitsAfter(steps));
      return out;
    },
    reset() {
      steps.length = 0;
    },
    dispose() {
      network.dispose();
    },
    [Symbol.dispose]() {
      network.dispose();
    },
  };
}

/** softmax(logits / temperature) in float64, of the `topK` largest but `exclude`, of the fewest of these that reach `topP`. */
export function probabilitiesByHand(
  logits: readonly number[],
  {
    temperature = 1,
    topK = Infinity,
    topP = 1,
    exclude = [],
  }: Pick<SampleOptions, "temperature" | "topK" | "topP" | "exclude">,
): number[] {
  const excluded = new Set(Array.from(exclude));
  const order = logits
    .map((_, token) => token)
    .filter((token) => !excluded.has(token))
    .sort((a, b) => logits[b] - logits[a] || a - b);
  const weight = (token: number): number => Math.exp((logits[token] - logits[order[0]]) / temperature);
  const kept = order.slice(0, topK);
  const total = kept.reduce((sum, token) => sum + weight(token), 0);
  const reached = kept.map(
    (_, i) => kept.slice(0, i + 1).reduce((sum, token) => sum + weight(token), 0) / total,
  );
  const nucleus = kept.slice(0, 1 + reached.findIndex((p, i) => p >= topP || i === kept.length - 1));
  const mass = nucleus.reduce((sum, token) => sum + weight(token), 0);
  return logits.map((_, token) => (nucleus.includes(token) ? weight(token) / mass : 0));
}
