/** Back-propagates the losses of single steps, a step at a time, and sums up gradient norms by lag. */

import type { Inputs } from "../../network/model/batch.js";
import { Dynamics } from "../../network/dynamics/dynamics.js";
import { targetKind, type Targets } from "../../network/model/targets.js";
import type { RecurrentNetwork } from "../../network/network.js";
import type { Rows } from "../../network/dynamics/rows.js";
import type { State } from "../../network/types.js";
import { SaturationCount, type Saturation } from "./saturation.js";

/** Names the network, the sequence and the losses that are followed. */
export interface FlowRequest {
  /** A network without dropout; its own gradients are overwritten. */
  readonly network: RecurrentNetwork;
  readonly inputs: Inputs;
  readonly targets: Targets;
  readonly losses: LossCounts;
  readonly state: State | undefined;
  /** The steps, from 0, whose losses are followed, ascending. */
  readonly followed: readonly number[];
  /** Number of lags, from 0 on, at which gradients are measured. */
  readonly lags: number;
}

/**
 * Holds a layer's sums by lag, over followed losses and the batch: ‖∂ℓ_t/∂h_{t−lag}‖² in `h` and
 * ‖∂ℓ_t/∂c_{t−lag}‖² in `c`.
 */
export interface LayerSums {
  readonly h: Float64Array;
  readonly c: Float64Array;
  readonly units: Saturation[];
}

export interface FlowSums {
  readonly layers: readonly LayerSums[];
  /** By lag, the number of losses, one for each step and sequence, that the sums are over. */
  readonly counts: Float64Array;
}

/** Counts the losses, one for each step and sequence, that gradients come from. */
export interface LossCounts {
  /** [T], the number of sequences that have a target there. */
  readonly byStep: Int32Array;
  /** [T], by lag the number of all losses that go back so far: see `reaching`. */
  readonly byLag: Float64Array;
  /** Returns how many of a step's losses go back by `lag` steps, neither past the start nor to where a sequence began anew. */
  reaching(step: number, lag: number): number;
}

export function countLosses(
  { kind, array, ends }: Targets,
  { steps, batch, lengths, resets }: Inputs,
): LossCounts {
  const { none, marksNone } = targetKind(kind);
  const isTarget = (element: number): boolean => !(marksNone && Object.is(element, none));
  const width = array.length / (ends === undefined ? steps * batch : batch);
  const has = (t: number, b: number): boolean => {
    if (ends !== undefined && t !== ends[b] - 1) return false;
    const at = (ends === undefined ? t * batch + b : b) * width;
    return t < (lengths?.[b] ?? steps) && array.subarray(at, at + width).some(isTarget);
  };
  /** The largest lag of each loss, [T, B]; -1 where there is none. */
  const reach = new Int32Array(steps * batch).fill(-1);
  const byStep = new Int32Array(steps);
  const byLag = new Float64Array(steps);
  for (let b = 0; b < batch; b++) {
    for (let t = 0, first = 0; t < steps; t++) {
      const at = t * batch + b;
      if (resets?.[at] === 1) first = t;
      if (!has(t, b)) continue;
      reach[at] = t - first;
      byStep[t]++;
      byLag[t - first]++;
    }
  }
  for (let lag = steps - 2; lag >= 0; lag--) byLag[lag] += byLag[lag + 1];
  return {
    byStep,
    byLag,
    reaching(step, lag) {
      let count = 0;
      for (let b = 0; b < batch; b++) if (reach[step * batch + b] >= lag) count++;
      return count;
    },
  };
}

/** A traveller is one step's loss on its way back: ∂ℓ_t/∂s at the step that it has reached, [B, S]. */
interface Traveller {
  readonly t: number;
  readonly cotangent: Rows;
  /** Whether its gradient is not all zeros yet. */
  alive: boolean;
}

/**
 * Runs forward through the sequence, then back. All losses that have reached a step are taken back over it
 * together, after one forward of that step. Throws an OutOfMemoryError.
 */
export function followLosses(request: FlowRequest): FlowSums {
  const { network, inputs } = request;
  const { batch, kind, resets } = inputs;
  const sizes = { batch, steps: 1, inputs: kind, resets: resets !== undefined };
  const dynamics = new Dynamics(network.model, sizes);
  try {
    return new LossPaths(dynamics, request).follow();
  } finally {
    dynamics.dispose();
  }
}

class LossPaths {
  private readonly dynamics: Dynamics;
  private readonly request: FlowRequest;
  private readonly saturation: readonly SaturationCount[];
  private readonly h: readonly Float64Array[];
  private readonly c: readonly Float64Array[];
  private readonly counts: Float64Array;
  /** Elements of h, and as many of c, in a row of the joint state. */
  private readonly width: number;
  private readonly hasCellState: boolean;

  constructor(dynamics: Dynamics, request: FlowRequest) {
    const { lags } = request;
    const { options, cell } = dynamics.parts;
    const layers = Array.from({ length: options.layers }, (_, l) => l);
    this.dynamics = dynamics;
    this.request = request;
    this.saturation = layers.map((l) => new SaturationCount(dynamics, l));
    this.h = layers.map(() => new Float64Array(lags));
    this.c = layers.map(() => new Float64Array(lags));
    this.counts = new Float64Array(lags);
    this.hasCellState = cell.hasCellState;
    this.width = dynamics.stateSize / (layers.length * (cell.hasCellState ? 2 : 1));
  }

  follow(): FlowSums {
    const starts = this.forward();
    let travellers: Traveller[] = [];
    const idle: Rows[] = [];
    const { dynamics, request } = this;
    const { targets, inputs, lags } = request;
    const earliest = Math.max(0, request.followed[0] - lags + 1);
    for (let s = inputs.steps - 1; s >= earliest; s--) {
      const starting = request.followed.includes(s);
      if (!starting && travellers.length === 0) continue;
      dynamics.state = starts[s];
      dynamics.forward(inputs, s, 1);
      for (const traveller of travellers) this.pass(traveller, s);
      if (starting) {
        const cotangent = idle.pop() ?? dynamics.createStates(inputs.batch);
        const traveller = { t: s, cotangent, alive: true };
        dynamics.loss(targets, s, 1);
        this.pass(traveller, s);
        travellers.push(traveller);
      }
      // At the next step their lag would be `lags` or more.
      idle.push(...travellers.filter(({ t }) => t - s + 1 >= lags).map(({ cotangent }) => cotangent));
      travellers = travellers.filter(({ t }) => t - s + 1 < lags);
    }
    const layers = this.h.map((h, l) => ({ h, c: this.c[l], units: this.saturation[l].read() }));
    return { layers, counts: this.counts };
  }

  /** Returns the state before each step; undefined for zeros. */
  private forward(): (State | undefined)[] {
    const { dynamics, request } = this;
    const { inputs, state } = request;
    const starts: (State | undefined)[] = [];
    dynamics.state = state;
    for (let s = 0; s < inputs.steps; s++) {
      starts.push(s === 0 ? state : dynamics.state);
      dynamics.forward(inputs, s, 1);
      for (const count of this.saturation) count.add((b) => s < (inputs.lengths?.[b] ?? inputs.steps));
    }
    return starts;
  }

  /**
   * Adds a loss's squared gradient after step s, which just ran, to the sums and takes it back over the step.
   */
  private pass(traveller: Traveller, s: number): void {
    const { dynamics } = this;
    const { t, cotangent } = traveller;
    const lag = t - s;
    this.counts[lag] += this.request.losses.reaching(t, lag);
    if (!traveller.alive) return;
    const adjoint = dynamics.vjp(lag === 0 ? { losses: true } : { cotangent });
    const { kernels } = dynamics.parts.engine;
    let sum = 0;
    this.h.forEach((h, l) => {
      const outside = adjoint.outsideGradients(l);
      const ofH = kernels.sumOfSquares(outside.pointer, outside.rows * outside.stride);
      const ofC = lag > 0 && this.hasCellState ? this.cellSquares(cotangent, l) : 0;
      h[lag] += ofH;
      this.c[l][lag] += ofC;
      sum += ofH + ofC;
    });
    traveller.alive = sum !== 0; // NaN goes on
    for (let b = 0; b < cotangent.count; b++) cotangent.copy(b, adjoint.start, b);
  }

  private cellSquares(cotangent: Rows, layer: number): number {
    const { layout, parts } = this.dynamics;
    let sum = 0;
    for (let b = 0; b < cotangent.count; b++)
      sum += parts.engine.kernels.sumOfSquares(
        cotangent.pointer(b) + layout.offset(layer, 1) * 4,
        this.width,
      );
    return sum;
  }
}
