/** Sizes and options of networks to compare with the float64 oracle, and what the oracle says of them. */

import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { isDiagonal } from "../../src/network/cells/cell.js";
import { Random } from "../../src/random.js";
import type { Cell, NetworkOptions, Reduction, Sequence, State, Target } from "../../src/network/types.js";
import { cells as oracleCells } from "../oracle/cells/by-name.js";
import { modelOf } from "../oracle/model.js";
import { oracleBackward, oracleForward, type OracleBackward, type OracleForward } from "../oracle/network.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { drawSequence, drawState, drawTarget, type TargetKind } from "./drawn.js";

export interface OracleCase {
  options: NetworkOptions;
  steps: number;
  batch: number;
  inputs: "tokens" | "values";
  target: TargetKind;
  reduction: Reduction;
  /** Whether there is an initial state, and a gradient of the final one. */
  states: boolean;
  seed: number;
}

/** What a case feeds to the network. */
export interface DrawnCase {
  sequence: Sequence;
  target: Target;
  state: State | undefined;
  stateGradient: State | undefined;
}

export interface OracleAnswer {
  forward: OracleForward;
  backward: OracleBackward;
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(items.length)];
}

/** The same of a cell, without what it has no use for. */
export function optionsOf(cell: Cell, { initialization, ...options }: NetworkOptions): NetworkOptions {
  return { ...options, cell, ...(!isDiagonal(cells[cell]) && initialization && { initialization }) };
}

/** A case of the given sizes; the rest is drawn. */
export function drawCase(
  seed: number,
  sizes: { inputSize: number; hiddenSize: number; outputSize: number; steps: number; batch: number },
): OracleCase {
  const random = new Random(seed, 1);
  const { steps, batch, ...widths } = sizes;
  const initialization = { recurrent: pick(random, ["uniform", "orthogonal", "identity"] as const) };
  return {
    options: optionsOf(pick(random, cellNames), { ...widths, seed, initialization }),
    steps,
    batch,
    inputs: pick(random, ["tokens", "values"]),
    target: pick(random, ["classes", "values", "gradient"]),
    reduction: pick(random, ["mean", "sum"]),
    states: random.uniform() < 0.5,
    seed,
  };
}

/** Sizes as they come, small ones more often. */
export function drawSizes(seed: number): OracleCase {
  const random = new Random(seed, 2);
  const size = (most: number): number => 1 + Math.floor(most * random.uniform() * random.uniform());
  return drawCase(seed, {
    inputSize: size(140),
    hiddenSize: size(140),
    outputSize: size(140),
    steps: size(40),
    batch: 1 + random.integer(9),
  });
}

/**
 * Where a pre-activation of max(0, ·) is this close to 0, float32 may take the other side, and another gradient with it:
 * some ten times the rounding of sums of these sizes.
 */
const KINK = 3e-6;

function nearKink({ tape }: OracleForward, cell: Cell): boolean {
  return tape.layers[0][0].some((taken) => {
    if (taken === undefined) return false;
    const { step } = taken;
    const kinks = Object.values(oracleCells[cell].activations(step)).some(({ by }) => by === "relu");
    return kinks && step.input.some((z, j) => Math.abs(z + step.recurrent[j]) < KINK);
  });
}

/** The case's sequence and targets, drawn anew where they come near a kink, with the oracle's answer. */
export function answerOf(given: OracleCase, network: RecurrentNetwork): DrawnCase & { answer: OracleAnswer } {
  const { steps, batch, states, seed } = given;
  const sizes = { ...network.options, steps, batch };
  const model = modelOf(network);
  for (let stream = 3; ; stream++) {
    const random = new Random(seed, stream);
    const sequence = drawSequence(random, given.inputs, sizes);
    const target = drawTarget(random, given.target, sizes);
    const state = states ? drawState(random, sizes) : undefined;
    const stateGradient = states ? drawState(random, sizes) : undefined;
    const forward = oracleForward(model, sequence, { state });
    if (nearKink(forward, network.options.cell)) continue;
    const { reduction } = given;
    const backward = oracleBackward(model, forward.tape, target, { reduction, stateGradient });
    return { sequence, target, state, stateGradient, answer: { forward, backward } };
  }
}
