/** Random networks of every kind with what is to be learned and run by them, small and of odd sizes. */

import type { TrainingWindow } from "../../src/data/training-data.js";
import { huber } from "../../src/network/losses/by-name.js";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import type { Loss, NetworkOptions, Sequence } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import type { TrainOptions } from "../../src/train/options.js";
import { bptt } from "../../src/learn/back/bptt.js";
import { makeRule, ruleNames } from "../learn/rules.js";
import { drawSequence, drawTarget } from "../network/drawn.js";
import { variants } from "../optimize/variants.js";

export interface DrawnTraining {
  /** What was drawn. */
  readonly title: string;
  /** The parts that are to be drawn each at least once. */
  readonly parts: readonly string[];
  readonly network: NetworkOptions;
  readonly windows: readonly TrainingWindow[];
  /** B of every window. */
  readonly batch: number;
  readonly loss: Loss | undefined;
  /** Options with an optimizer of their own, anew each time; the learning rule has so many bytes. */
  readonly train: (memoryBudget: number | undefined) => TrainOptions;
  /** The memory budget, in multiples of the least that suffices; undefined: none. */
  readonly budget: number | undefined;
}

/** Rules whose memory or time grows with the square of H, or faster, get networks no wider than this. */
const NARROW = 9;

const [HIDDEN, INPUT, OUTPUT] = [67, 67, 30];

function drawNetwork(random: Random, tokens: boolean, narrow: boolean): NetworkOptions {
  const upTo = (most: number): number => 1 + random.integer(most);
  const chance = (share: number): boolean => random.uniform() < share;
  const cell = cellNames[random.integer(cellNames.length)];
  const layers = upTo(narrow ? 2 : 3);
  return {
    cell,
    layers,
    inputSize: upTo(narrow ? NARROW : INPUT),
    hiddenSize: upTo(narrow ? NARROW : HIDDEN),
    outputSize: chance(0.1) ? 0 : upTo(narrow ? NARROW : OUTPUT),
    bidirectional: chance(narrow ? 0.1 : 0.25),
    dropout: layers > 1 && chance(0.4) ? 0.3 : 0,
    layerNorm: "normalized" in cells[cell] && chance(0.3),
    output: chance(narrow ? 0.1 : 0.2) ? "sequence" : "step",
    embeddingSize: tokens && chance(0.4) ? upTo(20) : 0,
    seed: random.integer(1e6),
  };
}

function drawWindow(random: Random, network: NetworkOptions, tokens: boolean, batch: number): TrainingWindow {
  const chance = (share: number): boolean => random.uniform() < share;
  const sizes = { ...network, steps: 1 + random.integer(7), batch };
  const inputs: Sequence = drawSequence(random, tokens ? "tokens" : "values", sizes);
  const { steps } = sizes;
  if (chance(0.3)) inputs.lengths = new Int32Array(batch).map(() => 1 + random.integer(steps));
  if (network.output === "step" && chance(0.3))
    inputs.resets = new Uint8Array(steps * batch).map(() => Number(chance(0.25)));
  const carry = network.bidirectional !== true && network.output === "step" && chance(0.6);
  return { inputs, targets: drawTarget(random, tokens ? "classes" : "values", sizes), carry };
}

export function drawTraining(seed: number): DrawnTraining {
  const random = new Random(seed, 17);
  const chance = (share: number): boolean => random.uniform() < share;
  const rule = chance(0.5) ? "bptt" : ruleNames[random.integer(ruleNames.length)];
  const online = makeRule(rule).plan !== undefined;
  const tokens = chance(0.5);
  const network = drawNetwork(random, tokens, online);
  const batch = 1 + random.integer(9);
  const windows = Array.from({ length: 3 }, () => drawWindow(random, network, tokens, batch));
  const budget = rule === "bptt" && chance(0.4) ? 1 + 1.5 * random.uniform() ** 2 : undefined;
  const [k1, k2, meanLength, block] = [1, 3, 2, 1].map((least) => least + random.integer(5));
  const optimizer = variants[random.integer(variants.length)];
  const loss = !tokens && chance(0.3) ? huber({ delta: 0.5 }) : undefined;
  const options = {
    epochs: 2,
    ...(online && chance(0.5) && { updateEvery: 1 + random.integer(5) }),
    ...(chance(0.4) && { clipNorm: 1 }),
    ...(rule === "bptt" && chance(0.2) && { accumulate: 2 }),
  };
  const given = { k1, k2, meanLength, alpha: 3, block };
  const parts = [
    network.cell ?? "",
    rule,
    optimizer.title,
    ...(["bidirectional", "dropout", "layerNorm", "embeddingSize"] as const).filter((name) => network[name]),
    ...Object.keys(options),
    ...(budget === undefined ? [] : ["memoryBudget"]),
    ...windows.flatMap(({ inputs, carry }) => [
      ...(["tokens", "values", "lengths", "resets"] as const).filter((name) => inputs[name] !== undefined),
      ...(carry ? ["carry"] : []),
    ]),
    `output ${network.output}`,
    ...(network.outputSize === 0 ? ["no head"] : []),
    ...(loss === undefined ? [] : ["huber"]),
    `${network.layers} layers`,
    `batch ${batch}`,
  ];
  return {
    title: `${seed}: ${JSON.stringify(network)}, ${rule} ${JSON.stringify(given)} ${budget ?? ""}, ${optimizer.title}, ${JSON.stringify(options)}, T = ${windows.map(({ inputs }) => inputs.steps).join()}, ${parts.join(" ")}`,
    parts,
    network,
    windows,
    batch,
    loss,
    budget,
    train: (memoryBudget) => ({
      ...options,
      ...(loss !== undefined && { loss }),
      optimizer: optimizer.create(),
      learner:
        rule === "bptt"
          ? bptt({ memoryBudget })
          : makeRule(rule, { ...given, memoryBudget: Infinity }).learner,
    }),
  };
}
