/** When a training ends, and how far it is. */

import { decimalNumber, wholeNumber } from "../arguments.js";
import { Failure } from "../failure.js";

const kinds = ["minutes", "steps", "epochs"] as const;

export interface Limit {
  readonly kind: (typeof kinds)[number];
  readonly amount: number;
}

type Given = Readonly<Partial<Record<Limit["kind"], string>>>;

/** Returns what was given over the defaults, of which `minutes` is left out where there is another limit. */
export function withDefaults<Defaults extends { readonly minutes: string }, Options extends Given>(
  defaults: Defaults,
  given: Options,
): Omit<Defaults, "minutes"> & Options & Given {
  const { minutes, ...rest } = defaults;
  const limited = kinds.some((kind) => given[kind] !== undefined);
  return { ...rest, ...(limited ? {} : { minutes }), ...given };
}

/** Reads the one limit. Throws a Failure for several. */
export function readLimit(given: Given): Limit {
  const found = kinds.filter((kind) => given[kind] !== undefined);
  if (found.length > 1) {
    throw new Failure(
      `only one of --minutes, --steps and --epochs can be given, not --${found.join(" and --")}`,
    );
  }
  const [kind = "minutes"] = found;
  const text = given[kind] ?? "";
  const amount =
    kind === "minutes"
      ? decimalNumber(kind, text, "above 0", (value) => value > 0)
      : wholeNumber(kind, text, 1);
  return { kind, amount };
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

  /** Whether time ends the training, and not a number of updates. */
  get timed(): boolean {
    return this.limit.kind === "minutes";
  }

  /** Returns the share of the training that is done after `step` updates, from 0 to 1; parts of updates count too. */
  share(step: number): number {
    const { kind, amount } = this.limit;
    if (kind === "minutes") return Math.min(1, this.seconds / (60 * amount));
    return Math.min(1, step / (kind === "steps" ? amount : amount * this.epochUpdates));
  }

  /** Estimates the seconds that the whole training takes; Infinity at the start. */
  total(step: number): number {
    const share = this.share(step);
    return share > 0 ? this.seconds / share : Infinity;
  }
}
