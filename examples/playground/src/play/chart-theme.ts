/** Charts in the page's colours and width, in the light and in the dark. */

import type uPlot from "uplot";

/** A colour of the style sheet, as it is now. */
export function colour(variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Keeps the chart as wide as its place, and redraws it when the colours change. */
export function fit(plot: uPlot, target: HTMLElement): void {
  new ResizeObserver(() => {
    if (target.clientWidth > 0) plot.setSize({ width: target.clientWidth, height: plot.height });
  }).observe(target);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.redraw();
  });
}
