/** Measures the mean loss over data, for validation and `evaluate`. */

import type { TrainingData } from "../data/training-data.js";
import { isLossFunction, type LossFunction } from "../learn/learner.js";
import { askLoss } from "../learn/windows/callers-loss.js";
import { WindowChecks, type CheckedWindow } from "../learn/windows/checked-window.js";
import { weightOf } from "../learn/windows/stretches.js";
import type { Inputs } from "../network/model/batch.js";
import type { Targets } from "../network/model/targets.js";
import type { RecurrentNetwork } from "../network/network.js";
import { score } from "../network/score.js";
import type { Loss, Network, State } from "../network/types.js";
import type { Pace } from "./pace.js";
import { readWindows } from "./read-windows.js";

/** Takes the outputs of some steps, [rows, O], with the targets of these steps, as they come by. */
export type Observer = (outputs: Float32Array, targets: Targets, inputs: Inputs) => void;

/** Describes what a network is measured by. */
export interface Measure {
  /** The name of the data in error messages. */
  readonly name: string;
  readonly data: TrainingData;
  readonly loss?: Loss | LossFunction | undefined;
  /** Not called with a loss function of the caller's own. */
  readonly observe?: Observer | undefined;
}

export interface MeanLoss {
  /** 0 without any target. */
  readonly loss: number;
  /** Number of targets. */
  readonly count: number;
}

interface Sums {
  /** Σ weight·loss. */
  readonly loss: number;
  readonly state: State;
}

function scoreOf(
  network: RecurrentNetwork,
  checked: CheckedWindow,
  state: State | undefined,
  { loss, observe }: Measure,
): Sums {
  if (isLossFunction(loss)) return callersScore(network, checked, state, loss);
  const { inputs, targets } = checked;
  if (targets === undefined) throw new Error("a window without targets came, and no loss of the caller's");
  return score(
    network,
    inputs,
    targets,
    state,
    observe &&
      ((outputs, part) => {
        observe(outputs, part, inputs);
      }),
  );
}

/** Scores a window by the caller's loss, as `score` does by its targets. */
function callersScore(
  network: Network,
  { window, ...checked }: CheckedWindow,
  state: State | undefined,
  loss: LossFunction,
): Sums {
  const run = network.forward(window.inputs, { state, keepTape: false });
  return { loss: askLoss(loss, run.outputs, window).loss * weightOf(checked), state: run.state };
}

/** Measures the mean loss over all windows, at the given pace. The network stays as it is. */
export async function measure(network: RecurrentNetwork, by: Measure, pace: Pace): Promise<MeanLoss> {
  const checks = new WindowChecks(network, by.loss);
  const total = { loss: 0, count: 0, weight: 0 };
  let state: State | undefined;
  for await (const window of readWindows(by.name, by.data, pace.signal)) {
    await pace.breathe();
    const checked = checks.check(window);
    const sums = scoreOf(network, checked, checked.carry ? state : undefined, by);
    state = sums.state;
    total.loss += sums.loss;
    total.count += checked.count;
    total.weight += weightOf(checked);
  }
  const { loss, count, weight } = total;
  return { loss: weight > 0 ? loss / weight : 0, count };
}
