/** Says what every cell declares of itself, for the layer that runs it and for people. */

import type { Engine } from "../../memory/engine.js";
import { matrix, type Region, type Shape } from "../../memory/regions.js";

/**
 * A window's regions of one layer and direction. Slots: one more than steps, of B rows each. Forwards slot 0 holds the
 * initial state and slot t + 1 the state after step t; in reverse slot T holds the initial state and slot t that of step t.
 */
export type CellShapes = Readonly<
  Record<
    /** [(T + 1)·B, H], states and their gradients. */
    | "h"
    | "dh"
    /** The cell state of cells that have one, as h; the gradient is [B, H], of one step at a time. */
    | "c"
    | "dc"
    /** [T·B, blocks·H]: pre-activations, then what the backward pass needs of them, then their gradients. */
    | "z",
    Shape
  >
>;

export type CellRegions = Readonly<Record<keyof CellShapes, Region>>;

/** The size of a window, in which T may be less than what its regions were planned for. */
export interface CellRun {
  readonly steps: number;
  readonly batch: number;
  /** Whether time runs from the last step to the first. */
  readonly reverse: boolean;
  /** Pointer to [B] lengths, or 0. */
  readonly lengths: number;
  /**
   * Pointer to bytes, [T, B], in the order of time, or 0: 1 where the state from which the step starts is dropped. In
   * reverse that state is the next step's, and so is the byte: the pointer is to those of the steps after.
   */
  readonly resets: number;
  /** Pointer to [B + 2, H], scratch that kernels need with resets. */
  readonly held: number;
  readonly regions: CellRegions;
}

/** Below `low` and above `high` a squashed value is saturated: hardly any gradient passes through it. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** A gate, or a candidate, is H rows of W_ih and what comes of its pre-activation. */
export interface Gate {
  /** It is PyTorch's where PyTorch has the cell, distinct in the cell, and none of its states'. */
  readonly letter: string;
  /** It says in a few words for people what the gate is. */
  readonly meaning: string;
  /** It is the place among the blocks that the input touches. */
  readonly block: number;
  /** They hold for its values; there are none where it is linear, or where its values are the states. */
  readonly bounds?: Bounds;
}

/** A squashed state goes through a squashing function on its way to what reads it, or has come through one. */
export interface SquashedState {
  readonly name: "h" | "c";
  readonly meaning: string;
  readonly bounds: Bounds;
}

export interface CellDefinition {
  /** It says in a line for people what the cell is, and where it comes from. */
  readonly about: string;
  /** There are G, in PyTorch's order: W_ih has G·H rows. */
  readonly gates: readonly Gate[];
  /** Blocks of H columns of the pre-activations; the input touches the first ones, the recurrent product the last ones. */
  readonly blocks: number;
  /**
   * For each block of H rows of W_hh, its place among the blocks that the recurrent product touches. None: there is no W_hh
   * nor b_hh, units do not see each other's states, and the Jacobian of a step is diagonal.
   */
  readonly recurrentOrder: readonly number[];
  /** Whether it has a cell state besides h. */
  readonly hasCellState: boolean;
  /** These states saturate. */
  readonly squashedStates: readonly SquashedState[];
  /** The option `forgetBias` sets this gate's bias; without one the cell refuses the option. */
  readonly forgetGate?: number;
  plan(steps: number, batch: number, H: number, tape: boolean): CellShapes;
  /** Where the input's part of z goes, and where the backward pass leaves dz: [T·B, blocks·H]. */
  preactivations(run: CellRun): Region;
  preactivationGradients(run: CellRun): Region;
  /** Runs the time loop forward; `recurrent`: pointer to forward panels of W_hh, or 0 where there is none. */
  forward(engine: Engine, run: CellRun, recurrent: number): void;
  /** Runs the time loop backward; `recurrent`: pointer to backward panels of W_hh, or 0. */
  backward(engine: Engine, run: CellRun, recurrent: number): void;
  /**
   * Computes the derivative of the time loop along a tangent, forwards in time. `tangents` has h, c and z of the same
   * shapes: h and c come in with the initial state's tangent and go out with the states', and the inputs' part stands
   * where `preactivations` says. c is [B, H], of one step at a time. `recurrent`: as for `forward`.
   */
  tangent(engine: Engine, run: CellRun, tangents: CellRun, recurrent: number): void;
}

/** Whether units do not see each other's states, so that within a layer the Jacobian of a step is diagonal. */
export function isDiagonal({ recurrentOrder }: Pick<CellDefinition, "recurrentOrder">): boolean {
  return recurrentOrder.length === 0;
}

/** No region. */
export const NONE: Shape = matrix(0, 0);

/** h and dh; the rest is none. */
export function planStates(steps: number, batch: number, H: number, tape: boolean): CellShapes {
  const states = matrix((steps + 1) * batch, H);
  return { h: states, dh: tape ? states : NONE, c: NONE, dc: NONE, z: NONE };
}
