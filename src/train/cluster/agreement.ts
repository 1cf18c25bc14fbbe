/** Says what ranks must agree on before they train, and finds the first thing that they do not. */

import { isLossFunction } from "../../learn/learner.js";
import type { Loss } from "../../network/types.js";
import { keptOptions } from "../../plain-data.js";
import { optimizerMemory } from "../../optimize/optimizer.js";
import type { ClusterPlan } from "./cluster.js";

type Agreed = Readonly<Record<string, string>>;

/** Returns the options of something that has a name, as texts, each under its own name. */
function optionsOf(name: string, options: unknown): [string, unknown][] {
  return Object.entries(Object(options) as object).map(([option, value]) => [`${name}.${option}`, value]);
}

function lossOf(loss: ClusterPlan["loss"]): [string, unknown][] {
  if (loss === undefined || isLossFunction(loss)) return [["loss", loss === undefined ? "" : "a function"]];
  const { name, ...options }: Loss = loss;
  return [["loss", name], ...optionsOf("loss", options)];
}

/** Returns what the training depends on and can be told in words, by the names of the options. */
export function describeTraining(plan: ClusterPlan): Agreed {
  const { network, learner, optimizer, schedule, validation, averaging } = plan;
  const frozen = network.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name);
  const { epochs, maxSteps, accumulate, updateEvery, clipNorm, clipValue } = plan;
  const { validateEvery, patience, minImprovement, keepBest } = plan;
  const all: [string, unknown][] = [
    ...Object.entries(network.options),
    ["build", network.build],
    ["trainable", frozen.length === 0 ? "all" : `all but ${frozen.join(", ")}`],
    ["learner", learner.name],
    ...optionsOf("learner", keptOptions(learner)),
    ...lossOf(plan.loss),
    ["optimizer", optimizerMemory(optimizer)?.kind ?? "of your own"],
    ...optionsOf("optimizer", keptOptions(optimizer)),
    ["optimizer.learningRate", optimizer.learningRate],
    ["schedule", typeof schedule === "object" ? schedule : typeof schedule],
    ["validation", validation === undefined ? "none" : "some"],
    ...Object.entries({ epochs, maxSteps, accumulate, updateEvery, clipNorm, clipValue }),
    ...Object.entries({ validateEvery, patience, minImprovement, keepBest }),
    ["averaging", averaging],
  ];
  return Object.fromEntries(all.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** Returns the message for the first thing in which ranks differ, and the ranks; undefined where all agree. */
export function disagreement(all: readonly unknown[]): { message: string; ranks: number[] } | undefined {
  const [first, ...rest] = all.map((one) => new Map(Object.entries(Object(one) as Agreed)));
  const names = new Set([first, ...rest].flatMap((one) => [...one.keys()]));
  for (const name of names) {
    const ranks = rest.flatMap((other, i) => (other.get(name) === first.get(name) ? [] : [i + 1]));
    if (ranks.length === 0) continue;
    const [came, expected] = [rest[ranks[0] - 1].get(name) ?? "none", first.get(name) ?? "none"];
    const message = `"${name}" expected the same on all ranks, got ${expected} on rank 0 and ${came} on rank ${ranks[0]}`;
    return { message, ranks };
  }
  return undefined;
}
