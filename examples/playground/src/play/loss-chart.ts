/** The loss as it falls, thinned out so that a long training costs no more to draw than a short one. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, fit } from "./chart-theme.js";

/** Points kept; past twice as many every second one goes. */
const POINTS = 1000;
/** Of the running mean, a point: 1 in so many. */
const SMOOTHING = 30;

export class LossChart {
  private readonly plot: uPlot;
  private steps: number[] = [];
  private losses: number[] = [];
  private means: number[] = [];
  private mean: number | undefined;
  /** One point in so many updates. */
  private stride = 1;
  private seen = 0;
  private scheduled = 0;

  constructor(target: HTMLElement) {
    const axis = { stroke: () => colour("--quiet"), grid: { stroke: () => colour("--line") } };
    this.plot = new uPlot(
      {
        width: target.clientWidth,
        height: 260,
        scales: { x: { time: false } },
        legend: { live: true },
        axes: [
          { ...axis, label: "updates" },
          { ...axis, label: "loss, nats a character", size: 60 },
        ],
        series: [
          { label: "update" },
          { label: "loss", stroke: () => colour("--quiet"), width: 0.5, points: { show: false } },
          { label: "mean", stroke: () => colour("--accent"), width: 2, points: { show: false } },
        ],
      },
      [[], [], []],
      target,
    );
    fit(this.plot, target);
  }

  get runningMean(): number | undefined {
    return this.mean;
  }

  clear(): void {
    [this.steps, this.losses, this.means] = [[], [], []];
    [this.mean, this.stride, this.seen] = [undefined, 1, 0];
    this.draw();
  }

  add(step: number, loss: number): void {
    this.mean =
      this.mean === undefined ? loss : this.mean + (loss - this.mean) / Math.min(SMOOTHING, this.seen + 1);
    this.seen++;
    if (this.seen % this.stride !== 0) return;
    this.steps.push(step);
    this.losses.push(loss);
    this.means.push(this.mean);
    if (this.steps.length > 2 * POINTS) this.thin();
    if (this.scheduled === 0) this.scheduled = requestAnimationFrame(() => this.draw());
  }

  private thin(): void {
    this.stride *= 2;
    const keep = (_: number, i: number): boolean => i % 2 === 1;
    [this.steps, this.losses, this.means] = [this.steps, this.losses, this.means].map((all) =>
      all.filter(keep),
    ) as [number[], number[], number[]];
  }

  private draw(): void {
    this.scheduled = 0;
    this.plot.setData([this.steps, this.losses, this.means]);
  }
}
