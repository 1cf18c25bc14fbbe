/** A node of a graph with what is known of its inputs: what operators see. */

import { FormatError } from "../../errors.js";
import { distinctCount, readIntegers, uniformValue, type Constant } from "./constants.js";
import type { OnnxNode, OnnxTensor } from "./messages.js";
import { numberOf, sizeOfNumber, type Atom, type Axis, type Size } from "./sizes.js";
import { describeValue, inputNameOf, type Origin, type Run, type Value } from "./values.js";

/** Integers that shapes and indices are made of are few. */
const MOST_INTEGERS = 64;
/** Values, with the lists that they are made of, that may be known at once: some 10 MB. */
const MOST_ITEMS = 100_000;
/** A part of a constant has several lists of its own. */
const ITEMS_A_PART = 6;

/** What all nodes of one graph share. */
export class Walk {
  readonly opset: number;
  /** All runs, in the order of their nodes. */
  readonly runs: Run[] = [];
  private readonly features = new Map<number, Axis>();
  private atoms = 0;
  private items = 0;
  private elements = 0;
  private readonly mostElements: number;

  /** `fileSize` in bytes: what can be looked at depends on it. */
  constructor(opset: number, fileSize: number) {
    this.opset = opset;
    this.mostElements = 4 * fileSize + 1_000_000;
  }

  /** Returns an axis of a new dimension; undefined: of a size that is known at run time. */
  axis(size: number | undefined): Axis {
    const atom: Atom = { id: this.atoms++, size };
    return size === 1 ? [] : [atom];
  }

  /** Returns the dimension of a layer's units, which is the same for all of one size: they can stand side by side. */
  units(size: number): Axis {
    const known = this.features.get(size) ?? this.axis(size);
    this.features.set(size, known);
    return known;
  }

  /** Counts what is kept, so that no graph takes more memory than some megabytes. */
  keep(items: number): void {
    this.items += items;
    if (this.items > MOST_ITEMS)
      throw new FormatError(
        `ONNX graph: expected at most ${MOST_ITEMS} values and parts of values, got more`,
      );
  }

  keepParts(count: number): void {
    this.keep(count * ITEMS_A_PART);
  }

  keepValue(value: Value): void {
    this.keep(1);
    if (value.kind === "constant") this.keepParts(value.constant.parts.length);
    else if (value.kind === "integers") this.keep(value.list.length);
    else if (value.kind === "flow") {
      this.keep(value.axes.length);
      if (value.content.of === "states") this.keep(value.content.entries.length);
    }
  }

  /** Returns the number that all elements of a constant are, or undefined. */
  uniform(constant: Constant): number | undefined {
    this.elements += distinctCount(constant);
    if (this.elements > this.mostElements)
      throw new FormatError("ONNX graph: expected constants that are looked at a few times, got more uses");
    return uniformValue(constant);
  }
}

export class Call implements Origin {
  readonly walk: Walk;
  readonly node: OnnxNode;
  /** Undefined: one that is left out. */
  readonly inputs: readonly (Value | undefined)[];

  constructor(walk: Walk, node: OnnxNode, inputs: readonly (Value | undefined)[]) {
    this.walk = walk;
    this.node = node;
    this.inputs = inputs;
  }

  /** The node's name, or its first output where it has none, and its operator. */
  get label(): string {
    const { name, outputs, op, domain } = this.node;
    const which = name === "" ? `node of ${quote(outputs[0] ?? "")}` : `node ${quote(name)}`;
    return `${which} (${domain === "" ? "" : `${clip(domain)}.`}${clip(op)})`;
  }

  fail(expected: string, came: string): never {
    throw new FormatError(`ONNX ${this.label}: expected ${expected}, got ${came}`);
  }

  /** Returns an input; a FormatError where it is left out. */
  input(index: number): Value {
    return this.inputs[index] ?? this.fail(`input ${index}`, "none");
  }

  /** Returns the integers of an input that is left out, or is not known: undefined. */
  integers(index: number): readonly (Size | undefined)[] | undefined {
    const value = this.inputs[index];
    return value === undefined ? undefined : integersOf(value)?.list;
  }

  /** As `integers`, where all are numbers. */
  numbers(index: number): number[] | undefined {
    const list = this.integers(index)?.map((size) => (size === undefined ? undefined : numberOf(size)));
    return list?.every((number) => number !== undefined) === true ? list : undefined;
  }

  int(name: string, ifNone: number): number {
    return this.attribute(name, "INT") ?? ifNone;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "INTS");
  }

  float(name: string, ifNone: number): number {
    return this.attribute(name, "FLOAT") ?? ifNone;
  }

  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, "FLOATS");
  }

  text(name: string, ifNone: string): string {
    return this.attribute(name, "STRING") ?? ifNone;
  }

  texts(name: string): readonly string[] | undefined {
    return this.attribute(name, "STRINGS");
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.attribute(name, "TENSOR");
  }

  has(attribute: string): boolean {
    return this.node.attributes.has(attribute);
  }

  /** Returns a place among `rank` axes, of which −1 is the last. */
  axisOf(axis: number, rank: number): number {
    const place = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(place) || place < 0 || place >= rank)
      this.fail(`an axis of a tensor of ${rank} dimensions`, String(axis));
    return place;
  }

  /**
   * Is what a node gives that is not understood: a FormatError where what flows through the layers ends in it. An input that is not
   * understood either is named instead, unless the node has a graph of its own (If): its inputs only steer it, and what it gives comes
   * through that graph.
   */
  unknown(): Value {
    const lost = this.inputs.find((value) => value?.kind === "flow" && value.content.of !== "input");
    if (lost !== undefined) this.fail("an operator of a recurrent network", `it for ${describeValue(lost)}`);
    const own = [...this.node.attributes.values()].some(({ type }) => type === "GRAPH");
    const before = own ? undefined : this.inputs.find((value) => value?.kind === "unknown");
    return before ?? { kind: "unknown", by: this };
  }

  /**
   * Is what a node gives that rearranges a value in a way that is not followed: still the same input of the graph if it is of one,
   * which initial states may be. A FormatError for what flows through the layers.
   */
  rearranged(why: string): Value {
    const [value] = this.inputs;
    if (value?.kind === "flow" && value.content.of !== "input") this.fail(why, describeValue(value));
    const input = value === undefined ? undefined : inputNameOf(value);
    return input === undefined ? this.unknown() : { kind: "given", input, by: this };
  }

  private attribute<Type extends keyof AttributeValues>(
    name: string,
    type: Type,
  ): AttributeValues[Type] | undefined {
    const found = this.node.attributes.get(name);
    if (found === undefined) return undefined;
    if (found.type !== type) this.fail(`attribute ${quote(name)} of type ${type}`, found.type);
    return found.value as AttributeValues[Type];
  }
}

interface AttributeValues {
  INT: number;
  INTS: readonly number[];
  FLOAT: number;
  FLOATS: readonly number[];
  STRING: string;
  STRINGS: readonly string[];
  TENSOR: OnnxTensor;
}

/** Names of nodes are as long as their exporter likes: PyTorch's hold the names of all modules. */
function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

export function quote(text: string): string {
  return JSON.stringify(clip(text));
}

/** Returns the integers that a value is, of no or one dimension; undefined for others and for many. */
export function integersOf(
  value: Value,
): { readonly list: readonly (Size | undefined)[]; readonly scalar: boolean } | undefined {
  if (value.kind === "integers") return value;
  if (value.kind !== "constant") return undefined;
  const { constant } = value;
  if (constant.shape.length > 1 || (constant.shape[0] ?? 1) > MOST_INTEGERS) return undefined;
  const numbers = readIntegers(constant);
  return numbers && { list: numbers.map(sizeOfNumber), scalar: constant.shape.length === 0 };
}

/** Returns integers as a value; undefined for too many. */
export function integerList(list: readonly (Size | undefined)[], scalar: boolean): Value | undefined {
  return list.length > MOST_INTEGERS ? undefined : { kind: "integers", list, scalar };
}
