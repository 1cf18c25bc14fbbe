/** All that comes out of a drawn training, as bits: of the passes, of `train`, `evaluate`, `predict` and sessions. */

import type { SequenceItem } from "../../src/data/items.js";
import { predict } from "../../src/infer/predict.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, RuntimeOptions } from "../../src/network/types.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import { bitsOf, gradientBits, parameterBits } from "../network/bits.js";
import type { DrawnTraining } from "./drawn-trainings.js";

/** What came of each part: its bits, or the error that refused it. */
export type Outcome = Readonly<Record<string, string>>;

/** Numbers as text that no two of them share. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "number") return Object.is(part, -0) ? "-0" : String(part);
    return part instanceof Float32Array || part instanceof Float64Array ? [...part].map(String) : part;
  });
}

function passes(network: Network, { windows, loss }: DrawnTraining): string {
  const bits = windows.map(({ inputs, targets }) => {
    network.zeroGradients();
    const { outputs, state, hidden } = network.forward(inputs, { training: true, hidden: true });
    const inputGradient = inputs.values !== undefined;
    const back = network.backward(targets, { inputGradient, stateGradient: state, ...(loss && { loss }) });
    const arrays = [outputs, state.h, state.c, hidden, back.stateGradient.h, back.inputGradient];
    return [...arrays.map((one) => bitsOf(one ?? new Float32Array())), back.loss, gradientBits(network)];
  });
  return textOf(bits);
}

async function training(
  network: Network,
  { windows, train: options }: DrawnTraining,
  memoryBudget?: number,
): Promise<string> {
  const events: unknown[] = [];
  for await (const { tokensPerSecond, ...event } of train(network, windows, options(memoryBudget))) {
    events.push(event, tokensPerSecond >= 0);
  }
  return textOf([events, parameterBits(network)]);
}

/** Each sequence of the first window. */
function itemsOf({ windows: [{ inputs }], network: { inputSize } }: DrawnTraining): SequenceItem["inputs"][] {
  const { steps, batch, tokens, values } = inputs;
  return Array.from({ length: batch }, (_, b) => {
    const length = inputs.lengths?.[b] ?? steps;
    if (tokens !== undefined)
      return { tokens: tokens.slice().filter((_, i) => i % batch === b && i < length * batch) };
    const row = (step: number): Float32Array | undefined =>
      values?.subarray((step * batch + b) * inputSize, (step * batch + b + 1) * inputSize);
    const rows = Array.from({ length }, (_, step) => [...(row(step) ?? [])]).flat();
    return { steps: length, values: Float32Array.from(rows) };
  });
}

function steps(network: Network, { windows, batch, network: { inputSize } }: DrawnTraining): string {
  const session = network.session({ batch });
  const outputs = windows.flatMap(({ inputs: { tokens, values, steps } }) =>
    Array.from({ length: steps }, (_, step) => {
      const input =
        tokens?.slice(step * batch, (step + 1) * batch) ??
        values?.slice(step * batch * inputSize, (step + 1) * batch * inputSize);
      if (step === 2) session.reset(new Uint8Array(batch).map((_, b) => b % 2));
      return session.step(input ?? 0);
    }),
  );
  const { h, c } = session.state;
  session.dispose();
  return bitsOf(...outputs, h, c ?? new Float32Array());
}

async function attempt(part: () => string | Promise<string>): Promise<string> {
  try {
    return await part();
  } catch (error) {
    return String(error);
  }
}

export async function outcomeOf(
  drawn: DrawnTraining,
  runtime: RuntimeOptions,
  memoryBudget?: number,
): Promise<Outcome> {
  const network = createNetwork(drawn.network, runtime);
  try {
    return {
      passes: await attempt(() => passes(network, drawn)),
      training: await attempt(() => training(network, drawn, memoryBudget)),
      evaluation: await attempt(async () =>
        textOf(await evaluate(network, drawn.windows, drawn.loss ? { loss: drawn.loss } : {})),
      ),
      predictions: await attempt(() => bitsOf(...predict(network, itemsOf(drawn), { batch: 5 }))),
      session: await attempt(() => steps(network, drawn)),
    };
  } finally {
    network.dispose();
  }
}

/** Returns the bytes that every window's training needs at least, in one thread. */
export async function leastBudget(drawn: DrawnTraining, runtime: RuntimeOptions): Promise<number> {
  const network = createNetwork(drawn.network, runtime);
  let least = 1;
  for (const window of drawn.windows) {
    const said = await attempt(() =>
      training(network, { ...drawn, windows: [{ ...window, carry: false }] }, 1),
    );
    least = Math.max(least, Number(/at least (\d+) bytes/.exec(said)?.[1] ?? 1));
  }
  network.dispose();
  return least;
}
