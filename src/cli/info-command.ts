/** Runs `bptt info`: what a model is, or how a run stands. */

import { stat } from "node:fs/promises";
import { FormatError, loadVocabulary, readMetadata, type Network, WordVocabulary } from "../index.js";
import type { Arguments, Command } from "./arguments.js";
import { foreignContents, type ForeignContents } from "./exchange/foreign-contents.js";
import { originOf, readAnyModel, type ModelOrigin } from "./exchange/read-model.js";
import { Failure } from "./failure.js";
import { HELD_OUT, lossAt, type EndEvent, type LookEvent, type StartEvent } from "./fit/events.js";
import { countParameters } from "./fit/fit.js";
import { duration, grouped, size, visible } from "./format.js";
import { ownName, quoted } from "./invocation.js";
import { VOCABULARY_KEY } from "./load-model.js";
import { readBytes } from "./read-file.js";
import { openCheckpoints, readConfig, readLatest, runFiles } from "./run/run-folder.js";
import { readEvents } from "./run/run-log.js";
import type { Output } from "./screen.js";
import { collect } from "./sweep/collect.js";
import { reasonLines, resultLines } from "./sweep/results-files.js";
import { metricOf, ranked, type TrialResult } from "./sweep/results.js";
import { SWEEP } from "./sweep/sweep-folder.js";
import { tableLines } from "./table.js";
import { join } from "node:path";

type Name = "json";

export const infoCommand: Command<Name> = {
  name: "info",
  operands: ["<model>"],
  summary:
    "Says what a saved network is: its options, its parameters, what is noted in the file; of a state dict of PyTorch or an ONNX\n" +
    "file, which network bptt import makes of it. Of a run's or a sweep's folder, how it stands.",
  options: { json: { help: "prints it as JSON instead" } },
  examples: ["bptt info notes.safetensors", "bptt info model.onnx", "bptt info notes-run --json"],
};

/** The longest note that is printed whole, in characters. */
const NOTE = 100;

interface ModelInfo {
  readonly file: string;
  readonly bytes: number;
  readonly origin: ModelOrigin;
  readonly options: Network["options"];
  readonly parameters: number;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly metadata: Readonly<Record<string, string>>;
}

async function readModel(file: string): Promise<ModelInfo | ForeignContents> {
  const bytes = await readBytes(file);
  const origin = originOf(file, bytes);
  try {
    return describeModel(file, bytes, origin);
  } catch (error) {
    if (origin === "bptt" || !(error instanceof Failure)) throw error;
    return foreignContents(file, bytes, origin, error);
  }
}

function describeModel(file: string, bytes: Uint8Array, origin: ModelOrigin): ModelInfo {
  using network = readAnyModel(file, bytes);
  return {
    file,
    bytes: bytes.length,
    origin,
    options: network.options,
    parameters: countParameters(network),
    tensors: network.parameters.map(({ name, shape }) => ({ name, shape })),
    metadata: origin === "bptt" ? readMetadata(bytes) : {},
  };
}

function noteOf(text: string): string {
  const characters = Array.from(visible(text).replace(/[\n\t]/g, "·"));
  if (characters.length <= NOTE) return characters.join("");
  return `${characters.slice(0, NOTE).join("")}… (${grouped(Array.from(text).length)} characters)`;
}

/** Returns what is told of a note: of words, how many they are, and the most frequent. */
function noteFor(key: string, text: string): string {
  if (key !== VOCABULARY_KEY) return noteOf(text);
  try {
    const vocabulary = loadVocabulary(text);
    if (!(vocabulary instanceof WordVocabulary)) return noteOf(text);
    return `${grouped(vocabulary.size)} words, the most frequent first: ${noteOf(vocabulary.words.map((word) => JSON.stringify(word)).join(" "))}`;
  } catch (error) {
    // Another program's vocabulary.
    if (error instanceof FormatError) return noteOf(text);
    throw error;
  }
}

function modelLines({ file, bytes, origin, options, parameters, tensors, metadata }: ModelInfo): string[] {
  const told = Object.entries(options).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return [
    `${file}: ${size(bytes)}, ${grouped(parameters)} parameters`,
    "",
    ...columns(told),
    "",
    ...columns(tensors.map(({ name, shape }) => [name, `[${shape.join(", ")}]`])),
    ...(Object.keys(metadata).length === 0 ? [] : [""]),
    ...columns(Object.entries(metadata).map(([key, text]) => [key, noteFor(key, text)])),
    ...(origin === "bptt"
      ? []
      : [
          "",
          `A file of ${origin}. To make a model of it: ${ownName()} import ${quoted(file)} --out model.safetensors`,
        ]),
  ];
}

function contentLines({ file, bytes, origin, problem, contents }: ForeignContents): string[] {
  return [
    `${file}: ${size(bytes)}, a file of ${origin}`,
    "",
    ...columns(contents.map(([name, about]) => [name, visible(about)])),
    "",
    `bptt import makes no model of it as it is: ${problem}`,
  ];
}

/** Lays out names, and what belongs to them behind, both to the left. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

interface RunInfo {
  readonly folder: string;
  readonly config: Awaited<ReturnType<typeof readConfig>>;
  /** Where it would go on; undefined before the first checkpoint. */
  readonly checkpoint:
    { readonly step: number; readonly epoch: number; readonly seconds: number } | undefined;
  readonly start: StartEvent | undefined;
  readonly looks: readonly LookEvent[];
  readonly end: EndEvent | undefined;
}

interface SweepInfo {
  readonly folder: string;
  readonly config: RunInfo["config"];
  /** The best first. */
  readonly trials: readonly TrialResult[];
}

/** Returns what a folder has, and the lines that say so. */
async function readFolder(folder: string): Promise<[RunInfo | SweepInfo, () => string[]]> {
  const config = await readConfig(folder);
  if (config.command !== SWEEP) {
    const run = await readRun(folder, config);
    return [run, () => runLines(run)];
  }
  const { title, records } = await collect(folder);
  const sorted = ranked(records);
  return [
    { folder, config, trials: sorted.map(({ result }) => result) },
    () => [`${folder}: ${title}`, "", ...resultLines(sorted, metricOf(sorted)), ...reasonLines(sorted)],
  ];
}

async function readRun(folder: string, config: RunInfo["config"]): Promise<RunInfo> {
  const checkpoint = await readLatest(openCheckpoints(folder, 0));
  const events = readEvents(join(folder, runFiles.log));
  const end = events.at(-1);
  return {
    folder,
    config,
    checkpoint: checkpoint && {
      step: checkpoint.state.step,
      epoch: checkpoint.state.epoch,
      seconds: checkpoint.state.seconds,
    },
    start: events.find((event): event is StartEvent => event.event === "start"),
    looks: events.filter((event): event is LookEvent => event.event === "look"),
    end: end?.event === "end" ? end : undefined,
  };
}

function endingOf({ ending }: EndEvent, start: StartEvent | undefined): string {
  return {
    limit: "ended, as it was to",
    patience: `ended early, since the ${lossAt(start?.units.looks ?? HELD_OUT)} became no better`,
    signal: "stopped",
    divergence: "ended since its loss became no number",
  }[ending];
}

function runLines({ folder, config, checkpoint, start, looks, end }: RunInfo): string[] {
  const { command, operands, options, began, bptt, node, build } = config;
  const state = end === undefined ? "under way, or interrupted" : endingOf(end, start);
  const shown = looks
    .slice(-10)
    .map(({ step, heldOut, best, seconds }) => [
      `step ${grouped(step)}`,
      heldOut === undefined ? "" : heldOut.toFixed(4),
      duration(seconds),
      best ? "best so far" : "",
    ]);
  const goesOn = end === undefined || end.ending === "signal";
  return [
    `${folder}: ${state}`,
    "",
    ...columns([
      ["command", [command, ...operands].join(" ")],
      ["began", `${began}, bptt ${bptt}, Node ${node}, ${build} kernels`],
      ...(start === undefined ? [] : [["parameters", grouped(start.parameters)]]),
      [
        "checkpoint",
        checkpoint === undefined
          ? "none yet"
          : `step ${grouped(checkpoint.step)}, epoch ${checkpoint.epoch}, after ${duration(checkpoint.seconds)}`,
      ],
      ...(end?.heldOut === undefined
        ? []
        : [["held out", `${end.heldOut.toFixed(4)}, the model of step ${grouped(end.modelStep)}`]]),
      ...Object.entries(end?.figures ?? {})
        .filter(([, value]) => Number.isFinite(value))
        .map(([name, value]) => [name, value.toPrecision(5)]),
      ...Object.entries(options),
    ]),
    ...(shown.length === 0 ? [] : ["", ...tableLines(shown)]),
    ...(goesOn ? ["", `To go on: ${ownName()} resume ${quoted(folder)}`] : []),
  ];
}

/** Prints what is asked for. Throws a Failure. */
export async function runInfo({ operands: [path], given }: Arguments<Name>, output: Output): Promise<void> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const [info, lines] = isFolder
    ? await readFolder(path)
    : await readModel(path).then(
        (model) => [model, () => ("problem" in model ? contentLines(model) : modelLines(model))] as const,
      );
  output.write(given.json === undefined ? `${lines().join("\n")}\n` : `${JSON.stringify(info)}\n`);
}
