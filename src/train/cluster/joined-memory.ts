/**
 * Joins what each rank's learning rule remembers of its sequences to what one rule would remember of all, and takes a rank's part of
 * that: a checkpoint of a cluster is that of a single process, so that any number of ranks can go on from it.
 */

import type { LearnerContext } from "../../learn/learner.js";
import { SAVED, readStretch, saveStretch } from "../../learn/windows/saved-stretch.js";
import { directionsOf } from "../../network/sizes.js";
import { PlainReader, type PlainData } from "../../plain-data.js";
import { partOf, sequencesOf, shareOf, type Share } from "./batch-part.js";

/** The rules whose memory is known: all of the library's. */
const RULES: readonly string[] = [
  ...["bptt", "tbptt", "artbp", "rtrl", "blockRtrl", "kfRtrl", "uoro", "noBackTrack", "rflo", "snap1"],
  "diagonalRtrl",
];

/** Throws a TypeError for a rule of the caller's own, whose memory has sequences in places that only it knows. */
export function requireKnownRule(name: string): void {
  if (RULES.includes(name)) return;
  throw new TypeError(
    `"learner" expected a rule of the library's, to be kept in a checkpoint of a cluster, got ${name}: what ranks remember ` +
      `would have to be joined`,
  );
}

/** What one rank remembers of its sequences. */
export interface Remembered {
  readonly memory: PlainReader;
  /** Its number of sequences, at least 1. */
  readonly count: number;
}

type Plain = Readonly<Record<string, PlainData>>;
type Numbers = Float32Array | Int32Array | Uint8Array | Uint16Array;
type Context = Pick<LearnerContext, "network" | "loss">;

/** Joins arrays [outer, B, …] of each rank. */
function joinArrays(parts: readonly Remembered[], outer: number): PlainData {
  const arrays = parts.map(({ memory }) => numbersOf(memory));
  const whole = arrays[0].slice(0, 0);
  const joined = growTo(
    whole,
    arrays.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (let i = 0; i < outer; i++)
    for (const array of arrays) {
      const width = array.length / outer;
      joined.set(array.subarray(i * width, (i + 1) * width), at);
      at += width;
    }
  return joined;
}

function growTo(like: Numbers, length: number): Numbers {
  if (like instanceof Float32Array) return new Float32Array(length);
  if (like instanceof Int32Array) return new Int32Array(length);
  return like instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}

function numbersOf(saved: PlainReader): Numbers {
  const { value } = saved;
  const known = [Float32Array, Int32Array, Uint8Array, Uint16Array].some((type) => value instanceof type);
  return known ? (value as Numbers) : saved.fail("an array of numbers");
}

function fieldsOf(parts: readonly Remembered[], name: string): Remembered[] {
  return parts.map(({ memory, count }) => ({ memory: memory.field(name), count }));
}

/** Joins arrays of which some ranks have none, since all its elements would be `empty`. */
function joinGiven(parts: readonly Remembered[], outer: number, steps: number, empty: number): PlainData {
  const given = parts.find(({ memory }) => memory.given);
  if (given === undefined) return undefined;
  const filled = parts.map(({ memory, count }) => {
    if (memory.given) return { memory, count };
    const array = growTo(numbersOf(given.memory), outer * count).fill(empty === 1 ? steps : 0);
    return { memory: new PlainReader(memory.place, array), count };
  });
  return joinArrays(filled, outer);
}

function sumOf(parts: readonly Remembered[], name: string): number {
  return fieldsOf(parts, name).reduce((sum, { memory }) => sum + memory.number(), 0);
}

/** Returns the fields of the first rank's object, some of them joined. */
function withFields(parts: readonly Remembered[], joined: Plain): PlainData {
  return { ...(parts[0].memory.value as Plain), ...joined };
}

function joinState(parts: readonly Remembered[], context: Context): PlainData {
  if (!parts[0].memory.given) return parts[0].memory.value as PlainData;
  const outer = rowsOfState(context);
  const cells = fieldsOf(parts, "c");
  const h = joinArrays(fieldsOf(parts, "h"), outer);
  return cells[0].memory.given ? { h, c: joinArrays(cells, outer) } : { h };
}

function rowsOfState({ network: { options } }: Context): number {
  return options.layers * directionsOf(options);
}

function joinStretch(parts: readonly Remembered[]): PlainData {
  if (!parts[0].memory.given) return undefined;
  const inputs = fieldsOf(parts, "inputs");
  const steps = inputs[0].memory.field("steps").integer(1);
  const targets = fieldsOf(parts, "targets");
  return withFields(parts, {
    inputs: withFields(inputs, {
      batch: sumOf(inputs, "batch"),
      array: joinArrays(fieldsOf(inputs, "array"), steps),
      lengths: joinGiven(fieldsOf(inputs, "lengths"), 1, steps, 1),
      resets: joinGiven(fieldsOf(inputs, "resets"), steps, steps, 0),
    }),
    targets: targets[0].memory.given ? joinTargets(targets, steps) : undefined,
    count: sumOf(parts, "count"),
    lengths: joinGiven(fieldsOf(parts, "lengths"), 1, steps, 1),
  });
}

function joinTargets(parts: readonly Remembered[], steps: number): PlainData {
  const ends = fieldsOf(parts, "ends");
  const weights = fieldsOf(parts, "weights");
  const outer = ends[0].memory.given ? 1 : steps;
  return withFields(parts, {
    batch: sumOf(parts, "batch"),
    array: joinArrays(fieldsOf(parts, "array"), outer),
    weights: weights[0].memory.given ? joinArrays(weights, outer) : undefined,
    ends: ends[0].memory.given ? joinArrays(ends, 1) : undefined,
    count: sumOf(parts, "count"),
    weight: sumOf(parts, "weight"),
  });
}

function joinList(
  parts: readonly Remembered[],
  join: (items: readonly Remembered[]) => PlainData,
): PlainData {
  const lists = parts.map(({ memory }) => memory.list());
  return lists[0].map((_, i) => join(parts.map(({ count }, rank) => ({ memory: lists[rank][i], count }))));
}

function joinProcess(parts: readonly Remembered[], context: Context): PlainData {
  const pending = fieldsOf(parts, "pending");
  const running = fieldsOf(parts, "running");
  const sums = ["count", "weight", "positions", "loss"].map((name) => [name, sumOf(pending, name)] as const);
  const gradients = fieldsOf(parts, "gradients");
  if (gradients[0].memory.given && typeof context.loss === "function") {
    throw new TypeError(
      `save() expected no gradient under way in a cluster with a loss function, whose mean is not known to be one of targets`,
    );
  }
  return withFields(parts, {
    pending: withFields(pending, Object.fromEntries(sums)),
    gradients: gradients[0].memory.given ? joinGradients(gradients) : undefined,
    running: running[0].memory.given ? joinRunning(running, context) : undefined,
  });
}

function joinGradients(parts: readonly Remembered[]): PlainData {
  const sum = Float64Array.from(numbersOf(parts[0].memory));
  for (const { memory } of parts.slice(1)) numbersOf(memory).forEach((value, i) => (sum[i] += value));
  return Float32Array.from(sum);
}

function joinRunning(parts: readonly Remembered[], context: Context): PlainData {
  const memory = fieldsOf(parts, "memory");
  const names = Object.keys(memory[0].memory.value as Plain);
  return withFields(parts, {
    batch: sumOf(parts, "batch"),
    resets: fieldsOf(parts, "resets").some((part) => part.memory.boolean()),
    state: joinState(fieldsOf(parts, "state"), context),
    memory: Object.fromEntries(names.map((name) => [name, joinArrays(fieldsOf(memory, name), 1)])),
  });
}

/** Returns what a rule would remember of all sequences, of which each rank remembers its own. */
export function joinMemory(parts: readonly Remembered[], context: Context): PlainData {
  const { value } = parts[0].memory;
  if (typeof value !== "object" || value === null) return value as PlainData;
  const joined: Record<string, PlainData> = {};
  for (const name of Object.keys(value)) {
    const field = fieldsOf(parts, name);
    if (name === "pass") joined[name] = joinMemory(field, context);
    if (name === "state") joined[name] = joinState(field, context);
    if (name === "starts") joined[name] = joinList(field, (states) => joinState(states, context));
    if (name === "before") joined[name] = joinStretch(field);
    if (name === "pending") joined[name] = joinList(field, joinStretch);
    if (name === "endedEarly") joined[name] = field.some(({ memory }) => memory.boolean());
    if (name === "process") joined[name] = joinProcess(field, context);
  }
  return withFields(parts, joined);
}

/** Takes a rank's part of what a rule remembers, in the same walk as `joinMemory`. */
export class OwnMemory {
  /** The sequences that were remembered; undefined where none were. */
  batch: number | undefined;
  private readonly rank: number;
  private readonly size: number;
  private readonly context: Context;

  constructor(rank: number, size: number, context: Context) {
    this.rank = rank;
    this.size = size;
    this.context = context;
  }

  /** Throws a FormatError for what no rule saved. */
  of(memory: PlainData): PlainData {
    return this.memory(new PlainReader(SAVED, memory));
  }

  private memory(saved: PlainReader): PlainData {
    const { value } = saved;
    if (typeof value !== "object" || value === null) return value as PlainData;
    const own: Record<string, PlainData> = { ...(value as Plain) };
    for (const name of Object.keys(value)) {
      const field = saved.field(name);
      if (name === "pass") own[name] = this.memory(field);
      if (name === "state") own[name] = this.state(field);
      if (name === "starts") own[name] = field.list().map((state) => this.state(state));
      if (name === "before") own[name] = this.stretch(field);
      if (name === "pending") own[name] = field.list().map((stretch) => this.stretch(stretch));
      if (name === "process") own[name] = this.process(field);
    }
    return own;
  }

  private share(batch: number): Share {
    this.batch = batch;
    return shareOf(batch, this.rank, this.size);
  }

  private state(saved: PlainReader): PlainData {
    if (!saved.given) return saved.value as PlainData;
    const { hiddenSize } = this.context.network.options;
    const outer = rowsOfState(this.context);
    const part = (name: string): Float32Array => {
      const field = saved.field(name);
      const batch = numbersOf(field).length / (outer * hiddenSize);
      if (!Number.isSafeInteger(batch) || batch < 1)
        field.fail(`a Float32Array of ${outer * hiddenSize}·B values`);
      return sequencesOf(field.floats(outer * hiddenSize * batch), outer, batch, this.share(batch));
    };
    return saved.field("c").given ? { h: part("h"), c: part("c") } : { h: part("h") };
  }

  private stretch(saved: PlainReader): PlainData {
    if (!saved.given) return undefined;
    const stretch = readStretch(saved, { ...this.context, reduction: "mean", seed: 0 });
    return saveStretch(partOf(stretch, this.share(stretch.inputs.batch)));
  }

  /** The gradient under way is rank 0's; to the others it adds nothing. */
  private process(saved: PlainReader): PlainData {
    const whole = saved.value as Plain;
    const [pending, gradients, running] = ["pending", "gradients", "running"].map((name) =>
      saved.field(name),
    );
    const first = this.rank === 0;
    const nothing = { ...(pending.value as Plain), count: 0, weight: 0, positions: 0, loss: 0 };
    return {
      ...whole,
      pending: first ? whole["pending"] : nothing,
      gradients:
        first || !gradients.given
          ? whole["gradients"]
          : growTo(numbersOf(gradients), numbersOf(gradients).length),
      running: running.given ? this.running(running) : undefined,
    };
  }

  private running(saved: PlainReader): PlainData {
    const batch = saved.field("batch").integer(1);
    const share = this.share(batch);
    const memory = saved.field("memory");
    const rows = Object.keys(Object(memory.value) as object).map((name) => {
      const array = numbersOf(memory.field(name));
      if (array.length % batch !== 0) memory.field(name).fail(`rows of ${batch} sequences`, array);
      return [name, sequencesOf<Numbers>(array, 1, batch, share)] as const;
    });
    return {
      ...(saved.value as Plain),
      batch: share.count,
      state: this.state(saved.field("state")),
      memory: Object.fromEntries(rows),
    };
  }
}
