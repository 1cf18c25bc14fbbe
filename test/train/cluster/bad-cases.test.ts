/** What a cluster does where its ranks differ, fail, leave or are told to stop: all end, and say why. */

import { describe, expect, it } from "vitest";
import type { TrainingData, TrainingWindow } from "../../../src/data/training-data.js";
import { tbptt, uoro } from "../../../src/learn/rules.js";
import { createLearner } from "../../../src/learn/learner.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { crossEntropy, huber } from "../../../src/network/losses/by-name.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { adam, sgd } from "../../../src/optimize/optimizers.js";
import { ClusterError } from "../../../src/train/cluster/cluster-error.js";
import { createCluster } from "../../../src/train/cluster/create-cluster.js";
import type { TrainOptions } from "../../../src/train/options.js";
import { train } from "../../../src/train/train.js";
import type { Progress } from "../../../src/train/training.js";
import { TestCluster } from "./in-process.js";

const network: NetworkOptions = { inputSize: 4, hiddenSize: 3, outputSize: 3 };

function windowOf(seed: number, B = 3, T = 5): TrainingWindow {
  return {
    inputs: { steps: T, batch: B, tokens: Int32Array.from({ length: T * B }, (_, i) => (i * seed) % 4) },
    targets: { classes: Int32Array.from({ length: T * B }, (_, i) => (i + seed) % 3) },
  };
}

interface Rank {
  network?: Partial<NetworkOptions>;
  options?: Partial<TrainOptions>;
  data?: TrainingData;
  /** What the rank's program does with an event. */
  on?: (event: Progress) => "leave" | undefined;
  change?: (made: ReturnType<typeof createNetwork>) => void;
}

interface Outcome {
  steps: number;
  error: unknown;
}

/** Trains on as many ranks, each given what differs from the others, and returns how each ended. */
async function trainAll(ranks: readonly Rank[]): Promise<Outcome[]> {
  const { clusters } = new TestCluster(ranks.length);
  return Promise.all(
    ranks.map(async (rank, i) => {
      const made = createNetwork({ ...network, ...rank.network });
      rank.change?.(made);
      const outcome: Outcome = { steps: 0, error: undefined };
      const windows = [windowOf(1), windowOf(2), windowOf(3)];
      const given = {
        optimizer: sgd({ learningRate: 0.1 }),
        epochs: 3,
        cluster: clusters[i],
        ...rank.options,
      };
      try {
        for await (const event of train(made, rank.data ?? windows, given)) {
          outcome.steps = event.step;
          if (rank.on?.(event) === "leave") break;
        }
      } catch (error) {
        outcome.error = error;
      }
      made.dispose();
      return outcome;
    }),
  );
}

describe("ranks with different options are refused at the start, on all of them", () => {
  const cases: [string, Rank][] = [
    ["hiddenSize", { network: { hiddenSize: 4 } }],
    ["cell", { network: { cell: "gru" } }],
    ["seed", { network: { seed: 1 } }],
    ["learner", { options: { learner: tbptt({ k1: 4 }) } }],
    ["loss", { options: { loss: huber() } }],
    ["optimizer", { options: { optimizer: adam() } }],
    ["optimizer.learningRate", { options: { optimizer: sgd({ learningRate: 0.2 }) } }],
    ["optimizer.momentum", { options: { optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }) } }],
    ["clipNorm", { options: { clipNorm: 2 } }],
    ["maxSteps", { options: { maxSteps: 2 } }],
    ["epochs", { options: { epochs: 2 } }],
    ["accumulate", { options: { accumulate: 2 } }],
    ["validation", { options: { validation: [windowOf(1)] } }],
    ["averaging", { options: { averaging: { decay: 0.5 } } }],
    ["schedule", { options: { schedule: () => 0.1 } }],
    ["trainable", { change: (made) => (made.parameters[0].trainable = false) }],
  ];
  it.each(cases)("%s", async (name, different) => {
    const outcomes = await trainAll([{}, {}, different]);
    for (const { steps, error } of outcomes) {
      expect(steps).toBe(0);
      expect(error).toBeInstanceOf(ClusterError);
      expect(String(error)).toMatch(`"${name}" expected the same on all ranks`);
      expect((error as ClusterError).ranks).toEqual([2]);
    }
  });

  it.each([
    ["learner.k1", tbptt({ k1: 2, k2: 8 }), tbptt({ k1: 4, k2: 8 })],
    ["learner.block", uoro({ block: 2 }), uoro()],
  ] as const)("%s", async (name, one, other) => {
    const outcomes = await trainAll([{ options: { learner: one } }, { options: { learner: other } }]);
    for (const { error } of outcomes)
      expect(String(error)).toMatch(`"${name}" expected the same on all ranks`);
  });

  it("loss.labelSmoothing", async () => {
    const smoothed = (labelSmoothing: number): Rank => ({
      options: { loss: crossEntropy({ labelSmoothing }) },
    });
    const outcomes = await trainAll([smoothed(0.1), smoothed(0.2)]);
    for (const { error } of outcomes)
      expect(String(error)).toMatch(
        `"loss.labelSmoothing" expected the same on all ranks, got 0.1 on rank 0 and 0.2`,
      );
  });

  it("parameters", async () => {
    const change: Rank["change"] = (made) => {
      made.parameters[0].write(made.parameters[0].read().map((x) => x + 1e-3));
    };
    const outcomes = await trainAll([{}, { change }]);
    for (const { steps, error } of outcomes) {
      expect(steps).toBe(0);
      expect(String(error)).toMatch(`"network" expected the same parameters on all ranks`);
    }
  });
});

describe("ranks with other data are refused before an update is made of it", () => {
  it.each([
    ["other windows", [windowOf(2), windowOf(1)], 0],
    ["windows of another size", [windowOf(1, 2)], 0],
    ["other windows later on", [windowOf(1), windowOf(3)], 1],
  ])("%s", async (_, data, steps) => {
    for (const outcome of await trainAll([{}, { data }, {}])) {
      expect(outcome.steps).toBe(steps);
      expect(String(outcome.error)).toMatch(
        /"data" expected the same windows on all ranks.* got others on rank 1/,
      );
    }
  });

  it("fewer windows", async () => {
    const outcomes = await trainAll([
      { options: { epochs: 1 } },
      { options: { epochs: 1 }, data: [windowOf(1), windowOf(2)] },
    ]);
    for (const { error } of outcomes)
      expect(String(error)).toMatch(/rank 0 had the gradient of an update where rank 1 ended training/);
  });
});

describe("a rank that fails ends the training of all", () => {
  const failing: TrainingData = {
    *[Symbol.iterator]() {
      yield windowOf(1);
      throw new Error("the disk is full");
    },
  };

  it("by its data", async () => {
    const [first, second, third] = await trainAll([{}, { data: failing }, {}]);
    expect(String(second.error)).toBe("Error: the disk is full");
    for (const { error } of [first, third]) {
      expect(error).toBeInstanceOf(ClusterError);
      expect(String(error)).toBe("ClusterError: rank 1 failed: Error: the disk is full");
      expect((error as ClusterError).ranks).toEqual([1]);
    }
  });

  it("by its loss function, in a window that is wrong for it alone", async () => {
    const loss: TrainOptions["loss"] = (outputs, { targets }) => {
      if (targets.classes?.[0] === 0) throw new Error("no zeros here");
      return { loss: 0, gradient: new Float32Array(outputs.length) };
    };
    const outcomes = await trainAll([{ options: { loss } }, { options: { loss } }, { options: { loss } }]);
    expect(outcomes.map(({ error }) => /no zeros here/.test(String(error)))).toEqual([true, true, true]);
    expect(outcomes.filter(({ error }) => error instanceof ClusterError).length).toBe(2);
  });

  it("all by the same", async () => {
    for (const { error } of await trainAll([{ data: failing }, { data: failing }]))
      expect(String(error)).toBe("Error: the disk is full");
  });
});

describe("a rank that leaves", () => {
  const on = ({ step }: Progress): "leave" | undefined => (step === 2 ? "leave" : undefined);

  it("leaves alone: an error on all", async () => {
    const outcomes = await trainAll([{}, { on }]);
    for (const { error } of outcomes)
      expect(String(error)).toMatch(/rank 0 had the gradient of an update where rank 1 left training/);
  });

  it("leaves with all others: no error", async () => {
    expect(await trainAll([{ on }, { on }])).toEqual([
      { steps: 2, error: undefined },
      { steps: 2, error: undefined },
    ]);
  });
});

describe("a signal of one rank ends the training of all after the same update", () => {
  it.each([0, 2])("after %i updates", async (when) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    if (when === 0) controller.abort(reason);
    const outcomes = await trainAll([
      {},
      {
        options: { signal: controller.signal },
        on: ({ step }) => {
          if (step === when) controller.abort(reason);
          return undefined;
        },
      },
      {},
    ]);
    // The update under way is made, which may be one more.
    expect(new Set(outcomes.map(({ steps }) => steps)).size).toBe(1);
    expect([when, when + 1]).toContain(outcomes[0].steps);
    expect(outcomes[1].error).toBe(reason);
    for (const { error } of [outcomes[0], outcomes[2]]) {
      expect((error as Error).name).toBe("AbortError");
      expect(String(error)).toMatch("training was ended by the signal of rank 1");
    }
  });
});

describe("what a cluster does not know how to split is refused", () => {
  it("targets that only a loss function knows", async () => {
    const loss: TrainOptions["loss"] = (outputs) => ({ loss: 0, gradient: new Float32Array(outputs.length) });
    const targets = { classes: new Int32Array(15), mask: new Uint8Array(15) };
    const data = [{ ...windowOf(1), targets }];
    for (const { error } of await trainAll([
      { options: { loss }, data },
      { options: { loss }, data },
    ]))
      expect(String(error)).toMatch(/"targets" expected arrays of classes.* got mask, which it cannot split/);
  });

  it("no targets, where ranks have no sequence", async () => {
    const loss: TrainOptions["loss"] = (outputs) => ({ loss: 0, gradient: new Float32Array(outputs.length) });
    const data = [{ ...windowOf(1, 1), targets: {} }];
    const outcomes = await trainAll([
      { options: { loss }, data },
      { options: { loss }, data },
    ]);
    for (const { error } of outcomes)
      expect(String(error)).toMatch(`"inputs.batch" expected at least one sequence for each rank`);
  });

  it("the memory of a learner of one's own, in a checkpoint", async () => {
    const own = createLearner("mine", () => ({
      window: () => [],
      end: () => [],
      save: () => ({ state: 1 }),
      restore: () => undefined,
    }));
    const { clusters } = new TestCluster(2);
    const training = train(createNetwork(network), [windowOf(1)], {
      optimizer: adam(),
      learner: own,
      cluster: clusters[0],
    });
    expect(() => training.save()).toThrow(`"learner" expected a rule of the library's`);
    await training.return();
  });
});

describe("gather", () => {
  it("gives every rank what each has", async () => {
    const { clusters } = new TestCluster(3);
    const all = await Promise.all(
      clusters.map((cluster) =>
        cluster.gather({ rank: cluster.rank, words: ["a", null], x: Float32Array.of(0.5) }),
      ),
    );
    for (const one of all)
      expect(one).toEqual([0, 1, 2].map((rank) => ({ rank, words: ["a", null], x: Float32Array.of(0.5) })));
  });

  it("throws on all ranks where one does something else", async () => {
    const { clusters } = new TestCluster(2);
    const training = train(createNetwork(network), [windowOf(1)], {
      optimizer: adam(),
      cluster: clusters[1],
    });
    const outcomes = await Promise.allSettled([clusters[0].gather(1), training.next()]);
    for (const outcome of outcomes)
      expect(String(Reflect.get(outcome, "reason"))).toMatch(
        /rank 0 called gather\(\) where rank 1 began training/,
      );
  });
});

describe("createCluster", () => {
  const sum = <Values>(values: Values): Values => values;
  const gather = (bytes: Uint8Array): Uint8Array[] => [bytes];
  it.each([
    [{ rank: 0, size: 0, sum, gather }, `"transport.size" expected an integer of at least 1, got 0`],
    [{ rank: 1, size: 1, sum, gather }, `"transport.rank" expected one below the size 1, got 1`],
    [{ rank: -1, size: 1, sum, gather }, `"transport.rank" expected an integer of at least 0, got -1`],
  ])("refuses %j", (transport, message) => {
    expect(() => createCluster(transport)).toThrow(message);
  });

  it("refuses what has no methods", () => {
    expect(() => createCluster({ rank: 0, size: 1, sum } as never)).toThrow(
      `"transport" expected an object with`,
    );
  });

  it("is what train expects", () => {
    const options = { optimizer: adam(), cluster: { rank: 0, size: 1 } as never };
    expect(() => train(createNetwork(network), [windowOf(1)], options)).toThrow(
      `"cluster" expected one made by connectMpi() or createCluster(), got an object`,
    );
  });
});
