/** Turns a learning session's parts into a file, and a file into parts. */

import type { TensorSource } from "../formats/safetensors.js";
import type { OnlineProcess } from "../learn/online/online-process.js";
import { readRegion, writeRegion } from "../memory/regions.js";
import { zeroState } from "../network/arguments.js";
import type { State } from "../network/types.js";
import { optimizerMemory } from "../optimize/optimizer.js";
import { failSession, readSession, writeSession, type SessionProgress } from "./session-file.js";
import type { SessionPlan } from "./session-plan.js";

/** Holds everything that changes while a session learns. */
export interface SessionParts {
  process: OnlineProcess;
  steps: number;
  updates: number;
  /** The state from which the next step begins a sequence; undefined within a sequence. */
  begins: State | undefined;
}

type Tensors = ReadonlyMap<string, Float32Array>;

function stateTensors(state: State, { network, batch }: SessionPlan): TensorSource[] {
  const { layers, hiddenSize } = network.options;
  const shape = [layers, batch, hiddenSize];
  const { h, c } = state;
  const read = (values: Float32Array) => () => values;
  const tensors = [{ name: "state.h", shape, read: read(h) }];
  if (c !== undefined) tensors.push({ name: "state.c", shape, read: read(c) });
  return tensors;
}

/** Returns the rule's memory of the past as tensors, row by row, padding included. */
function ruleTensors({ process, begins }: SessionParts): TensorSource[] {
  if (begins !== undefined) return [];
  return Object.entries(process.require().rule.memory).map(([name, rows]) => ({
    name: `rule.${name}`,
    shape: [rows.count, rows.size],
    read: () => rows.read(),
  }));
}

/** Returns the gradient under way in the network's own layout, padding included, like the moments. */
function gradientTensors({ network }: SessionPlan, pendingSteps: number): TensorSource[] {
  const { parameters } = network.model;
  if (pendingSteps === 0) return [];
  return [{ name: "gradients", shape: [parameters.count], read: () => parameters.readGradients() }];
}

function momentTensors({ network, optimizer }: SessionPlan): TensorSource[] {
  const { parameters, engine } = network.model;
  const memory = optimizerMemory(optimizer);
  return (memory?.names ?? []).map((name) => ({
    name: `optimizer.${name}`,
    shape: [parameters.count],
    read: () => {
      const region = memory?.prepare(network).moments.get(name);
      return region === undefined ? new Float32Array(parameters.count) : readRegion(engine.arena.f32, region);
    },
  }));
}

export function saveProgress(plan: SessionPlan, parts: SessionParts): Uint8Array {
  const { process, steps, updates, begins } = parts;
  const { network, optimizer } = plan;
  const { pending } = process;
  const progress: SessionProgress = {
    learner: plan.learner.name,
    batch: plan.batch,
    inputs: begins === undefined ? process.require().inputs : "none",
    steps,
    updates,
    droppedWindows: network.model.droppedWindows,
    pendingSteps: pending.steps,
    pendingCount: pending.count,
    pendingWeight: pending.weight,
    pendingKind: pending.kind ?? "none",
    random: [...process.words],
    optimizerSteps: [...(optimizerMemory(optimizer)?.prepare(network).steps ?? [])],
  };
  return writeSession(progress, [
    ...stateTensors(begins ?? process.require().dynamics.state, plan),
    ...ruleTensors(parts),
    ...gradientTensors(plan, pending.steps),
    ...momentTensors(plan),
  ]);
}

/** Throws a FormatError, nothing changed, for a file of another kind of session. */
function requireSameSession(
  { network, learner, batch, optimizer }: SessionPlan,
  file: SessionProgress,
): void {
  if (file.learner !== learner.name) failSession("learner", learner.name, file.learner);
  if (file.batch !== batch) failSession("batch", batch, file.batch);
  if (file.inputs === "values" && network.options.embeddingSize > 0)
    failSession("inputs", "tokens, for the embedding", file.inputs);
  const known = optimizerMemory(optimizer) === undefined ? 0 : network.parameters.length;
  if (file.optimizerSteps.length !== known)
    failSession("numbers of updates for", `${known} parameters`, file.optimizerSteps.length);
}

/**
 * Restores the parts that were saved, into `process`, which must be new. Throws a FormatError or an
 * OutOfMemoryError; nothing is changed then.
 */
export function restoreProgress(bytes: Uint8Array, plan: SessionPlan, process: OnlineProcess): SessionParts {
  const file = readSession(bytes);
  const { progress } = file;
  requireSameSession(plan, progress);
  process.words = progress.random;
  if (progress.inputs !== "none") process.prepare(plan.batch, progress.inputs, 1);
  if (process.words.length !== progress.random.length)
    failSession("words of random numbers", process.words.length, progress.random.length);
  const empty = zeroState(plan.batch, plan.network.options);
  const parts: SessionParts = {
    process,
    steps: progress.steps,
    updates: progress.updates,
    begins: progress.inputs === "none" ? empty : undefined,
  };
  const expected = [
    ...stateTensors(empty, plan),
    ...ruleTensors(parts),
    ...gradientTensors(plan, progress.pendingSteps),
    ...momentTensors(plan),
  ];
  const tensors = file.readTensors(new Map(expected.map(({ name, shape }) => [name, shape])));
  writeOptimizer(plan, progress, tensors);
  return writeParts(plan, progress, tensors, parts);
}

function writeOptimizer(
  { network, optimizer }: SessionPlan,
  progress: SessionProgress,
  tensors: Tensors,
): void {
  const remembered = optimizerMemory(optimizer)?.prepare(network);
  if (remembered === undefined) return;
  for (const [name, region] of remembered.moments)
    writeRegion(network.model.engine.arena.f32, region, tensors.get(`optimizer.${name}`) ?? []);
  remembered.steps.splice(0, Infinity, ...progress.optimizerSteps);
}

function writeParts(
  { network }: SessionPlan,
  progress: SessionProgress,
  tensors: Tensors,
  parts: SessionParts,
): SessionParts {
  const { process } = parts;
  const { model } = network;
  const [h, c] = [tensors.get("state.h"), tensors.get("state.c")];
  if (h !== undefined) parts.begins = c === undefined ? { h } : { h, c };
  if (progress.inputs !== "none") {
    process.begin(parts.begins);
    for (const [name, rows] of Object.entries(process.require().rule.memory)) {
      const values = tensors.get(`rule.${name}`);
      if (values !== undefined) rows.write(values);
    }
    parts.begins = undefined;
  }
  const gradients = tensors.get("gradients");
  if (gradients !== undefined) model.parameters.writeGradients(gradients);
  model.droppedWindows = progress.droppedWindows;
  const { pendingSteps: steps, pendingCount: count, pendingWeight: weight, pendingKind } = progress;
  const kind = pendingKind === "none" ? undefined : pendingKind;
  process.pending = { steps, count, weight, positions: steps, loss: 0, kind };
  return parts;
}
