/** Schedules how units of a sequence run, are saved, restored and back-propagated; see costs.ts for why. */

import { requireInteger } from "../../errors.js";
import { MOST_UNITS, nextCheckpoint, type Slots } from "./costs.js";

/**
 * An action says what to do next. "The state" is the network's, between units: at first that before unit 0.
 */
export type RecomputeAction =
  /** Copies the state, which is the one before `unit`, into a hidden slot. */
  | { readonly kind: "save"; readonly slot: number; readonly unit: number }
  /** Sets the state to the one before `unit`, from a hidden slot or the end of the tape of unit − 1. */
  | {
      readonly kind: "restore";
      readonly from: "hidden" | "internal";
      readonly slot: number;
      readonly unit: number;
    }
  /**
   * Runs units [from, to) from the state before them, in the free internal slot `scratch`; keeps no tapes.
   */
  | { readonly kind: "forward"; readonly from: number; readonly to: number; readonly scratch: number }
  /** Runs the unit from the state before it, and keeps its tape in an internal slot. */
  | { readonly kind: "record"; readonly slot: number; readonly unit: number }
  /**
   * Back-propagates through the tape of `unit` in the slot, which is free then. The state does not matter.
   */
  | { readonly kind: "backward"; readonly slot: number; readonly unit: number };

interface Held {
  readonly from: "hidden" | "internal";
  readonly slot: number;
  /** The unit that the held state stands before. */
  readonly unit: number;
}

/**
 * Yields the schedule with the fewest forward runs, `forwardRuns(units, slots)`, one action after the other.
 * Its actions keep these rules:
 *
 * - "backward" comes once for each unit, from the last to the first, right on what "record" of the same unit
 *   left.
 * - Before the first "backward", every unit ran exactly once, in order ("forward" or "record"): outputs,
 *   losses and the final state can be taken there. The last unit never runs again.
 * - "forward" and "record" find the state where they start; after a "backward" a "restore" comes first.
 * - Slots are taken as on a stack: what a "save" or "record" overwrites is never needed again. No hidden slot
 *   from `usedSlots(units, slots).hidden` up and no internal one from its `.internal` up is named.
 *
 * There are at most 5 actions a unit. Each takes O(min(i + h, r) · log r), r = `mostRepeats`, and only the
 * contents of the slots are kept, O(i + h). Throws a TypeError or RangeError for units or slots below 1; no
 * hidden slot is needed for `units` ≤ i.
 */
export function* recomputeSchedule(
  units: number,
  { internal, hidden }: Slots,
): Generator<RecomputeAction, void> {
  requireInteger("units", units, 1, MOST_UNITS);
  requireInteger("slots.internal", internal, 1);
  requireInteger("slots.hidden", hidden, units > internal ? 1 : 0);
  const states: Held[] = [];
  const tapes: Held[] = [];
  /** The unit that the state stands before; after a backward, one that nothing starts from any more. */
  let at = 0;
  /** The unit from which on all units were back-propagated. */
  let end = units;
  if (units > internal) yield save(states, at);
  while (end > 0) {
    const start = latest(states, tapes);
    if (start !== undefined && start.unit !== at) yield { kind: "restore", ...start };
    const from = start?.unit ?? 0;
    const length = end - from;
    // The state at the start takes one of the hidden slots.
    const free = { internal: internal - tapes.length, hidden: hidden - states.length + 1 };
    at = from + (length > free.internal ? nextCheckpoint(length, free) : 0);
    if (at > from) yield { kind: "forward", from, to: at, scratch: tapes.length };
    if (end - at > free.internal && free.hidden > 1) {
      yield save(states, at);
      continue;
    }
    const last = end - at > free.internal ? at + 1 : end;
    while (at < last) yield record(tapes, at++);
    for (let tape = tapes.at(-1); tape !== undefined && tape.unit === end; tape = tapes.at(-1)) {
      tapes.pop();
      end--;
      yield { kind: "backward", slot: tape.slot, unit: end };
    }
    while (states.at(-1)?.unit === end) states.pop();
  }
}

function save(states: Held[], unit: number): RecomputeAction {
  const slot = states.length;
  states.push({ from: "hidden", slot, unit });
  return { kind: "save", slot, unit };
}

function record(tapes: Held[], unit: number): RecomputeAction {
  const slot = tapes.length;
  tapes.push({ from: "internal", slot, unit: unit + 1 });
  return { kind: "record", slot, unit };
}

/**
 * Returns the latest state that is held, from which the next units start; undefined: the sequence's start.
 */
function latest(states: readonly Held[], tapes: readonly Held[]): Held | undefined {
  const [state, tape] = [states.at(-1), tapes.at(-1)];
  return tape !== undefined && tape.unit > (state?.unit ?? 0) ? tape : state;
}
