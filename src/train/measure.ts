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

interface Score {
  /** Σ weight·loss. */
  readonly loss: number;
  readonly state: State;
}

/** Holds what the losses of windows add up to. */
export interface Sums {
  /** Σ weight·loss. */
  readonly loss: number;
  readonly count: number;
  readonly weight: number;
}

/** Takes part in measuring data of which others measure the rest. */
export interface SharedMeasure {
  /** Returns the part of a window that is to be measured here; undefined for none. */
  measured(window: CheckedWindow): CheckedWindow | undefined;
  /** Adds up what all measured. */
  total(sums: Sums): Promise<Sums>;
}

function scoreOf(
  network: RecurrentNetwork,
  checked: CheckedWindow,
  state: State | undefined,
  { loss, observe }: Measure,
): Score {
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
): Score {
  const run = network.forward(window.inputs, { state, keepTape: false });
  return { loss: askLoss(loss, run.outputs, window).loss * weightOf(checked), state: run.state };
}

/** Measures the mean loss over all windows, at the given pace. The network stays as it is. */
export async function measure(
  network: RecurrentNetwork,
  by: Measure,
  pace: Pace,
  shared?: SharedMeasure,
): Promise<MeanLoss> {
  const checks = new WindowChecks(network, by.loss);
  const own = { loss: 0, count: 0, weight: 0 };
  let state: State | undefined;
  for await (const window of readWindows(by.name, by.data, pace.signal)) {
    await pace.breathe();
    const whole = checks.check(window);
    const checked = shared === undefined ? whole : shared.measured(whole);
    if (checked === undefined) continue;
    const score = scoreOf(network, checked, checked.carry ? state : undefined, by);
    state = score.state;
    own.loss += score.loss;
    own.count += checked.count;
    own.weight += weightOf(checked);
  }
  const { loss, count, weight } = shared === undefined ? own : await shared.total(own);
  return { loss: weight > 0 ? loss / weight : 0, count };
}
