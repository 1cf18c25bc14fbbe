/** Holds a training in a worker against the same one on this thread. */

import { expect } from "vitest";
import {
  createNetwork,
  train,
  type NetworkOptions,
  type Progress,
  type TrainingData,
  type TrainOptions,
} from "../../src/index.js";
import type { NetworkWorker, RemoteData, RemoteNetwork, RemoteTrainOptions } from "../../src/worker/index.js";
import { allParameters } from "../train/windows.js";

/** Tokens and classes. */
export const V = 7;
export const tokens = Uint8Array.from({ length: 400 }, (_, i) => (i * i + (i >> 3)) % V);
export const stream = { batch: 2, window: 6 };
/** The windows of `tokenStream(tokens, stream)`, made in the worker. */
export const described = { type: "tokenStream", tokens, ...stream } as const;

/** What is the same wherever it runs: all but the speed. */
export function untimed(events: readonly Progress[]): Omit<Progress, "tokensPerSecond">[] {
  return events.map(({ tokensPerSecond, ...rest }) => {
    expect(tokensPerSecond).toBeGreaterThan(0);
    return rest;
  });
}

export async function collect(events: AsyncIterable<Progress>): Promise<Progress[]> {
  const all: Progress[] = [];
  for await (const event of events) all.push(event);
  return all;
}

export async function remoteParameters(network: RemoteNetwork): Promise<number[]> {
  const all = await Promise.all(network.parameters.map((parameter) => parameter.read()));
  return all.flatMap((values) => [...values]);
}

export interface Run {
  readonly network?: Partial<NetworkOptions>;
  readonly data: TrainingData;
  readonly options: TrainOptions;
  readonly remoteData?: RemoteData;
  readonly remoteOptions: RemoteTrainOptions;
}

/** Runs both and holds them against each other. */
export async function compare(worker: NetworkWorker, run: Run, runtime = {}): Promise<void> {
  const options = { inputSize: V, hiddenSize: 9, outputSize: V, seed: 4, ...run.network };
  const local = createNetwork(options, runtime);
  const remote = await worker.createNetwork(options, runtime);
  const expected = await collect(train(local, run.data, run.options));
  const came = await collect(remote.train(run.remoteData ?? run.data, run.remoteOptions));
  expect(untimed(came)).toEqual(untimed(expected));
  expect(came.length).toBeGreaterThan(0);
  expect(await remoteParameters(remote)).toEqual(allParameters(local));
  local.dispose();
  remote.dispose();
}
