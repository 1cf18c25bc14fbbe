/** Builds a graph of ONNX node by node. */

import type { PlainArray } from "../../plain-data.js";
import { LITTLE_ENDIAN, swapBytes } from "../safetensors.js";
import {
  DATA_TYPES,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from "./messages.js";

export type Attributes = Readonly<Record<string, OnnxAttribute>>;

export function integer(value: number): OnnxAttribute {
  return { type: "INT", value };
}

export function integers(...value: readonly number[]): OnnxAttribute {
  return { type: "INTS", value };
}

export function text(value: string): OnnxAttribute {
  return { type: "STRING", value };
}

/** Returns the value of a graph that holds float32 numbers; sizes that are only known at run time have a name. */
export function floatValue(name: string, ...dims: readonly (number | string)[]): OnnxValue {
  return { name, dataType: DATA_TYPES.FLOAT, dims };
}

/** Views numbers of the builder's own as little-endian bytes; where numbers are kept otherwise, they are turned around in place. */
function bytesOf(values: PlainArray | BigInt64Array<ArrayBuffer>): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (!LITTLE_ENDIAN) swapBytes(bytes, values.BYTES_PER_ELEMENT);
  return bytes;
}

/**
 * Adds nodes to a graph, or to the part of one whose names begin with a prefix. A value has the name of the node that it comes
 * from, and is of no use before.
 */
export class GraphBuilder {
  private readonly prefix: string;
  private readonly nodes: OnnxNode[];
  /** Of the whole graph: what is inside a node's graph sees them too. */
  private readonly initializers: Map<string, OnnxTensor>;

  constructor(prefix = "", nodes: OnnxNode[] = [], initializers = new Map<string, OnnxTensor>()) {
    this.prefix = prefix;
    this.nodes = nodes;
    this.initializers = initializers;
  }

  /** Returns a builder of a part of the same graph. */
  part(name: string): GraphBuilder {
    return new GraphBuilder(`${this.prefix}${name}/`, this.nodes, this.initializers);
  }

  /** Returns a builder of a graph inside a node of this one. */
  inner(name: string): GraphBuilder {
    return new GraphBuilder(`${this.prefix}${name}/`, [], this.initializers);
  }

  /** Returns the name, as it is in the graph, of a value of this part. */
  name(value: string): string {
    return this.prefix + value;
  }

  /** Adds a node of one output, and returns the output's name. */
  add(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.addSeveral(op, name, inputs, [name], attributes)[0];
  }

  /** Adds a node, and returns the names of its outputs; "" stands for an input that is left out. */
  addSeveral(
    op: string,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Attributes = {},
  ): string[] {
    const named = outputs.map((output) => this.name(output));
    this.nodes.push({
      name: this.name(name),
      op,
      domain: "",
      inputs,
      outputs: named,
      attributes: new Map(Object.entries(attributes)),
    });
    return named;
  }

  /** Returns the name of a tensor of float32 numbers, which are read when the file is written. */
  tensor(name: string, dims: readonly number[], read: () => Float32Array): string {
    return this.initialize({
      name,
      dataType: DATA_TYPES.FLOAT,
      dims,
      get raw() {
        return bytesOf(read());
      },
    });
  }

  /** Returns the name of a constant; a number stands for a tensor without dimensions. */
  floats(name: string, values: number | readonly number[]): string {
    const list = [values].flat();
    return this.tensor(name, typeof values === "number" ? [] : [list.length], () => Float32Array.from(list));
  }

  /** Returns the name of a constant of int64; a number stands for a tensor without dimensions. */
  integers(name: string, values: number | readonly number[]): string {
    const numbers = BigInt64Array.from([values].flat(), BigInt);
    const dims = typeof values === "number" ? [] : [numbers.length];
    return this.initialize({ name, dataType: DATA_TYPES.INT64, dims, raw: bytesOf(numbers) });
  }

  private initialize(tensor: OnnxTensor): string {
    if (!this.initializers.has(tensor.name)) this.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /** Gives a value of the whole graph another name. */
  rename(from: string, to: string): void {
    const renamed = (names: readonly string[]) => names.map((name) => (name === from ? to : name));
    this.nodes.forEach((node, i) => {
      this.nodes[i] = { ...node, inputs: renamed(node.inputs), outputs: renamed(node.outputs) };
    });
  }

  /** Returns the graph inside a node, whose tensors are the outer graph's. */
  innerGraph(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    return { name: this.prefix.slice(0, -1), nodes: this.nodes, initializers: [], inputs, outputs };
  }

  wholeGraph(name: string, inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): OnnxGraph {
    return { name, nodes: this.nodes, initializers: [...this.initializers.values()], inputs, outputs };
  }
}
