/** Says what every cell declares of itself, for the layer that runs it and for people. */

import type { Engine } from "../../memory/engine.js";
import { matrix, rowsOf, type Region, type Shape } from "../../memory/regions.js";

/** Regions that a forward pass leaves for the backward one. */
export const TAPE_NAMES = ["h", "c", "z", "u", "v", "w", "scales"] as const;

/** Regions that the backward pass works in, and leaves the gradients in. */
export const GRADIENT_NAMES = ["dh", "dc", "du", "dv", "dw"] as const;

export type TapeName = (typeof TAPE_NAMES)[number];
export type GradientName = (typeof GRADIENT_NAMES)[number];

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
    | "z"
    /** With layer normalisation, [T·B, ·] each: the normalised W_ih x_t, W_hh h_{t-1} and c_t, and the gradients before N. */
    | "u"
    | "v"
    | "w"
    | "du"
    | "dv"
    | "dw"
    /** [T·B, 8], 1/σ of each. */
    | "scales",
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

/** Holds pointers to the parameters of layer normalisation that a time loop reads; 0 for those that the cell has not. */
export interface NormPointers {
  /** The gain of W_hh h_{t-1}, or of the one sum that the cell normalises. */
  readonly recurrent: number;
  /** The gain and the bias of the cell state. */
  readonly state: number;
  readonly stateBias: number;
  /** b_ih + b_hh, of a cell that adds them in the loop. */
  readonly bias: number;
}

/** Stands for the parameters of a cell without normalisation. */
export const NO_NORMS: NormPointers = { recurrent: 0, state: 0, stateBias: 0, bias: 0 };

/** A gain of layer normalisation, or the bias behind one. */
export interface NormParameter {
  /** The parameter's name, between "rnn." and its layer. */
  readonly name: string;
  /** For each of its blocks of H elements, its place among the blocks in memory. */
  readonly order: readonly number[];
  /** What each of its elements starts from. */
  readonly start: 0 | 1;
  /** The pointer that a time loop takes it by; none of the input's gain. */
  readonly pointer?: Exclude<keyof NormPointers, "bias">;
  /** Returns the gradient of what it is added to, [T·B, ·]. */
  readonly by: (run: CellRun) => Region;
  /** Returns what it multiplies, of the same size; none of a bias. */
  readonly times?: (run: CellRun) => Region;
}

/** Blocks that are normalised together, in W_ih x_t, [T·B, G·H]. */
export interface NormGroup {
  readonly first: number;
  readonly blocks: number;
  /** The column of its 1/σ in the scales. */
  readonly scale: number;
}

/** Says what layer normalisation (Ba, Kiros & Hinton 2016) normalises in a cell, and by which parameters. */
export interface CellNorm {
  readonly parameters: readonly NormParameter[];
  /** The groups of W_ih x_t; none where it is normalised with W_hh h_{t-1}, in the time loop. */
  readonly inputGroups: readonly NormGroup[];
  /** Where W_ih x_t stands, and the gradients of both products: [T·B, ·]. */
  product(run: CellRun): Region;
  inputGradients(run: CellRun): Region;
  recurrentGradients(run: CellRun): Region;
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
  /** What it normalises; only of a cell that does. */
  readonly norm?: CellNorm;
  /** The same cell with layer normalisation; without it the cell refuses the option. */
  readonly normalized?: CellDefinition;
  plan(steps: number, batch: number, H: number, tape: boolean): CellShapes;
  /** Where the input's part of z goes, and where the backward pass leaves dz: [T·B, blocks·H]. */
  preactivations(run: CellRun): Region;
  preactivationGradients(run: CellRun): Region;
  /** Runs the time loop forward; `recurrent`: pointer to forward panels of W_hh, or 0 where there is none. */
  forward(engine: Engine, run: CellRun, recurrent: number, norms: NormPointers): void;
  /** Runs the time loop backward; `recurrent`: pointer to backward panels of W_hh, or 0. */
  backward(engine: Engine, run: CellRun, recurrent: number, norms: NormPointers): void;
  /**
   * Computes the derivative of the time loop along a tangent, forwards in time. `tangents` has h, c and z of the same
   * shapes: h and c come in with the initial state's tangent and go out with the states', and the inputs' part stands
   * where `preactivations` says. c is [B, H], of one step at a time, and so is v. `recurrent`: as for `forward`.
   */
  tangent(engine: Engine, run: CellRun, tangents: CellRun, recurrent: number, norms: NormPointers): void;
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
  const norms = { u: NONE, v: NONE, w: NONE, du: NONE, dv: NONE, dw: NONE, scales: NONE };
  return { h: states, dh: tape ? states : NONE, c: NONE, dc: NONE, z: NONE, ...norms };
}

/** Regions of layer normalisation beside a cell's others. `blocks`: of u, v and w, in strides of h. */
export function planNorms(
  { h: { stride } }: CellShapes,
  rows: number,
  blocks: Readonly<Record<"u" | "v" | "w", number>>,
  tape: boolean,
): Pick<CellShapes, "u" | "v" | "w" | "du" | "dv" | "dw" | "scales"> {
  const shape = (count: number): Shape => (count > 0 ? matrix(rows, count * stride) : NONE);
  const [u, v, w] = [shape(blocks.u), shape(blocks.v), shape(blocks.w)];
  const gradients = tape ? { du: u, dv: v, dw: w } : { du: NONE, dv: NONE, dw: NONE };
  return { u, v, w, ...gradients, scales: matrix(rows, 8) };
}

/** Returns the function that gives a run's rows, [T·B, ·], of a region. */
export function usedRows(name: keyof CellRegions): (run: CellRun) => Region {
  return ({ regions, steps, batch }) => rowsOf(regions[name], 0, steps * batch);
}

/** Takes some of a record's members. */
export function take<Name extends string, Value>(
  names: readonly Name[],
  from: Readonly<Record<Name, Value>>,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Record<Name, Value>;
}

/** Returns dLoss/d(W_ih x_t), [T·B, ·], its first G blocks: dz, but for a norm in between. */
export function inputGradients(cell: CellDefinition, run: CellRun): Region {
  return cell.norm === undefined ? cell.preactivationGradients(run) : cell.norm.inputGradients(run);
}

/** Returns dLoss/d(W_hh h_{t-1}), [T·B, ·], its last blocks. */
export function recurrentGradients(cell: CellDefinition, run: CellRun): Region {
  return cell.norm === undefined ? cell.preactivationGradients(run) : cell.norm.recurrentGradients(run);
}
