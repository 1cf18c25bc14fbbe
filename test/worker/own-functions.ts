/** Functions of a caller's own, for a training in a worker and for the same one on this thread. */

import type { TrainingWindow } from "../../src/data/training-data.js";
import type { BeginLearning, LossFunction } from "../../src/learn/learner.js";
import type { State } from "../../src/network/types.js";
import type { Schedule } from "../../src/train/schedules/schedule.js";
import { valueWindow } from "../train/windows.js";

/** Σ scale·y²/2, of outputs y. */
export function halvedSquares(scale: number): LossFunction {
  return (outputs) => ({
    loss: outputs.reduce((sum, y) => sum + (scale * y * y) / 2, 0),
    gradient: outputs.map((y) => scale * y),
  });
}

export function halving(first: number): Schedule {
  return (step) => first / (1 + step);
}

export function constantWindows(count: number): TrainingWindow[] {
  return Array.from({ length: count }, (_, i) => valueWindow(i % 3, 0.5, { carry: i > 0 }));
}

/** Back-propagation over each window, the state carried. */
export const wholeWindows: BeginLearning = ({ network, reduction }) => {
  let state: State | undefined;
  return {
    *window({ window: { inputs, targets }, carry }) {
      const run = network.forward(inputs, carry ? { state } : {});
      const { loss, count } = network.backward(targets, { reduction });
      state = run.state;
      yield { loss, count, steps: inputs.steps * inputs.batch };
    },
    end: () => [],
  };
};
