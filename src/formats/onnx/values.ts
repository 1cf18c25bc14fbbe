/** What is known of the values of a graph while it is walked, without computing any. */

import type { Cell } from "../../network/types.js";
import type { Constant } from "./constants.js";
import type { OnnxValue } from "./messages.js";
import type { Axis, Size } from "./sizes.js";

/** The node that a value comes from. */
export interface Origin {
  /** Its name and operator. */
  readonly label: string;
  /** Throws a FormatError about it. */
  fail(expected: string, came: string): never;
}

/** Integers that sizes are made of; undefined: one that cannot be told. */
export interface IntegerList {
  readonly kind: "integers";
  readonly list: readonly (Size | undefined)[];
  /** True: a tensor without dimensions, of which the list has one. */
  readonly scalar: boolean;
}

export interface ConstantValue {
  readonly kind: "constant";
  readonly constant: Constant;
}

/** One number everywhere, in a shape that does not matter. */
export interface Filled {
  readonly kind: "filled";
  readonly value: Size;
}

/** What flows from the graph's input through its layers, and how it is laid out. */
export interface Flow {
  readonly kind: "flow";
  readonly content: Content;
  readonly axes: readonly Axis[];
  /** The dimension along which runs stand side by side; none where there is one. */
  readonly stack: Axis;
  /** The dimension of features; none where its size is 1, or not known of an input. */
  readonly feature: Axis;
}

/** An input of the graph, rearranged in a way that is not followed. */
export interface Given {
  readonly kind: "given";
  readonly input: string;
  readonly by: Origin;
}

/** What a node gives whose operator is not understood, or not for these inputs. */
export interface Unknown {
  readonly kind: "unknown";
  readonly by: Origin;
}

export type Value = IntegerList | ConstantValue | Filled | Flow | Given | Unknown;

export type Content = GraphInput | Vectors | States | Outputs;

/** An input as it comes: numbers, or tokens. */
export interface GraphInput {
  readonly of: "input";
  readonly input: OnnxValue;
}

/** Tokens as vectors: their embedding, [I, E], or one-hot rows. */
export interface Vectors {
  readonly of: "vectors";
  readonly input: OnnxValue;
  /** I. */
  readonly tokens: number;
  readonly embedding: Constant | undefined;
}

/** Which states of a run: those after each step, or a final one. */
export type Part = "steps" | "h" | "c";

export interface Entry {
  readonly run: Run;
  readonly part: Part;
  /** That it is no final state although one step was taken, which only matters where it is read. */
  readonly stray?: Stray | undefined;
}

/** A state at the first or the last step that is not a direction's final one: what the node that took it is refused with. */
export interface Stray {
  readonly by: Origin;
  readonly expected: string;
  readonly came: string;
}

export interface States {
  readonly of: "states";
  /** In the order in which they stand side by side. */
  readonly entries: readonly Entry[];
}

/** What the head makes of a layer's states. */
export interface Outputs {
  readonly of: "outputs";
  readonly runs: readonly Run[];
  readonly part: Part;
  /** Undefined: none, the softmax is of the states. */
  readonly head: Head | undefined;
  readonly softmax: boolean;
}

export interface Head {
  /** [D*H, O]. */
  readonly weight: Constant;
  /** [O]. */
  readonly bias: Constant | undefined;
  readonly weightScale: number;
  readonly biasScale: number;
}

/** One direction of a recurrent node. */
export interface Run {
  readonly origin: Origin;
  readonly cell: Cell;
  /** How many directions the node has, and which this is. */
  readonly directions: number;
  readonly slot: number;
  readonly reverse: boolean;
  readonly hiddenSize: number;
  /** What each step reads: how much, and from where. */
  readonly width: number;
  readonly below: GraphInput | Vectors | readonly Run[];
  /** Axes of what it reads. */
  readonly time: Axis;
  readonly batch: Axis;
  /** The input that holds the sequences' lengths. */
  readonly lengths: string | undefined;
  /** The inputs that hold initial states. */
  readonly states: readonly string[];
  /** [directions, G*H, width], [directions, G*H, H] and [directions, 2*G*H]. */
  readonly weight: Constant;
  readonly recurrentWeight: Constant;
  readonly bias: Constant | undefined;
}

/** Returns the input of the graph that a value is, however rearranged; undefined for other values. */
export function inputNameOf(value: Value): string | undefined {
  if (value.kind === "given") return value.input;
  return value.kind === "flow" && value.content.of === "input" ? value.content.input.name : undefined;
}

/** Says in a few words what a value is. */
export function describeValue(value: Value | undefined): string {
  if (value === undefined) return "none";
  if (value.kind === "unknown") return `what ${value.by.label} gives`;
  if (value.kind === "given") return `what ${value.by.label} makes of input ${JSON.stringify(value.input)}`;
  if (value.kind === "constant") return `a constant of shape [${value.constant.shape.join(", ")}]`;
  if (value.kind === "integers") return "integers";
  if (value.kind === "filled") return "one number everywhere";
  return describeContent(value.content);
}

function describeContent(content: Content): string {
  if (content.of === "input") return `input ${JSON.stringify(content.input.name)}`;
  if (content.of === "vectors") return `the tokens of input ${JSON.stringify(content.input.name)} as vectors`;
  if (content.of === "outputs") return content.softmax ? "a softmax" : "outputs of the head";
  const [{ run, part }] = content.entries;
  const which = { steps: "states", h: "final states", c: "final cell states" }[part];
  return `${which} of ${run.origin.label}`;
}
