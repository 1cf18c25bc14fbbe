/** When a training ends, and how far it is. */

import { decimalNumber, wholeNumber } from "../arguments.js";

const kinds = ["minutes", "steps", "epochs"] as const;

type Kind = (typeof kinds)[number];

/** What ends a training: that of them which comes first. */
export type Limit = Readonly<Partial<Record<Kind, number>>>;

type Given = Readonly<Partial<Record<Kind, string>>>;

/** Whether any limit was given. */
export function isLimited(given: Given): boolean {
  return kinds.some((kind) => given[kind] !== undefined);
}

/** Returns what was given over the defaults, of which `minutes` is left out where there is another limit. */
export function withDefaults<Defaults extends { readonly minutes: string }, Options extends Given>(
  defaults: Defaults,
  given: Options,
): Omit<Defaults, "minutes"> & Options & Given {
  const { minutes, ...rest } = defaults;
  return { ...rest, ...(isLimited(given) ? {} : { minutes }), ...given };
}

/** Throws a Failure that names the option. */
export function readLimit({ minutes, steps, epochs }: Given): Limit {
  return {
    ...(minutes !== undefined && {
      minutes: decimalNumber("minutes", minutes, "above 0", (value) => value > 0),
    }),
    ...(steps !== undefined && { steps: wholeNumber("steps", steps, 1) }),
    ...(epochs !== undefined && { epochs: wholeNumber("epochs", epochs, 1) }),
  };
}

/** Returns the share of a training that is done, from 0 to 1, by the limit that it is nearest to. */
export function shareOf(limit: Limit, done: Readonly<Record<Kind, number>>): number {
  return Math.min(1, Math.max(0, ...kinds.map((kind) => done[kind] / (limit[kind] ?? Infinity))));
}

/** Measures a training against its limit. */
export class Clock {
  readonly limit: Limit;
  /** Updates in an epoch, about. */
  private readonly epochUpdates: number;
  private readonly now: () => number;
  /** When the training began, as if it had never been interrupted, in seconds. */
  private readonly start: number;

  /** Starts, with the seconds that earlier processes have used; `now` returns the time in seconds. */
  constructor(limit: Limit, epochUpdates: number, used = 0, now = () => performance.now() / 1000) {
    this.limit = limit;
    this.epochUpdates = epochUpdates;
    this.now = now;
    this.start = now() - used;
  }

  /** Seconds of training so far. */
  get seconds(): number {
    return this.now() - this.start;
  }

  /** Whether time may end the training, and not a number of updates alone. */
  get timed(): boolean {
    return this.limit.minutes !== undefined;
  }

  /** Returns the share of the training that is done after `step` updates, from 0 to 1; parts of updates count too. */
  share(step: number): number {
    const { epochUpdates, limit, seconds } = this;
    return shareOf(limit, { minutes: seconds / 60, steps: step, epochs: step / epochUpdates });
  }

  /** Estimates the seconds that the whole training takes; Infinity at the start. */
  total(step: number): number {
    const share = this.share(step);
    return share > 0 ? this.seconds / share : Infinity;
  }
}
