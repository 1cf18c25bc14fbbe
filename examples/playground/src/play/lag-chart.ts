/** How large the gradient still is that reaches a state from a loss so many steps later, on a logarithmic axis. */

import uPlot from "uplot";
import { colour, fit } from "./chart-theme.js";

/** Of the largest norm: what is below has no place on the axis. */
const LEAST = 1e-9;

export class LagChart {
  private readonly target: HTMLElement;
  private plot: uPlot | undefined;
  private layers = 0;

  constructor(target: HTMLElement) {
    this.target = target;
  }

  /** A line for each layer: norms from lag 0. */
  show(norms: readonly (readonly number[])[]): void {
    if (this.plot === undefined || this.layers !== norms.length) this.create(norms.length);
    const lags = Array.from(norms[0] ?? [], (_, lag) => lag);
    const largest = Math.max(...norms.flat());
    const lines = norms.map((line) => line.map((size) => (size > LEAST * largest ? size : null)));
    this.plot?.setData([lags, ...lines]);
  }

  private create(layers: number): void {
    this.plot?.destroy();
    this.layers = layers;
    const { target } = this;
    const axis = { stroke: () => colour("--quiet"), grid: { stroke: () => colour("--line") } };
    const line = (i: number): uPlot.Series => ({
      label: layers === 1 ? "‖∂ℓ/∂h‖" : `layer ${i + 1}`,
      stroke: () => colour(i % 2 === 0 ? "--negative" : "--accent"),
      width: 2,
      value: (_, value: number | null) => (value === null ? "0" : value.toExponential(2)),
    });
    this.plot = new uPlot(
      {
        width: target.clientWidth,
        height: 240,
        // Whole decades, at least one.
        scales: { x: { time: false }, y: { distr: 3, range: (_, least, most) => decades(least, most) } },
        axes: [
          { ...axis, label: "steps back" },
          {
            ...axis,
            size: 70,
            values: (_, ticks) => ticks.map((tick) => (tick > 0 ? tick.toExponential(0) : "")),
          },
        ],
        series: [{ label: "lag" }, ...Array.from({ length: layers }, (_, i) => line(i))],
      },
      [[], ...Array.from({ length: layers }, () => [])],
      target,
    );
    fit(this.plot, target);
  }
}

/** The powers of ten around; where there is nothing, any. */
function decades(least: number | null, most: number | null): [number, number] {
  const power = (of: number | null, round: (x: number) => number): number => 10 ** round(Math.log10(of ?? 1));
  const [from, to] = [power(least, Math.floor), power(most, Math.ceil)];
  return to > from ? [from, to] : [from, from * 10];
}
