import { describe, expect, it } from "vitest";
import { optimizers, type Optimizer } from "../../src/optimize/optimizers.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { guardedNetwork } from "../network/guarded.js";
import { relativeError } from "../oracle/compare.js";
import { modelOf, tensorsFor } from "../oracle/model.js";
import { optimizerNames, subjects } from "../oracle/optimizers/by-name.js";
import { pick, type OptimizerSubject } from "../oracle/optimizers/optimizer.js";

// Each update rounds a weight to float32, 6e-8 of it, and moves it by a step that is some roundings off; 50 of them come
// to some 3e-6 of a tensor's largest number.
const tolerance = 2e-5;

const UPDATES = 50;
const COMBINATIONS = 25;

/** Gradients of all sizes, from update to update and within one; some are 0. */
function drawGradient(random: Random, length: number): Float32Array {
  const scale = pick(random, 1e-6, 1e-3, 1, 1, 100);
  return Float32Array.from({ length }, () => (random.uniform() < 0.05 ? 0 : scale * random.normal()));
}

describe.each(builds)("50 updates agree with the oracle's, %s build", (build) => {
  it.each(optimizerNames)("%s of any options", (name) => {
    const create: (options: object) => Optimizer = optimizers[name] as (options: object) => Optimizer;
    const { draw, float64 } = subjects[name] as OptimizerSubject<object>;
    for (let seed = 0; seed < COMBINATIONS; seed++) {
      const random = new Random(seed);
      const options = draw(random);
      const [ours, theirs] = [create(options), float64(options)];
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
