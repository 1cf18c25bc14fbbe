import { beforeAll, describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { bptt } from "../../src/learn/back/bptt.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Build, Network } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { Random } from "../../src/random.js";
import { train } from "../../src/train/train.js";
import { builds } from "../builds.js";
import { modelOf, randomModel } from "../oracle/model.js";
import { oracleOptimizers } from "../oracle/optimizers/by-name.js";
import { oracleTrain, type OracleUpdate } from "../oracle/train.js";
import { tokenWindow } from "./windows.js";

const UPDATES = 150;
const learningRate = 2e-3;
const clipNorm = 1;

// What the project promises of a run's losses; PyTorch's float32 stays within 2e-6. The norms are sums of squares of a
// few thousand gradients, each with some 1e-6 of rounding.
const tolerance = 2e-5;

/**
 * Weights from N(0, scale²): large enough for the clip to bite, small enough for the recurrence not to be chaotic; past
 * scale·√H of about 1.3, it makes the least rounding grow along the carried state until any two computations part.
 */
const runs = [
  { H: 32, B: 4, T: 16, V: 20, scale: 0.2 },
  { H: 64, B: 4, T: 16, V: 65, scale: 0.15 },
];

function windowsOf({ B, T, V }: (typeof runs)[number]): TrainingWindow[] {
  return Array.from({ length: UPDATES }, (_, i) => tokenWindow({ T, B, V, seed: i % 30 }));
}

describe.each(runs)("150 updates, H = $H, B = $B, T = $T, $V tokens", (run) => {
  const { H, T, V, scale } = run;
  const windows = windowsOf(run);
  const sizes = { inputSize: V, hiddenSize: H, outputSize: V };
  let expected: OracleUpdate[] = [];

  const networkOf = (build: Build): Network => {
    const network = createNetwork(sizes, { build });
    for (const [name, values] of randomModel(sizes, new Random(5), scale).parameters)
      network.parameter(name).write(values);
    return network;
  };

  beforeAll(() => {
    const optimizer = oracleOptimizers.adam({ learningRate });
    const network = networkOf("simd");
    expected = [...oracleTrain(modelOf(network), windows, { optimizer, clipNorm })]; // from the same float32 weights
    network.dispose();
  });

  it("learn, and are clipped here and there", () => {
    expect(expected).toHaveLength(UPDATES);
    expect(expected[UPDATES - 1].loss).toBeLessThan(expected[0].loss - 1);
    const clipped = expected.filter(({ gradientNorm }) => gradientNorm > clipNorm).length;
    expect(clipped).toBeGreaterThan(0);
    expect(clipped).toBeLessThan(UPDATES);
  });

  it.each(builds)("have the same losses at every update, %s build", async (build) => {
    for (const learner of [bptt(), tbptt({ k1: T })]) {
      const network = networkOf(build);
      const options = { optimizer: adam({ learningRate }), clipNorm, learner };
      const far = { loss: 0, norm: 0 };
      let updates = 0;
      for await (const event of train(network, windows, options)) {
        if (event.epochEnd) continue;
        const { loss, gradientNorm } = expected[updates++];
        far.loss = Math.max(far.loss, Math.abs(event.loss - loss));
        far.norm = Math.max(far.norm, Math.abs(event.gradientNorm / gradientNorm - 1));
      }
      expect(updates).toBe(UPDATES);
      expect(far.loss).toBeLessThan(tolerance);
      expect(far.norm).toBeLessThan(1e-4);
      network.dispose();
    }
  });
});
