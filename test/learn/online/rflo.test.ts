import { describe, expect, it } from "vitest";
import { rflo, snap1 } from "../../../src/learn/rules.js";
import { cellNames } from "../../../src/network/cells/by-name.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { builds } from "../../builds.js";
import { modelOf } from "../../oracle/model.js";
import { problemsOf } from "../../oracle/learning/network-problem.js";
import { NetworkRecurrence } from "../../oracle/learning/network-recurrence.js";
import {
  gradientOf,
  jacobians,
  joined,
  takeStep,
  type Gradients,
  type Problem,
} from "../../oracle/learning/problem.js";
import { stackLayers, weightsWithin, type StackSizes } from "../../oracle/learning/stack.js";
import { addScaled, zeros } from "../../oracle/learning/vectors.js";
import { gradientBy, problemOf, relativeDistance } from "./problems.js";

/** Of sums over 7 steps: some dozens of roundings of 6e-8, relative to the whole gradient. */
const ROUNDING = 1e-5;

/**
 * The same step with what W_hh brings held as it is: W_hh becomes 0, and b_hh what the product was. What the new state owes to
 * the old one is then what stays within the units.
 */
function withHeldProducts(problem: Problem, sizes: StackSizes, before: Float64Array): Problem {
  const theta = problem.recurrence.parameters.slice();
  for (const layer of stackLayers(sizes)) {
    const { weightHh, biasHh } = weightsWithin(theta, layer);
    const H = layer.hidden;
    const h = before.subarray(layer.stateAt, layer.stateAt + H);
    weightHh.forEach((weight, i) => (biasHh[Math.floor(i / H)] += weight * h[i % H]));
    weightHh.fill(0);
  }
  return { ...problem, recurrence: new NetworkRecurrence(sizes, theta) };
}

/** Murray 2019 in float64: E ← d·E + I on what a parameter reaches within a step of its layer, d within the units. */
function float64Rflo(sizes: StackSizes) {
  return function* (problem: Problem): Gradients {
    const { recurrence, initial } = problem;
    const P = recurrence.parameters.length;
    const reach = Array.from({ length: P }, (_, p) => recurrence.reach(p));
    let traces = Array.from({ length: recurrence.stateSize }, () => zeros(P));
    let s = initial;
    for (let t = 0; t < problem.steps; t++) {
      const taken = takeStep(problem, t, s);
      s = taken.after;
      const { parameters } = jacobians(problem, [taken]);
      const { state } = jacobians(withHeldProducts(problem, sizes, taken.before), [taken]);
      const { through } = recurrence.vjp(taken.before, taken.x, taken.q);
      const next = traces.map(() => zeros(P));
      const gradient = Float64Array.from(reach, (elements, p) =>
        elements.reduce((sum, k) => {
          next[k][p] = elements.reduce((e, from) => e + state[k][from] * traces[from][p], parameters[k][p]);
          return sum + through[k] * next[k][p];
        }, 0),
      );
      traces = next;
      yield joined(gradient, taken.head);
    }
  };
}

const cases = builds.flatMap((build) =>
  cellNames.flatMap((cell) =>
    [1, 2].flatMap((layers) => [false, true].map((dense) => ({ build, cell, layers, dense }))),
  ),
);

describe.each(cases)(
  "rflo, $build, $cell of $layers layers, values $dense",
  ({ build, cell, layers, dense }) => {
    const network: NetworkOptions = { cell, layers, inputSize: 5, hiddenSize: 6, outputSize: 4 };

    it("keeps the traces of Murray's formula", () => {
      const problem = problemOf({ network, build, dense, recurrence: 1.5 });
      const [{ inputs, targets }] = problem.windows;
      const model = modelOf(problem.network);
      const expected = zeros(gradientBy(rflo(), problem).length);
      for (const one of problemsOf(model, inputs, targets, { reduction: "sum" }))
        addScaled(expected, 1, gradientOf(one, float64Rflo(model.sizes)));
      expect(relativeDistance(gradientBy(rflo(), problem), expected)).toBeLessThan(ROUNDING);
    });

    it("is snap1 where no unit comes back to itself by W_hh", () => {
      const problem = problemOf({ network, build, dense });
      for (const parameter of problem.network.parameters) {
        if (!parameter.name.startsWith("rnn.weight_hh")) continue;
        const [, H] = parameter.shape;
        parameter.write(parameter.read().map((w, i) => (Math.floor(i / H) % H === i % H ? 0 : w)));
      }
      expect(gradientBy(rflo(), problem)).toEqual(gradientBy(snap1(), problem));
    });
  },
);
