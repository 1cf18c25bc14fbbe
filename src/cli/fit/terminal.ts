/** Tells people how a training goes: by a chart and a bar where they can be rewritten, and now and then by lines that stay. */

import { duration, grouped, indented, visible } from "../format.js";
import type { Screen } from "../screen.js";
import { lossChart, type Point } from "./chart.js";
import { HELD_OUT, isTold, type FitEvent, type LookEvent, type UpdateEvent } from "./events.js";
import type { Units } from "./job.js";
import type { Clock } from "./limit.js";

/** Updates of the bar a second, and of the chart, which takes a thousandth of one to draw. */
const BAR_RATE = 10;
const CHART_RATE = 1;

/** Where there is no bar: the least number of seconds between two lines, and the most lines. */
const LINE_SECONDS = 10;
const LINES = 100;

/** Lines with a held-out loss and a sample during a training, besides the last ones. */
const SHOWN_LOOKS = 8;

const BAR_WIDTH = 20;

/** The share of each update in the moving mean of the loss. */
const SMOOTHING = 0.05;

/** The chart's lines, and the least terminal that has room for it and some lines besides. */
const CHART_HEIGHT = 12;
const CHART_WIDTH = 100;
const LEAST_ROWS = CHART_HEIGHT + 8;
const LEAST_COLUMNS = 60;

export type Standing = Pick<UpdateEvent, "step" | "loss" | "tokensPerSecond">;

export class Terminal {
  private readonly screen: Screen;
  private readonly clock: Clock;
  private readonly units: Units;
  private readonly ascii: boolean;
  private shownAt = -Infinity;
  private chartedAt = -Infinity;
  private charted: readonly string[] = [];
  private linedAt: number;
  private shownLooks = 0;
  private heldOut: number | undefined;
  /** Moving mean of the loss; a single window says little. */
  private mean = 0;
  private updates = 0;
  private last: Standing | undefined;
  private readonly line: Point[] = [];
  private readonly looks: Point[] = [];

  constructor(screen: Screen, clock: Clock, units: Units, ascii: boolean) {
    this.screen = screen;
    this.clock = clock;
    this.units = units;
    this.ascii = ascii;
    this.linedAt = clock.seconds;
  }

  /** Takes in what was told before a run went on. */
  recall(events: readonly FitEvent[]): void {
    for (const event of events) {
      if (event.event === "update") this.take(event);
      if (event.event === "look") this.takeLook(event);
    }
    if (this.last !== undefined) this.shownLooks = this.shares(this.last.step);
  }

  update(standing: Standing): void {
    this.take(standing);
    const now = this.clock.seconds;
    if (now - this.shownAt >= 1 / BAR_RATE) {
      this.shownAt = now;
      this.screen.show(...this.chart(), `${this.bar(standing.step)} ${this.says(standing)}`);
    }
    const every = Math.max(LINE_SECONDS, this.clock.total(standing.step) / LINES);
    if (!this.screen.live && now - this.linedAt >= every) this.printLine(standing);
  }

  /** Prints a line with the held-out loss, and the sample beside it, now and then. */
  look(event: LookEvent): void {
    this.takeLook(event);
    const shares = this.shares(event.step);
    const due = shares > this.shownLooks && shares < SHOWN_LOOKS;
    this.shownLooks = Math.max(shares, this.shownLooks);
    if (!due || this.last === undefined) return;
    this.printLine(this.last);
    if (event.sample !== undefined) this.screen.aside(indented(visible(event.sample)));
  }

  private shares(step: number): number {
    return Math.floor(this.clock.share(step) * SHOWN_LOOKS);
  }

  private take(standing: Standing): void {
    const { loss, step } = standing;
    // At first the mean of all: the loss falls fastest then.
    this.mean += Math.max(SMOOTHING, 1 / ++this.updates) * (loss - this.mean);
    this.last = standing;
    if (isTold(step)) this.line.push({ step, value: this.mean });
  }

  private takeLook({ step, heldOut }: LookEvent): void {
    if (heldOut === undefined) return;
    this.heldOut = heldOut;
    this.looks.push({ step, value: heldOut });
  }

  private chart(): readonly string[] {
    const { columns, rows } = this.screen.size;
    if (!this.screen.live || rows < LEAST_ROWS || columns < LEAST_COLUMNS) return [];
    const now = this.clock.seconds;
    if (now - this.chartedAt >= 1 / CHART_RATE) {
      this.chartedAt = now;
      const size = { width: Math.min(CHART_WIDTH, columns - 1), height: CHART_HEIGHT };
      this.charted = lossChart(this.line, this.looks, size, this.ascii, this.units.looks);
    }
    return this.charted;
  }

  private printLine(standing: Standing): void {
    this.linedAt = this.clock.seconds;
    this.screen.print(this.says(standing));
  }

  private bar(step: number): string {
    const done = this.clock.share(step);
    const full = Math.floor(done * BAR_WIDTH);
    return `[${"#".repeat(full)}${" ".repeat(BAR_WIDTH - full)}] ${Math.floor(done * 100)} %`;
  }

  private says({ step, tokensPerSecond }: Standing): string {
    const left = this.clock.total(step) - this.clock.seconds;
    return [
      `step ${grouped(step)}`,
      `loss ${this.units.loss(this.mean)}`,
      ...(this.heldOut === undefined
        ? []
        : [`${this.units.looks ?? HELD_OUT} ${this.units.loss(this.heldOut)}`]),
      `${grouped(tokensPerSecond)} ${this.units.steps}/s`,
      ...(Number.isFinite(left) ? [`${duration(left)} left`] : []),
    ].join(" · ");
  }
}
