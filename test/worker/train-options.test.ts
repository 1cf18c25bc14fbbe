/** Every option of `train` does in a worker what it does without one. */

import { afterAll, beforeAll, expect, it } from "vitest";
import {
  adam,
  createNetwork,
  sgd,
  tokenStream,
  train,
  uoro,
  type Network,
  type Progress,
  type TrainOptions,
} from "../../src/index.js";
import { fields } from "../../src/worker/fields.js";
import type { NetworkWorker, RemoteTrainOptions } from "../../src/worker/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { allParameters, tokenWindows } from "../train/windows.js";
import { described, remoteParameters, stream, tokens, untimed, V } from "./compare.js";
import { halvedSquares } from "./own-functions.js";
import { ownWorker } from "./workers.js";

type Name = keyof typeof fields.trainOptions;

/** An option as this thread is told of it, and as the worker is. */
interface Case {
  readonly here: Partial<TrainOptions>;
  readonly there: Partial<RemoteTrainOptions>;
  /** What it takes for the option to have a meaning. */
  readonly besides?: { readonly here: Partial<TrainOptions>; readonly there: Partial<RemoteTrainOptions> };
  readonly onEvent?: (event: Progress, where: "here" | "there") => void;
  /** It changes nothing that is seen here. */
  readonly unseen?: boolean;
}

const both = (options: Partial<TrainOptions> & Partial<RemoteTrainOptions>) => ({
  here: options,
  there: options,
});
const rates = [0.3, 0.2, 0.1];
const validation = tokenWindows(3, { V });
const online = { here: { learner: uoro() }, there: { learner: { type: "uoro" } } } as const;

const controllers = { here: new AbortController(), there: new AbortController() };

const cases: Readonly<Record<Name, Case>> = {
  learner: online,
  updateEvery: { ...both({ updateEvery: 4 }), besides: online },
  optimizer: { here: { optimizer: adam() }, there: { optimizer: { type: "adam" } } },
  loss: { here: { loss: halvedSquares(3) }, there: { loss: { own: "halvedSquares", options: 3 } } },
  clipNorm: both({ clipNorm: 0.01 }),
  clipValue: both({ clipValue: 0.001 }),
  schedule: { here: { schedule: (step) => rates[Math.min(step, 2)] }, there: { schedule: rates } },
  epochs: both({ epochs: 3 }),
  maxSteps: both({ maxSteps: 3 }),
  validation: both({ validation }),
  validateEvery: { ...both({ validateEvery: 5 }), besides: both({ validation }) },
  patience: { ...both({ patience: 1 }), besides: both({ validation, validateEvery: 1 }) },
  minImprovement: {
    ...both({ minImprovement: 10 }),
    besides: {
      here: { validation: tokenStream(tokens, stream), validateEvery: 1, patience: 2, epochs: 3 },
      there: { validation: described, validateEvery: 1, patience: 2, epochs: 3 },
    },
  },
  keepBest: { ...both({ keepBest: true }), besides: both({ validation, validateEvery: 2, maxSteps: 9 }) },
  accumulate: both({ accumulate: 2 }),
  averaging: both({ averaging: { decay: 0.5 } }),
  signal: {
    here: { signal: controllers.here.signal },
    there: { signal: controllers.there.signal },
    onEvent: ({ step }, where) => {
      if (step === 3) controllers[where].abort("enough");
    },
  },
  ahead: { here: {}, there: { ahead: 0 }, unseen: true },
};

interface Outcome {
  readonly events: unknown;
  readonly thrown: unknown;
  readonly parameters: readonly number[];
}

const size = { inputSize: V, hiddenSize: 9, outputSize: V, seed: 4 };

async function watch(
  events: AsyncIterable<Progress>,
  onEvent: (event: Progress) => void,
): Promise<Omit<Outcome, "parameters">> {
  const seen: Progress[] = [];
  try {
    for await (const event of events) {
      seen.push(event);
      onEvent(event);
    }
  } catch (thrown) {
    return { events: untimed(seen), thrown };
  }
  return { events: untimed(seen), thrown: undefined };
}

async function trainHere(options: Partial<TrainOptions>, onEvent?: Case["onEvent"]): Promise<Outcome> {
  using network: Network = createNetwork(size);
  const optimizer = sgd({ learningRate: 0.5 });
  const events = train(network, tokenStream(tokens, stream), { optimizer, ...options });
  const seen = await watch(events, (event) => onEvent?.(event, "here"));
  return { ...seen, parameters: allParameters(network) };
}

let worker: NetworkWorker;
beforeAll(async () => {
  worker = await startWorker({ worker: ownWorker });
});
afterAll(() => worker.terminate());

async function trainThere(options: Partial<RemoteTrainOptions>, onEvent?: Case["onEvent"]): Promise<Outcome> {
  const network = await worker.createNetwork(size);
  const optimizer = { type: "sgd", learningRate: 0.5 } as const;
  // Nothing is learned past the last event.
  const events = network.train(described, { optimizer, ahead: 0, ...options });
  const seen = await watch(events, (event) => onEvent?.(event, "there"));
  return { ...seen, parameters: await remoteParameters(network) };
}

it("each has its case", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(fields.trainOptions).sort());
});

it.each(Object.entries(cases))(
  "%s",
  async (_, { here, there, besides = both({}), onEvent, unseen = false }) => {
    const without = await trainHere(besides.here);
    const expected = await trainHere({ ...besides.here, ...here }, onEvent);
    if (!unseen) expect(expected).not.toEqual(without);
    expect(await trainThere({ ...besides.there, ...there }, onEvent)).toEqual(expected);
  },
);
