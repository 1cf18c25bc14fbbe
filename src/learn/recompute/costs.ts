/**
 * Computes what back-propagation through time costs when it keeps less than the whole tape and recomputes the
 * rest (Gruslys et al. 2016, "Memory-Efficient Backpropagation Through Time", arXiv 1606.03401), in closed
 * form: nothing here makes a table.
 *
 * The sequence is `units` long, a unit being a block of consecutive steps. Memory has two pools of slots, so
 * that each can be reserved once: i `internal` slots hold the tape of one unit each, and one of them is also
 * where units run; h `hidden` slots hold one state between units each, and one of them holds the state at the
 * start.
 *
 * Let λ(r) be the longest sequence of which no unit runs forward more than r times. From its start a
 * checkpoint is made after λ(r−1; i, h) units, which run once more for having passed. Behind the checkpoint
 * there is one hidden slot less, or, where there is no other hidden slot, the tape of the next unit and one
 * internal slot less:
 *
 *     λ(r; i, h) = λ(r−1; i, h) + λ(r; i, h−1)
 *     λ(r; i, 1) = λ(r−1; i, 1) + 1 + λ(r; i−1, 1)
 *     λ(1; i, h) = i
 *     λ(r; i, h) = β(h+i−1, r) − β(h−1, r),   β(c, r) = (c+r)! / (c! r!)
 *
 * One pool alone is the paper's: i = 1 stores hidden states, λ = β(h, r−1), and h = 1 internal states,
 * λ = β(i, r) − 1; these are Griewank & Walther's binomial schedules (2000, "revolve"). Since the r-th run of
 * a unit adds 1 each time, the least number of runs is r·units − Σ_{k<r} λ(k), with the least r that reaches
 * `units`.
 *
 * The paper's mixed storage lets memory change hands between both kinds, which takes a table. The best two
 * pools run at most 17 per cent more than it, and 0.5 to 2 on average (lengths to 80, memories to 60 states,
 * tapes of 2 to 8; none for 1).
 */

/** Counts the slots of the two pools. */
export interface Slots {
  /** i, the number of tapes that fit, at least 1. */
  readonly internal: number;
  /**
   * h, the number of states that fit, at least 1; may be 0 where all tapes fit, so that no unit runs twice.
   */
  readonly hidden: number;
}

/** The most units for which all numbers here are exact, or so large that it does not matter. */
export const MOST_UNITS = 1 << 24;

/**
 * Returns β(c, r), exact, or Infinity where it is above 2^53 / min(c, r). It is 0 where c = −1, so that
 * λ(r; i, 0) = 1 + λ(r; i−1, 1), and the first recurrence then is the second one too.
 */
function ways(c: number, r: number): number {
  if (c < 0) return 0;
  const [few, many] = c < r ? [c, r] : [r, c];
  let count = 1;
  for (let k = 1; k <= few; k++) {
    count *= many + k;
    if (count > Number.MAX_SAFE_INTEGER) return Infinity;
    count /= k;
  }
  return count;
}

/**
 * Returns λ, the most units of which none runs forward more than `repeats` times. It is Infinity where β is:
 * λ is at least r / (c+r) of β(c, r), which is then more than MOST_UNITS.
 */
function reach(repeats: number, { internal, hidden }: Slots): number {
  const all = ways(hidden + internal - 1, repeats);
  return all === Infinity ? Infinity : all - ways(hidden - 1, repeats);
}

/** Returns the slots that a schedule uses; the others stay empty. O(1). */
export function usedSlots(units: number, { internal, hidden }: Slots): Slots {
  const tapes = Math.min(internal, units);
  return { internal: tapes, hidden: Math.min(hidden, Math.ceil(units / tapes) - 1) };
}

/** Returns how often the unit that runs forward most often does so, at best. O(min(i + h, r) · log r). */
export function mostRepeats(units: number, slots: Slots): number {
  const used = usedSlots(units, slots);
  let most = 1;
  while (reach(most, used) < units) most *= 2;
  let least = Math.floor(most / 2) + 1;
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (reach(middle, used) < units) least = middle + 1;
    else most = middle;
  }
  return most;
}

/**
 * Returns the least number of forward runs of units that back-propagation takes. As fast as `mostRepeats`.
 */
export function forwardRuns(units: number, slots: Slots): number {
  const used = usedSlots(units, slots);
  const r = mostRepeats(units, used);
  const { internal: i, hidden: h } = used;
  // Σ_{k<r} β(c, k) = β(c+1, r−1).
  return r * units - (ways(h + i, r - 1) - ways(h, r - 1));
}

/**
 * Returns how many units to run forward from the start before the next checkpoint: the most of all optimal
 * numbers, which leaves the fewest checkpoints to make. `units` must be above `slots.internal`. As fast as
 * `mostRepeats`.
 */
export function nextCheckpoint(units: number, slots: Slots): number {
  const { internal, hidden } = usedSlots(units, slots);
  const r = mostRepeats(units, { internal, hidden });
  const before = reach(r - 1, { internal, hidden });
  const behind = reach(r - 1, { internal, hidden: hidden - 1 });
  return Math.min(before, units - behind);
}
