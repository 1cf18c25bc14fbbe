import { describe, expect, it } from "vitest";
import { optimizers, type Optimizer, type OptimizerName } from "../../src/optimize/optimizers.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { guardedNetwork } from "../network/guarded.js";
import { relativeError } from "../oracle/compare.js";
import { modelOf, tensorsFor } from "../oracle/model.js";
import { oracleOptimizers, type OracleOptimizer } from "../oracle/optimizers.js";

// Each update rounds a weight to float32, 6e-8 of it, and moves it by a step that is some roundings off; 50 of them come
// to some 3e-6 of a tensor's largest number.
const tolerance = 2e-5;

const UPDATES = 50;
const COMBINATIONS = 25;

/** Both of one kind, with the same options drawn. */
type Draw = (random: Random) => { options: object; ours: Optimizer; theirs: OracleOptimizer };

function pick<Item>(random: Random, ...items: readonly Item[]): Item {
  return items[random.integer(items.length)];
}

/** Zero gradients come up, which over a zero ε would be 0/0 in the oracle. */
const epsilon = (random: Random): number => pick(random, 1e-8, 1e-10, 1e-3, 1);
const learningRate = (random: Random): number => pick(random, 1e-4, 1e-3, 0.01, 0.1);
const weightDecay = (random: Random): number => pick(random, 0, 0, 0.01, 0.3);
const flag = (random: Random): boolean => random.uniform() < 0.5;

const draws: Readonly<Record<OptimizerName, Draw>> = {
  sgd: (random) => {
    const nesterov = flag(random);
    const momentum = nesterov ? 0.9 : pick(random, 0, 0.5, 0.99);
    const dampening = nesterov ? 0 : pick(random, 0, 0.1, 0.9, -0.5);
    const options = {
      learningRate: learningRate(random),
      momentum,
      dampening,
      nesterov,
      weightDecay: weightDecay(random),
    };
    return { options, ours: optimizers.sgd(options), theirs: oracleOptimizers.sgd(options) };
  },
  rmsprop: (random) => {
    const centered = flag(random);
    // With little memory, the centred variance is the difference of numbers that are nearly the same.
    const alpha = centered ? pick(random, 0.5, 0.9, 0.99) : pick(random, 0, 0.5, 0.99);
    const options = {
      learningRate: learningRate(random),
      alpha,
      epsilon: epsilon(random),
      momentum: pick(random, 0, 0.9),
      centered,
      weightDecay: weightDecay(random),
    };
    return { options, ours: optimizers.rmsprop(options), theirs: oracleOptimizers.rmsprop(options) };
  },
  adagrad: (random) => {
    const options = {
      learningRate: learningRate(random),
      epsilon: epsilon(random),
      learningRateDecay: pick(random, 0, 0.01, 1),
      initialAccumulatorValue: pick(random, 0, 0.1, 10),
      weightDecay: weightDecay(random),
    };
    return { options, ours: optimizers.adagrad(options), theirs: oracleOptimizers.adagrad(options) };
  },
  adam: (random) => drawAdam("adam", random),
  adamW: (random) => drawAdam("adamW", random),
};

function drawAdam(name: "adam" | "adamW", random: Random): ReturnType<Draw> {
  const options = {
    learningRate: learningRate(random),
    beta1: pick(random, 0, 0.5, 0.9),
    beta2: pick(random, 0.5, 0.99, 0.999),
    epsilon: epsilon(random),
    weightDecay: weightDecay(random),
    amsgrad: flag(random),
  };
  return { options, ours: optimizers[name](options), theirs: oracleOptimizers[name](options) };
}

/** Gradients of all sizes, from update to update and within one; some are 0. */
function drawGradient(random: Random, length: number): Float32Array {
  const scale = pick(random, 1e-6, 1e-3, 1, 1, 100);
  return Float32Array.from({ length }, () => (random.uniform() < 0.05 ? 0 : scale * random.normal()));
}

describe.each(builds)("50 updates agree with the oracle's, %s build", (build) => {
  it.each(Object.entries(draws))("%s of any options", (_, draw) => {
    for (let seed = 0; seed < COMBINATIONS; seed++) {
      const random = new Random(seed);
      const { options, ours, theirs } = draw(random);
      using network = guardedNetwork({ inputSize: 5, hiddenSize: 9, outputSize: 3, seed }, build);
      const model = modelOf(network);
      for (let update = 0; update < UPDATES; update++) {
        if (update === 30) ours.learningRate = theirs.learningRate = ours.learningRate / 3;
        const gradients = tensorsFor(model.sizes, (name, length) => {
          const gradient = drawGradient(random, length);
          network.parameter(name).writeGradient(gradient);
          return Float64Array.from(gradient);
        });
        ours.step(network);
        theirs.step(model.parameters, gradients);
      }
      for (const [name, values] of model.parameters) {
        const error = relativeError(network.parameter(name).read(), values);
        expect(error, `${name} ${JSON.stringify(options)}`).toBeLessThanOrEqual(tolerance);
      }
      expect(network.model.engine.arena.brokenGuards()).toEqual([]);
    }
  });
});
