/**
 * Defines a problem: one sequence to learn from, with a recurrence, its inputs, and a loss after each step.
 */

import type { Recurrence } from "./recurrence.js";
import { addScaled, combine, unit, zeros } from "./vectors.js";

export interface StepLoss {
  loss: number;
  /** ∂ℓ_t/∂s_t, [S]. */
  q: Float64Array;
  /** ∂ℓ_t/∂(the head's parameters), exact and immediate under every rule. */
  head: Float64Array;
}

export interface Problem {
  readonly recurrence: Recurrence;
  /** All parameters, [P + the head's], the recurrence's first, as in every gradient: the array itself. */
  readonly parameters: Float64Array;
  /** T, the number of steps. */
  readonly steps: number;
  /** s_0, [S]. */
  readonly initial: Float64Array;
  /** Returns x of step t, from 0. */
  input(t: number): Float64Array;
  /** Returns the loss of step t with the state after it. */
  loss(t: number, s: Float64Array): StepLoss;
}

/**
 * Yields a gradient of the sum of losses, [P + the head's], whenever one is ready; together they are the
 * rule's gradient of the whole sequence. The parameters may be moved in between: later gradients are worked
 * out with the parameters of their time, from the states as they were.
 */
export type Gradients = Generator<Float64Array, void, undefined>;

export type Rule = (problem: Problem, draw: Draw) => Gradients;

/** Returns true with the given probability: from a seed, or from an enumeration of all that can happen. */
export type Draw = (probability: number) => boolean;

/** Returns +1 or −1, equally likely. */
export function drawSign(draw: Draw): number {
  return draw(0.5) ? 1 : -1;
}

/** Throws an error: stands for the draws of a rule that draws nothing. */
export function noDraws(): never {
  throw new Error("this rule draws nothing");
}

/** Returns the rule's gradient of the whole sequence at fixed parameters. */
export function gradientOf(problem: Problem, rule: Rule, draw: Draw = noDraws): Float64Array {
  const sum = zeros(problem.parameters.length);
  for (const gradient of rule(problem, draw)) addScaled(sum, 1, gradient);
  return sum;
}

/** Returns the sum of all losses. */
export function totalLoss(problem: Problem): number {
  let s = problem.initial;
  let sum = 0;
  for (let t = 0; t < problem.steps; t++) {
    s = problem.recurrence.forward(s, problem.input(t));
    sum += problem.loss(t, s).loss;
  }
  return sum;
}

/** Holds a step on the tape. */
export interface Taken extends StepLoss {
  before: Float64Array;
  x: Float64Array;
  after: Float64Array;
}

export function takeStep(problem: Problem, t: number, before: Float64Array): Taken {
  const x = problem.input(t);
  const after = problem.recurrence.forward(before, x);
  return { before, x, after, ...problem.loss(t, after) };
}

/** Runs steps [from, to) from the state `start` and returns them as a tape. */
export function takeSteps(problem: Problem, from: number, to: number, start: Float64Array): Taken[] {
  const tape: Taken[] = [];
  let s = start;
  for (let t = from; t < to; t++) {
    const taken = takeStep(problem, t, s);
    tape.push(taken);
    s = taken.after;
  }
  return tape;
}

export interface BackwardOptions {
  /** The cotangent of the tape's last state; default zeros. */
  end?: Float64Array;
  /** Whether step i's loss counts; default: all do. */
  counts?: (i: number) => boolean;
  /** Factor of the cotangent on its way from step i + 1 to step i; default 1. */
  carry?: (i: number) => number;
}

/**
 * Back-propagates through the tape, adding to `gradient`; returns the cotangent of the state before its first
 * step.
 */
export function backward(
  { recurrence }: Problem,
  tape: readonly Taken[],
  gradient: Float64Array,
  { end, counts = () => true, carry }: BackwardOptions = {},
): Float64Array {
  const P = recurrence.parameters.length;
  let d = end ?? zeros(recurrence.stateSize);
  for (let i = tape.length - 1; i >= 0; i--) {
    const { before, x, q, head } = tape[i];
    if (i < tape.length - 1 && carry !== undefined) d = combine(carry(i), d, 0, d);
    if (counts(i)) {
      d = combine(1, d, 1, q);
      addScaled(gradient.subarray(P), 1, head);
    }
    const back = recurrence.vjp(before, x, d);
    addScaled(gradient.subarray(0, P), 1, back.parameters);
    d = back.state;
  }
  return d;
}

/**
 * Returns the derivatives of the tape's last state by its first state, S rows of S, and by θ, S rows of P.
 */
export function jacobians(
  problem: Problem,
  tape: readonly Taken[],
): { state: Float64Array[]; parameters: Float64Array[] } {
  const S = problem.recurrence.stateSize;
  const state: Float64Array[] = [];
  const parameters: Float64Array[] = [];
  for (let i = 0; i < S; i++) {
    const gradient = zeros(problem.parameters.length);
    state.push(backward(problem, tape, gradient, { end: unit(S, i), counts: () => false }));
    parameters.push(gradient.subarray(0, problem.recurrence.parameters.length));
  }
  return { state, parameters };
}

/** Joins the gradients of the recurrence and of the head. */
export function joined(recurrent: Float64Array, head: Float64Array): Float64Array {
  return Float64Array.of(...recurrent, ...head);
}
