/** Reports how a training goes: by a bar where it can be rewritten, and now and then by lines that stay. */

import type { Limit } from "./train-options.js";
import { duration, grouped, nats } from "./format.js";
import type { Screen } from "./screen.js";

/** Updates of the bar a second. */
const BAR_RATE = 10;

/** Where there is no bar: the least number of seconds between two lines, and the most lines. */
const LINE_SECONDS = 10;
const LINES = 100;

/** Held-out losses and samples during a training, besides the last ones. */
const LOOKS = 8;

const BAR_WIDTH = 20;

export interface Standing {
  readonly step: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
}

export class Report {
  private readonly screen: Screen;
  private readonly limit: Limit;
  /** Updates in an epoch. */
  private readonly windows: number;
  private readonly now: () => number;
  private readonly start: number;
  private shownAt = -Infinity;
  private linedAt: number;
  private looks = 0;
  private heldOut: number | undefined;
  /** Moving mean of the loss; a single window says little. */
  private mean: number | undefined;

  /** Starts the clock; `now` returns the time in seconds. */
  constructor(screen: Screen, limit: Limit, windows: number, now = () => performance.now() / 1000) {
    this.screen = screen;
    this.limit = limit;
    this.windows = windows;
    this.now = now;
    this.start = now();
    this.linedAt = this.start;
  }

  /** Returns the share of the training that is done after `step` updates. */
  done(step: number): number {
    const { kind, amount } = this.limit;
    const elapsed = (this.now() - this.start) / 60;
    const share =
      kind === "minutes" ? elapsed / amount : step / (kind === "steps" ? amount : amount * this.windows);
    return Math.min(1, share);
  }

  /** Takes an update in. Returns whether it is time to look at what was learned: held-out loss and sample. */
  update(standing: Standing): boolean {
    const { loss, step } = standing;
    this.mean = this.mean === undefined ? loss : this.mean + 0.05 * (loss - this.mean);
    const now = this.now();
    if (now - this.shownAt >= 1 / BAR_RATE) {
      this.shownAt = now;
      this.screen.show(`${this.bar(step)} ${this.line(standing)}`);
    }
    if (!this.screen.live && now - this.linedAt >= Math.max(LINE_SECONDS, this.total(step) / LINES)) {
      this.printLine(standing);
    }
    const looks = Math.floor(this.done(step) * LOOKS);
    const due = looks > this.looks && looks < LOOKS;
    this.looks = Math.max(looks, this.looks);
    return due;
  }

  /** Prints a line with the held-out loss, and the sample under it. */
  look(standing: Standing, heldOut: number | undefined, sample: string): void {
    this.heldOut = heldOut;
    this.printLine(standing);
    this.screen.print(this.screen.faint(sample));
  }

  private printLine(standing: Standing): void {
    this.linedAt = this.now();
    this.screen.print(this.line(standing));
  }

  /** Estimates the seconds that the whole training takes. */
  private total(step: number): number {
    const done = this.done(step);
    return done > 0 ? (this.now() - this.start) / done : Infinity;
  }

  private bar(step: number): string {
    const done = this.done(step);
    const full = Math.floor(done * BAR_WIDTH);
    return `[${"#".repeat(full)}${" ".repeat(BAR_WIDTH - full)}] ${Math.floor(done * 100)} %`;
  }

  private line({ step, tokensPerSecond }: Standing): string {
    const left = this.total(step) - (this.now() - this.start);
    return [
      `step ${grouped(step)}`,
      `loss ${nats(this.mean ?? NaN)}`,
      ...(this.heldOut === undefined ? [] : [`held out ${nats(this.heldOut)}`]),
      `${grouped(tokensPerSecond)} characters/s`,
      Number.isFinite(left) ? `${duration(left)} left` : "",
    ]
      .filter((part) => part !== "")
      .join(" · ");
  }
}
