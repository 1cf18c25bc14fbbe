/** Writes what `gradientFlow` found for people. */

import type { GradientFlow, LagFlow, Network, Truncation } from "../index.js";
import { activationsOf } from "../network/cells/activations.js";
import { cellOf } from "../network/cells/by-name.js";
import { share, size } from "./format.js";
import { ownName, quoted } from "./invocation.js";
import { plotLogarithmic } from "./plot.js";
import type { Screen } from "./screen.js";
import { tableLines } from "./table.js";
import type { TokenKind } from "./text-vocabulary.js";

export interface ReportSettings {
  /** Characters of a line. */
  readonly width: number;
  readonly ascii: boolean;
  readonly tolerance: number;
  /** The text's path. */
  readonly text: string;
  readonly tokens: TokenKind;
}

const PLOT_HEIGHT = 9;

export function printFlow(
  screen: Screen,
  network: Network,
  flow: GradientFlow,
  settings: ReportSettings,
): void {
  flow.layers.forEach((layer, l) => {
    const which = flow.layers.length === 1 ? "" : `, layer ${l + 1}`;
    screen.print();
    screen.print(screen.strong(`Norm of an error's gradient, ${settings.tokens.many} before it${which}`));
    const plot = plotLogarithmic(
      layer.norms,
      { width: settings.width, height: PLOT_HEIGHT },
      settings.ascii,
      "back",
    );
    for (const line of plot) screen.print(line);
    screen.print(describeFall(layer, settings.tokens));
  });
  if (flow.layers.length > 1) screen.print(`All layers: ${describeFall(flow.overall, settings.tokens)}`);
  printSaturation(screen, network, flow, settings);
  printTruncations(screen, network, flow, settings);
}

function describeFall({ decay, horizon, norms }: LagFlow, { one, many }: TokenKind): string {
  const falls =
    decay === undefined
      ? `No error reaches two ${many} back`
      : decay.rate < 1
        ? `Falls to ${decay.rate.toFixed(3)} of itself a ${one}`
        : `Does not fall: grows ${decay.rate.toFixed(3)} times a ${one}`;
  const reach =
    horizon === undefined
      ? `99 % of it is not within ${norms.length - 1} ${many}; a longer --window may show it`
      : `99 % of it within ${horizon} ${many}`;
  return `${falls}; ${reach}.`;
}

function printSaturation(
  screen: Screen,
  network: Network,
  { layers }: GradientFlow,
  { tokens }: ReportSettings,
): void {
  const activations = activationsOf(cellOf(network.options));
  const rows = layers.flatMap(({ saturation }, l) =>
    saturation.map(({ low, high, stuck }, i) => {
      const { name, meaning, high: bound } = activations[i];
      const which = layers.length === 1 ? "" : `layer ${l + 1}: `;
      const upper = Number.isFinite(bound) ? share(high) : "";
      return [`${which}${name}, ${meaning}`, share(low), upper, share(stuck)];
    }),
  );
  screen.print();
  screen.print(screen.strong(`Saturated, of all units and ${tokens.many}`));
  for (const line of tableLines([["", "low", "high", "units always"], ...rows])) screen.print(line);
}

function truncationRow({ k1, k2, predictedBias, relativeBias, bytes }: Truncation): string[] {
  return [`--k1 ${k1} --k2 ${k2}`, share(relativeBias), share(predictedBias), size(bytes)];
}

function printTruncations(
  screen: Screen,
  network: Network,
  { truncations, recommended, bytes, overall }: GradientFlow,
  { tolerance, text, tokens }: ReportSettings,
): void {
  screen.print();
  screen.print(screen.strong(`Truncation for a bias of at most ${share(tolerance)}`));
  if (truncations.length > 0) {
    const rows = [
      ["", "bias", "predicted", "memory"],
      ...truncations.map(truncationRow),
      ["none", share(0), "", size(bytes)],
    ];
    for (const line of tableLines(rows)) screen.print(line);
  }
  if (recommended === undefined) {
    const twice = 2 * overall.norms.length;
    screen.print(`None that is shorter than the excerpts is. Look further: --window ${twice}`);
    return;
  }
  const { cell, layers, hiddenSize, embeddingSize } = network.options;
  const sizes = [
    `--cell ${cell} --hidden ${hiddenSize}`,
    ...(layers > 1 ? [`--layers ${layers}`] : []),
    ...(embeddingSize > 0 ? [`--embedding ${embeddingSize}`] : []),
  ].join(" ");
  const { k1, k2 } = recommended;
  screen.print("To train with it:");
  screen.print(
    `    ${ownName()} train ${quoted(text)}${tokens.flag} ${sizes} --rule tbptt --k1 ${k1} --k2 ${k2}`,
  );
  screen.print(
    screen.faint("Longer ones are less biased and make fewer updates of a text, for more memory."),
  );
}
