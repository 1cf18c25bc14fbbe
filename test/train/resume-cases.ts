/** Random trainings of every kind, each of which can be begun any number of times. */

import type { SequenceItem } from "../../src/data/items.js";
import { sequenceSet } from "../../src/data/sequence-set.js";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingData, TrainingWindow } from "../../src/data/training-data.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { Build, NetworkOptions } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import type { TrainOptions } from "../../src/train/options.js";
import { cosineSchedule } from "../../src/train/schedules/decay.js";
import { plateauSchedule } from "../../src/train/schedules/plateau.js";
import { builds } from "../builds.js";
import { makeRule, ruleNames } from "../learn/rules.js";
import { variants } from "../optimize/variants.js";

export interface ResumeCase {
  /** What was drawn. */
  title: string;
  /** The parts that are to be drawn each at least once. */
  parts: readonly string[];
  network: NetworkOptions;
  build: Build;
  /** Data, and options with an optimizer of their own, anew each time. */
  begin: () => { data: TrainingData; options: TrainOptions };
}

const [I, O] = [4, 3];

/** Tokens or values of T steps of B sequences, which carry and begin anew here and there, with targets here and there. */
function window(random: Random, { network, B, T }: { network: NetworkOptions; B: number; T: number }) {
  const rows = network.output === "sequence" ? B : T * B;
  const dense = network.embeddingSize === undefined && random.integer(2) === 0;
  const resets = network.output !== "sequence" && !network.bidirectional && random.integer(3) === 0;
  const made: TrainingWindow = {
    inputs: {
      steps: T,
      batch: B,
      ...(dense
        ? { values: Float32Array.from({ length: T * B * I }, () => random.normal()) }
        : { tokens: Int32Array.from({ length: T * B }, () => random.integer(I)) }),
      ...(resets && { resets: Uint8Array.from({ length: T * B }, () => (random.integer(6) === 0 ? 1 : 0)) }),
    },
    targets: {
      classes: Int32Array.from({ length: rows }, () => (random.integer(5) === 0 ? -1 : random.integer(O))),
    },
    carry: random.integer(3) > 0,
  };
  return made;
}

function items(random: Random, network: NetworkOptions): SequenceItem[] {
  return Array.from({ length: 5 + random.integer(6) }, () => {
    const steps = 1 + random.integer(7);
    const tokens = Int32Array.from({ length: steps }, () => random.integer(I));
    return network.output === "sequence" || random.integer(2) === 0
      ? { inputs: { tokens }, targets: { class: random.integer(O) } }
      : { inputs: { tokens }, targets: { classes: tokens.map((token) => token % O) } };
  });
}

interface Drawn {
  kind: string;
  /** Gives the same windows each time, of an epoch each time it is iterated. */
  create: () => TrainingData;
}

function drawData(random: Random, network: NetworkOptions): Drawn {
  const steps = network.output !== "sequence";
  const [B, T] = [1 + random.integer(3), 3 + random.integer(8)];
  const kind = random.integer(steps && !network.bidirectional ? 5 : 4);
  if (kind >= 3 && steps) {
    const length = B * (T * (1 + random.integer(4)) + 2 + random.integer(T));
    const tokens = Uint8Array.from({ length }, () => random.integer(O));
    const documents = [tokens.slice(0, length / 3), tokens.slice(length / 3)];
    return kind === 3
      ? { kind: "tokenStream", create: () => tokenStream(tokens, { batch: B, window: T }) }
      : {
          kind: "tokenStream, pack",
          create: () => tokenStream(documents, { batch: B, window: T, pack: true }),
        };
  }
  if (kind === 2) {
    // A step-wise network in both directions learns from targets at every step alone.
    const given = items(random, network).map(({ inputs }) => ({
      inputs,
      targets: { class: random.integer(O) },
    }));
    const set =
      network.bidirectional && steps ? undefined : random.integer(3) === 0 ? given : items(random, network);
    const options = {
      batch: B,
      shuffle: random.integer(2) === 0,
      seed: random.integer(100),
      pack: steps && !network.bidirectional && random.integer(2) === 0,
    };
    if (set !== undefined)
      return {
        kind: `sequenceSet${options.pack ? ", pack" : ""}${options.shuffle ? ", shuffle" : ""}`,
        create: () => sequenceSet(sameKind(set), options),
      };
  }
  const dense = new Random(random.integer(1000));
  const first = window(dense, { network, B, T });
  const windows = Array.from({ length: 2 + random.integer(4) }, () => {
    const same = window(new Random(random.integer(1e6)), { network, B, T: 2 + random.integer(8) });
    return "values" in first.inputs === "values" in same.inputs ? same : undefined;
  }).filter((one) => one !== undefined);
  const all = [first, ...windows];
  if (kind === 0) return { kind: "windows", create: () => all };
  return {
    kind: "async windows",
    create: () => ({
      async *[Symbol.asyncIterator]() {
        for (const one of all) {
          await Promise.resolve();
          yield one;
        }
      },
    }),
  };
}

/** A set's items all have one form of targets. */
function sameKind(given: readonly SequenceItem[]): SequenceItem[] {
  const form = Object.keys(given[0].targets)[0];
  return given.filter(({ targets }) => form in targets);
}

export function drawCase(seed: number): ResumeCase {
  const random = new Random(seed);
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(values.length)];
  const chance = (one: number): boolean => random.integer(one) === 0;
  const cell = pick(cellNames);
  const layers = 1 + random.integer(2);
  const network: NetworkOptions = {
    cell,
    inputSize: I,
    hiddenSize: 2 + random.integer(5),
    outputSize: O,
    layers,
    seed: random.integer(1000),
    ...(layers > 1 && chance(2) && { dropout: 0.3 }),
    ...(chance(6) && { bidirectional: true }),
    ...(chance(6) && { output: "sequence" as const }),
    ...(chance(4) && { embeddingSize: 3 }),
    ...(chance(4) && !cell.startsWith("min") && { layerNorm: true }),
  };
  const rule = chance(8) ? undefined : pick(ruleNames);
  const ruleOptions = {
    memoryBudget: 1e6,
    k1: 1 + random.integer(5),
    k2: 5 + random.integer(6),
    meanLength: 2 + random.integer(5),
    alpha: 3,
    block: 1 + random.integer(5),
  };
  const optimizer = pick(variants);
  const training = drawData(random, network);
  const validation = chance(2) ? drawData(random, network) : undefined;
  const online = rule !== undefined && makeRule(rule, ruleOptions).plan !== undefined;
  const updateEvery = online && chance(2) ? 1 + random.integer(6) : undefined;
  const cuts = updateEvery !== undefined || rule === "tbptt" || rule === "artbp";
  const accumulate = !cuts && chance(3) ? 2 + random.integer(3) : undefined;
  const averaging = chance(3) ? { decay: 0.8 } : undefined;
  const schedule = pick([
    undefined,
    cosineSchedule({ rate: 0.05, steps: 20, warmUp: 3 }),
    validation && plateauSchedule({ rate: 0.05, patience: 1, factor: 0.5 }),
  ]);
  const options = {
    ...(validation && chance(2) && { validateEvery: 1 + random.integer(4) }),
    ...(validation && chance(3) && { patience: 1 + random.integer(3), minImprovement: 0.01 }),
    ...(validation && chance(2) && { keepBest: true }),
    ...(accumulate && { accumulate }),
    ...(averaging && { averaging }),
    ...(updateEvery && { updateEvery }),
    ...(schedule && { schedule }),
    ...(chance(2) && { clipNorm: 1 }),
    ...(chance(2) ? { epochs: 1 + random.integer(3) } : { maxSteps: 1 + random.integer(12) }),
  };
  const parts = [
    cell,
    rule ?? "no learner",
    optimizer.title,
    training.kind,
    ...Object.keys(options),
    ...(schedule ? [typeof schedule === "function" ? "cosine" : "plateau"] : []),
    ...Object.keys(network).filter((name) => name !== "layers"),
  ];
  return {
    title: `${seed}: ${JSON.stringify(network)} ${rule ?? "no learner"} ${JSON.stringify(ruleOptions)} ${optimizer.title} ${training.kind}, validation ${validation?.kind ?? "none"}, ${JSON.stringify({ ...options, schedule: typeof schedule })}`,
    parts,
    network,
    build: pick(builds),
    begin: () => ({
      data: training.create(),
      options: {
        ...options,
        optimizer: optimizer.create(),
        ...(rule !== undefined && { learner: makeRule(rule, ruleOptions).learner }),
        ...(validation && { validation: validation.create() }),
      },
    }),
  };
}
