/**
 * Back-propagates through time in the memory of a few slots, running steps again (Gruslys et al. 2016, arXiv
 * 1606.03401). Costs count forward steps; the T backward ones come on top.
 */

import { backward, takeStep, takeSteps, type Gradients, type Problem } from "./problem.js";
import { zeros } from "./vectors.js";

/** Says what a slot keeps: the state before a step, also the first, or all that a step's backward needs. */
export type Kept = "states" | "tapes";

/**
 * Returns binom(c + r, c), the number of steps that c slots cover when none is run more than r times again.
 */
function cover(c: number, r: number): number {
  if (r < 0) return 0;
  let product = 1;
  for (let i = 1; i <= c; i++) product = (product * (r + i)) / i;
  return product;
}

/** Returns the least r with cover(c, r) ≥ l. */
function repetitions(l: number, c: number): number {
  let r = 0;
  while (cover(c, r) < l) r++;
  return r;
}

/** Returns rev(l, c) of Griewank & Walther's revolve. */
function revolve(l: number, c: number): number {
  const r = repetitions(l, c);
  return r * l - cover(c + 1, r - 1);
}

/** Returns the least number of forward steps for T steps with so many slots. */
export function forwardSteps(T: number, slots: number, kept: Kept): number {
  return kept === "states" ? T + revolve(T, slots) : revolve(T + 1, slots);
}

/** Returns how many of `l` steps, at least 2, to run before the next slot is filled. */
function split(l: number, slots: number): number {
  const r = repetitions(l, slots);
  return Math.min(l - 1, Math.max(1, cover(slots, r - 2), l - cover(slots - 1, r)));
}

/** Counts the forward steps that a run took, and the most slots that it filled. */
export interface Work {
  forwards: number;
  slots: number;
}

export function checkpointedBptt(
  { slots, kept }: { slots: number; kept: Kept },
  work: Work = { forwards: 0, slots: 0 },
) {
  return function* (problem: Problem): Gradients {
    const run = new Run(problem, slots, work);
    const cotangent = zeros(problem.recurrence.stateSize);
    if (kept === "states") run.fromStates(0, problem.steps, problem.initial, slots, cotangent);
    else run.fromTapes(0, problem.steps, problem.initial, slots, cotangent);
    yield run.gradient;
  };
}

/**
 * A run goes back over steps [from, to) in each method, `start` being the state before them; the method
 * returns that state's cotangent.
 */
class Run {
  readonly gradient: Float64Array;
  private readonly problem: Problem;
  private readonly slots: number;
  private readonly work: Work;

  constructor(problem: Problem, slots: number, work: Work) {
    this.problem = problem;
    this.slots = slots;
    this.work = work;
    this.gradient = zeros(problem.parameters.length);
  }

  fromStates(from: number, to: number, start: Float64Array, left: number, end: Float64Array): Float64Array {
    if (to - from === 1) {
      this.work.forwards++;
      return backward(this.problem, [takeStep(this.problem, from, start)], this.gradient, { end });
    }
    this.fill(left);
    const middle = from + split(to - from, left);
    const state = this.advance(from, middle, start);
    const between = this.fromStates(middle, to, state, left - 1, end);
    return this.fromStates(from, middle, start, left, between);
  }

  fromTapes(from: number, to: number, start: Float64Array, left: number, end: Float64Array): Float64Array {
    if (to === from) return end;
    this.fill(left);
    const middle = from + split(to - from + 1, left);
    const before = this.advance(from, middle - 1, start);
    const taken = takeStep(this.problem, middle - 1, before);
    this.work.forwards++;
    const after = this.fromTapes(middle, to, taken.after, left - 1, end);
    const between = backward(this.problem, [taken], this.gradient, { end: after });
    return this.fromTapes(from, middle - 1, start, left, between);
  }

  private advance(from: number, to: number, start: Float64Array): Float64Array {
    this.work.forwards += to - from;
    return takeSteps(this.problem, from, to, start).at(-1)?.after ?? start;
  }

  /** Fills one of the slots that are left. */
  private fill(left: number): void {
    this.work.slots = Math.max(this.work.slots, this.slots - left + 1);
  }
}
