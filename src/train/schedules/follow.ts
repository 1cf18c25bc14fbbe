/** Follows schedules that are no functions of the step through a training; kept apart, so that who has none need not load them. */

import { describe } from "../../errors.js";
import type { PlainData } from "../../plain-data.js";

/** A schedule as one training follows it. */
export interface ScheduleRun {
  /** The learning rate of the next update. */
  readonly rate: number;
  /** Takes a validation's loss, a finite number. */
  observe(validationLoss: number): void;
  /** Returns a copy of what was seen, from which another run goes on. */
  save(): PlainData;
}

/** Begins to follow a schedule, or goes on from what a run saved. Throws a FormatError for what no run saved. */
export type Follow = (saved?: PlainData) => ScheduleRun;

const followed = new WeakMap<object, Follow>();

export function keepFollowed(schedule: object, follow: Follow): void {
  followed.set(schedule, follow);
}

/** Returns how a schedule is followed; undefined for a function. */
export function followOf(schedule: unknown): Follow | undefined {
  return typeof schedule === "object" && schedule !== null ? followed.get(schedule) : undefined;
}

/** Throws a TypeError for what is neither a function nor made by `plateauSchedule`. */
export function requireSchedule(name: string, schedule: unknown): void {
  if (typeof schedule === "function" || followOf(schedule) !== undefined) return;
  throw new TypeError(
    `"${name}" expected a function, or a schedule made by plateauSchedule(), got ${describe(schedule)}`,
  );
}
