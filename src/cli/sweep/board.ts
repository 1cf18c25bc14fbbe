/** Tells how a sweep goes while it does: a line for each trial that is under way, a bar, and a line that stays for each that ended. */

import { HELD_OUT, type FitEvent } from "../fit/events.js";
import { shareOf, type Limit } from "../fit/limit.js";
import { duration, grouped } from "../format.js";
import type { Screen } from "../screen.js";
import { isDone, type TrialResult } from "./results.js";
import type { Trial } from "./trials.js";

const BAR_WIDTH = 20;

/** Milliseconds from one drawing to the next, at least. */
const EVERY = 200;

interface Standing {
  readonly limit: Limit;
  /** What its losses are taken at. */
  looks: string;
  step: number;
  heldOut: number | undefined;
  /** From 0 to 1. */
  share: number;
}

/** Says a trial in words: "3: hidden 64 · cell gru". */
export function trialInWords({ number, options }: Trial): string {
  const values = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return `${number}: ${values.join(" · ")}`;
}

export class Board {
  private readonly screen: Screen;
  private readonly total: number;
  private readonly now: () => number;
  private readonly start: number;
  private readonly running = new Map<Trial, Standing>();
  private readonly skipped: number;
  private ended: number;
  private best: TrialResult | undefined;
  private shownAt = -Infinity;

  /** `skipped`: trials that had ended before. `now` returns milliseconds. */
  constructor(screen: Screen, total: number, skipped: number, now: () => number = () => performance.now()) {
    this.screen = screen;
    this.total = total;
    this.skipped = skipped;
    this.ended = skipped;
    this.now = now;
    this.start = now();
  }

  /** Takes in a trial's result; the bar tells of the best. */
  private judge(result: TrialResult): void {
    if (isDone(result) && (result.heldOut ?? Infinity) < (this.best?.heldOut ?? Infinity)) this.best = result;
  }

  recall(results: readonly TrialResult[]): void {
    for (const result of results) this.judge(result);
  }

  begin(trial: Trial, limit: Limit): void {
    this.running.set(trial, { limit, looks: HELD_OUT, step: 0, heldOut: undefined, share: 0 });
    this.show();
  }

  heard(trial: Trial, event: FitEvent): void {
    const standing = this.running.get(trial);
    if (standing === undefined) return;
    standing.step = event.step;
    if (event.event === "start") standing.looks = event.units.looks;
    if (event.event === "look") standing.heldOut = event.heldOut ?? standing.heldOut;
    if (event.event === "update" || event.event === "look") {
      const done = { minutes: event.seconds / 60, steps: event.step, epochs: event.epoch - 1 };
      standing.share = shareOf(standing.limit, done);
    }
    this.show();
  }

  end(trial: Trial, result: TrialResult, line: string): void {
    this.running.delete(trial);
    this.ended++;
    this.judge(result);
    this.screen.print(line);
    this.shownAt = -Infinity;
    this.show();
  }

  clear(): void {
    this.screen.clear();
  }

  private show(): void {
    const { screen } = this;
    if (!screen.live || this.now() - this.shownAt < EVERY) return;
    this.shownAt = this.now();
    const room = Math.max(0, screen.size.rows - 3);
    const lines = [...this.running].slice(0, room).map(([trial, { step, looks, heldOut, share }]) => {
      const loss = heldOut === undefined ? "" : ` · ${looks} ${heldOut.toPrecision(4)}`;
      return `${trialInWords(trial)} · step ${grouped(step)}${loss} · ${Math.floor(100 * share)} %`;
    });
    screen.show(...lines, this.bar());
  }

  private bar(): string {
    const under = [...this.running.values()].reduce((sum, { share }) => sum + share, 0);
    const share = (this.ended + under) / this.total;
    const full = Math.floor(share * BAR_WIDTH);
    const done = (this.ended - this.skipped + under) / (this.total - this.skipped);
    const seconds = (this.now() - this.start) / 1000;
    const best = this.best;
    return [
      `[${"#".repeat(full)}${" ".repeat(BAR_WIDTH - full)}] ${this.ended} of ${this.total}`,
      ...(best?.heldOut === undefined ? [] : [`best ${best.heldOut.toPrecision(4)}, trial ${best.trial}`]),
      ...(done > 0 ? [`${duration(seconds / done - seconds)} left`] : []),
    ].join(" · ");
  }
}
