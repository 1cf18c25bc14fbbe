import type { RecomputeAction } from "../../../src/learn/recompute/schedule.js";
import type { Slots } from "../../../src/learn/recompute/costs.js";

export interface Replay {
  /** How often each unit ran forward. */
  runs: number[];
  /** Slots that were written to, up to the highest. */
  peak: Slots;
  actions: number;
}

function demand(holds: boolean, what: string, action: RecomputeAction): void {
  if (!holds) throw new Error(`${what} at ${JSON.stringify(action)}`);
}

/** Follows the actions as an executor would, and throws at the first that finds not what it needs. */
export class Replayer {
  /** The unit that each state is before; the unit of each tape. */
  private readonly states: (number | undefined)[];
  private readonly tapes: (number | undefined)[];
  /** The current state is the one before this unit; undefined: nothing to rely on. */
  private state: number | undefined = 0;
  private readonly runs: number[];
  private readonly peak = { internal: 0, hidden: 0 };
  /** Units that the first sweep ran; it ends with the first backward. */
  private swept = 0;
  private end: number;

  constructor(units: number, { internal, hidden }: Slots) {
    this.states = new Array<undefined>(hidden).fill(undefined);
    this.tapes = new Array<undefined>(internal).fill(undefined);
    this.runs = new Array<number>(units).fill(0);
    this.end = units;
  }

  replay(actions: Iterable<RecomputeAction>): Replay {
    let count = 0;
    for (const action of actions) {
      this.follow(action);
      count++;
    }
    if (this.end > 0) throw new Error(`units [0, ${this.end}) were not back-propagated`);
    return { runs: this.runs, peak: this.peak, actions: count };
  }

  private follow(action: RecomputeAction): void {
    switch (action.kind) {
      case "save":
        demand(action.slot in this.states, "no such slot", action);
        demand(this.state === action.unit, `state ${this.state}`, action);
        this.states[action.slot] = action.unit;
        this.peak.hidden = Math.max(this.peak.hidden, action.slot + 1);
        break;
      case "restore": {
        const tape = this.tapes[action.slot];
        const end = tape === undefined ? undefined : tape + 1;
        this.state = action.from === "hidden" ? this.states[action.slot] : end;
        demand(this.state === action.unit, `state ${this.state}`, action);
        break;
      }
      case "forward":
        demand(action.to > action.from, "nothing to run", action);
        for (let unit = action.from; unit < action.to; unit++) this.run(unit, action.scratch, action);
        this.tapes[action.scratch] = undefined;
        break;
      case "record":
        this.run(action.unit, action.slot, action);
        this.tapes[action.slot] = action.unit;
        break;
      case "backward":
        demand(this.end === action.unit + 1, `all from ${this.end} done`, action);
        demand(this.tapes[action.slot] === action.unit, `tape of ${this.tapes[action.slot]}`, action);
        demand(this.swept === this.runs.length, `only ${this.swept} units swept`, action);
        this.tapes[action.slot] = undefined;
        this.state = undefined;
        this.end--;
    }
  }

  private run(unit: number, slot: number, action: RecomputeAction): void {
    demand(slot in this.tapes, "no such slot", action);
    demand(this.state === unit, `state ${this.state}`, action);
    demand(unit < this.end, `all from ${this.end} done`, action);
    this.peak.internal = Math.max(this.peak.internal, slot + 1);
    if (this.swept < this.runs.length) {
      demand(unit === this.swept, `${this.swept} units swept`, action);
      this.swept++;
    }
    this.runs[unit]++;
    this.state = unit + 1;
  }
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
