/** Networks and sequences on which learning rules are compared, and their gradients as one vector. */

import { createNetwork, type Network, type NetworkOptions, type TrainingWindow } from "../../../src/index.js";
import { WindowChecks } from "../../../src/learn/windows/checked-window.js";
import type { Learner, LearnerRun } from "../../../src/learn/learner.js";
import type { Build } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { begin } from "../begin.js";

export interface Problem {
  readonly network: Network;
  readonly windows: readonly TrainingWindow[];
  /** Coordinates of recurrent parameters, which come first. */
  readonly recurrent: number;
}

export interface ProblemOptions {
  readonly network: NetworkOptions;
  readonly build: Build;
  /** T of each window, the later ones carrying on; default one of 7. */
  readonly steps?: readonly number[];
  readonly batch?: number;
  readonly dense?: boolean;
  /** Of one window alone. */
  readonly lengths?: Int32Array;
  /** W_hh is multiplied by it. */
  readonly recurrence?: number;
}

export function problemOf(options: ProblemOptions, seed = 5): Problem {
  const { build, steps = [7], batch = 2, dense = false, lengths, recurrence = 1 } = options;
  const network = createNetwork({ seed: 2, ...options.network }, { build });
  const random = new Random(seed);
  for (const parameter of network.parameters) {
    if (/weight_hh/.test(parameter.name)) parameter.write(parameter.read().map((w) => w * recurrence));
  }
  const { inputSize: I, outputSize, hiddenSize: H } = network.options;
  const integers = (n: number, most: number): Int32Array =>
    Int32Array.from({ length: n }, () => random.integer(most));
  const floats = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
  const windows = steps.map((T, i) => ({
    inputs: {
      steps: T,
      batch,
      ...(dense ? { values: floats(T * batch * I) } : { tokens: integers(T * batch, I) }),
      ...(lengths && { lengths }),
    },
    targets:
      outputSize > 0 ? { classes: integers(T * batch, outputSize) } : { values: floats(T * batch * H) },
    carry: i > 0,
  }));
  const recurrent = network.parameters
    .filter(({ name }) => !name.startsWith("head."))
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return { network, windows, recurrent };
}

/** All parameters' gradients, one after the other. */
export function gradientsOf(network: Network): Float64Array {
  return Float64Array.from(network.parameters.flatMap((parameter) => [...parameter.readGradient()]));
}

/** The sum of the gradients that a run makes of the windows. */
export function gradientOfRun(run: LearnerRun, { network, windows }: Problem): Float64Array {
  network.zeroGradients();
  const checks = new WindowChecks(network);
  // The generators add to the gradients as they go on.
  for (const window of windows) Array.from(run.window(checks.check(window)));
  Array.from(run.end());
  return gradientsOf(network);
}

/** Of the sum of losses, at fixed parameters. */
export function gradientBy(learner: Learner, problem: Problem, seed = 1): Float64Array {
  const run = begin(learner, problem.network, { reduction: "sum", seed });
  const gradient = gradientOfRun(run, problem);
  run.dispose?.();
  return gradient;
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDistance(a: Float64Array, b: Float64Array): number {
  const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  return norm(a.map((x, i) => x - b[i])) / norm(b);
}
