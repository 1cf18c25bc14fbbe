/** What is compared: a piece of work, and those who do it. */
import type { Task, TaskName, Window } from "../work.js";

/** By PyTorch's names, row-major: what every peer starts from that lets weights be set. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** One of W1 to W8, with the numbers to do it on. */
export interface Job {
  readonly name: TaskName;
  readonly task: Task;
  readonly weights: Weights;
  /** What comes in and what should come out; of a streaming step unused: token 0, 1, 2, … come in, one a step. */
  readonly window: Window;
}

/** Somebody who is ready to do a job. */
export interface Subject {
  /** One step; of a training step its loss, where it can be had. */
  readonly step: () => number | undefined | Promise<number | undefined>;
  /** What the last step put out, where the job is not training: `[T, B, O]`, or `[O]`. */
  readonly outputs?: () => Float32Array;
  /** For work in another process: milliseconds of so many steps, by that process's clock. */
  readonly time?: (repeats: number) => Promise<number>;
  /** The variant that was picked, or anything else that a reader should know. */
  readonly note?: string;
  readonly dispose?: () => void;
}

/** A peer as installed: jobs in, subjects out. */
export type Open = (job: Job) => Subject | Promise<Subject>;

export interface Peer {
  /** For tables and people. */
  readonly title: string;
  /** How it is used, in a few words. */
  readonly use: string;
  /** Work it cannot do, and why. */
  readonly cannot?: Partial<Record<TaskName, string>>;
  /** Work that is left out unless it is asked for by name: it takes minutes. */
  readonly slow?: readonly TaskName[];
  /** Work whose numbers cannot be ours, and why; all other work is checked number for number before it is timed. */
  readonly differs?: Partial<Record<TaskName, string>>;
  /** Has one bias a gate, where PyTorch has two. */
  readonly oneBias?: boolean;
  readonly load: () => Promise<Open>;
}

export const trainingWork = ["W1", "W2", "W3", "W4", "W5", "W8"] as const satisfies readonly TaskName[];

/** The same reason for many. */
export function because(reason: string, ...names: readonly TaskName[]): Partial<Record<TaskName, string>> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** The numbers of a parameter. */
export function weightOf({ weights }: Job, name: string): Float32Array {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`no parameter is called ${name}`);
  return found;
}

/** A parameter of layer k. */
export function layerOf(job: Job, k: number) {
  return {
    input: weightOf(job, `rnn.weight_ih_l${k}`),
    recurrent: weightOf(job, `rnn.weight_hh_l${k}`),
    inputBias: weightOf(job, `rnn.bias_ih_l${k}`),
    recurrentBias: weightOf(job, `rnn.bias_hh_l${k}`),
  };
}

/** Rows to columns. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) turned[c * rows + r] = matrix[r * columns + c];
  return turned;
}

/** Blocks of `size` numbers in another order. */
export function reorder(values: Float32Array, order: readonly number[], size: number): Float32Array {
  const moved = new Float32Array(values.length);
  order.forEach((from, to) => {
    moved.set(values.subarray(from * size, (from + 1) * size), to * size);
  });
  return moved;
}

export const sum = (a: Float32Array, b: Float32Array): Float32Array => a.map((x, i) => x + b[i]);

/** `[T, B]` to `[B, T]`, for those who put the batch first; of `width` numbers each. */
export function batchFirst<Values extends Float32Array | Int32Array>(
  values: Values,
  steps: number,
  batch: number,
  width = 1,
): Values {
  const moved = values.slice() as Values;
  for (let t = 0; t < steps; t++)
    for (let b = 0; b < batch; b++)
      for (let i = 0; i < width; i++)
        moved[(b * steps + t) * width + i] = values[(t * batch + b) * width + i];
  return moved;
}

/** The cells of W1 to W8. */
function cellOf({ task }: Job): "elman" | "gru" | "lstm" {
  const { cell } = task.size;
  if (cell === "elman" || cell === "gru" || cell === "lstm") return cell;
  throw new Error(`the peers have no cell ${cell}`);
}

/** What a job's sizes are, with defaults filled in. */
export function sizesOf(job: Job) {
  const { size } = job.task;
  const cell = cellOf(job);
  const { hidden: H, batch: B, steps: T, layers: L = 1, tokens: V = 65, values } = size;
  const G = cell === "lstm" ? 4 : cell === "gru" ? 3 : 1;
  return { cell, H, B, T, L, V, G, I: values ?? V, O: values === undefined ? V : 1, values };
}

/** The tokens and classes of a job that has them. */
export function tokensOf({ window: { sequence, target } }: Job): { tokens: Int32Array; classes: Int32Array } {
  if (!(sequence.tokens instanceof Int32Array) || target.classes === undefined)
    throw new Error("this job is not of tokens");
  return { tokens: sequence.tokens, classes: target.classes };
}

/** The values of a job that has them, and what its last step should give, `[B]`. */
export function valuesOf(job: Job): { values: Float32Array; last: Float32Array } {
  const { sequence, target } = job.window;
  if (sequence.values === undefined || target.values === undefined)
    throw new Error("this job is not of values");
  return { values: sequence.values, last: target.values.slice(-sequence.batch) };
}
