/** Lowers the learning rate when validation gets no better. */

import { describe, FormatError, requireInteger, requireNumber, requireOptions } from "../../errors.js";
import type { PlainData } from "../../plain-data.js";
import { keepFollowed, type ScheduleRun } from "./follow.js";
import { power, requireRate } from "./schedule.js";

/** Configures `plateauSchedule`. */
export interface PlateauScheduleOptions {
  /** Learning rate at first, of at least 0. */
  rate: number;
  /** What the rate is multiplied by when it falls, at least 0 and below 1; default 0.1. */
  factor?: number;
  /** Validations in a row without an improvement after which the rate falls, at least 1; default 10. */
  patience?: number;
  /** By how much a validation loss must be below the best to be an improvement, of at least 0; default 0: by anything. */
  minImprovement?: number;
  /** Validations after a fall that do not count against patience; default 0. */
  cooldown?: number;
  /** The rate never falls below this, from 0 to `rate`; default 0. */
  least?: number;
}

/**
 * Describes a schedule that follows the validation loss. It is no function of the step: what it has seen belongs to the
 * training that follows it, so that one description serves any number of trainings.
 */
export interface PlateauSchedule extends Readonly<Required<PlateauScheduleOptions>> {
  readonly name: "plateau";
}

/**
 * Creates a schedule that lowers the rate when validation gets no better, as PyTorch's ReduceLROnPlateau with mode "min"
 * and threshold_mode "abs": a validation improves when its loss is below best − minImprovement, which makes it the best;
 * after `patience` in a row that do not, the rate becomes max(least, rate·factor), and the next `cooldown` validations
 * are not counted. `train` needs validation data with it.
 *
 * Differences: `patience` counts as everywhere here, so that the rate falls with the validation that completes it, where
 * PyTorch's waits for one more; a loss need only be lower by default, where PyTorch asks for 0.01 %; a fall happens
 * however small it is, where PyTorch leaves one below 1e-8 out; the rate is rate·factor^falls, rounded once.
 *
 * Throws a TypeError or RangeError for a bad option.
 */
export function plateauSchedule(options: PlateauScheduleOptions): PlateauSchedule {
  const given = requireOptions("options", options, [
    "rate",
    "factor",
    "patience",
    "minImprovement",
    "cooldown",
    "least",
  ]);
  const rate = requireRate("rate", given.rate);
  const schedule: PlateauSchedule = Object.freeze({
    name: "plateau",
    rate,
    factor: requireNumber("factor", given.factor ?? 0.1, { least: 0, below: 1 }),
    patience: requireInteger("patience", given.patience ?? 10, 1),
    minImprovement: requireNumber("minImprovement", given.minImprovement ?? 0, { least: 0 }),
    cooldown: requireInteger("cooldown", given.cooldown ?? 0, 0),
    least: requireRate("least", given.least ?? 0, rate),
  });
  keepFollowed(schedule, (saved) => {
    const run = beginPlateau(schedule, saved);
    return {
      get rate() {
        return run.rate;
      },
      observe: (validationLoss) => {
        run.observe(validationLoss);
      },
      save: () => ({ ...run.save() }),
    };
  });
  return schedule;
}

/** Holds what a training that follows a plateau schedule has seen. */
export interface PlateauState {
  /** The least validation loss that was an improvement; Infinity before the first. */
  best: number;
  /** Validations in a row without an improvement. */
  misses: number;
  /** Validations still to come that do not count. */
  cooldown: number;
  /** How often the rate fell. */
  falls: number;
}

const FIRST: PlateauState = { best: Infinity, misses: 0, cooldown: 0, falls: 0 };

/**
 * Begins to follow a schedule, or goes on from what another run saved; the schedule may then have other options, which
 * hold from there on, as if the falls so far had been by its own factor. Throws a FormatError for what no run saved.
 */
export function beginPlateau(
  schedule: PlateauSchedule,
  saved?: PlainData | PlateauState,
): Omit<ScheduleRun, "save"> & { save(): PlateauState } {
  const { factor, patience, minImprovement, least } = schedule;
  const state = saved === undefined ? { ...FIRST } : readState(saved);
  const rate = (): number => Math.max(least, schedule.rate * power(factor, state.falls));
  return {
    get rate() {
      return rate();
    },
    observe(validationLoss) {
      const loss = requireNumber("validationLoss", validationLoss);
      const better = loss < state.best - minImprovement;
      if (better) state.best = loss;
      state.misses = better || state.cooldown > 0 ? 0 : state.misses + 1;
      state.cooldown = Math.max(0, state.cooldown - 1);
      if (state.misses < patience) return;
      state.misses = 0;
      state.cooldown = schedule.cooldown;
      // What cannot fall further does not count, lest a lower `least` be reached at once later.
      if (rate() > least) state.falls++;
    },
    save: () => ({ ...state }),
  };
}

/** Returns a copy of a saved state. Throws a FormatError that names what is wrong. */
function readState(saved: unknown): PlateauState {
  const fail = (what: string, came: unknown): never => {
    throw new FormatError(`saved plateau: expected ${what}, got ${describe(came)}`);
  };
  if (typeof saved !== "object" || saved === null) return fail("an object", saved);
  for (const name of Object.keys(saved))
    if (!Object.hasOwn(FIRST, name)) fail(Object.keys(FIRST).join(" or "), name);
  const read = (name: keyof PlateauState, what: string, right: (value: number) => boolean): number => {
    const value: unknown = Reflect.get(saved, name);
    return typeof value === "number" && right(value) ? value : fail(`"${name}" as ${what}`, value);
  };
  const count = (name: keyof PlateauState): number =>
    read(name, "an integer of at least 0", (value) => Number.isSafeInteger(value) && value >= 0);
  return {
    best: read("best", "a number above -Infinity", (value) => value > -Infinity),
    misses: count("misses"),
    cooldown: count("cooldown"),
    falls: count("falls"),
  };
}
