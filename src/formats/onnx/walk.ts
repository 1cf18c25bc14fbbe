/** Walks a graph from its inputs to its outputs, over what the outputs need. */

import { FormatError } from "../../errors.js";
import { Call, quote, type Walk } from "./call.js";
import { constantOf } from "./constants.js";
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from "./messages.js";
import { operators } from "./operators.js";
import type { Flow, Value } from "./values.js";

/** Where a value comes from. */
type Source = OnnxNode | undefined;

/** Returns the nodes that give each value; a FormatError where two do. */
function findSources(graph: OnnxGraph): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === "") continue;
      if (sources.has(output))
        throw new FormatError(`ONNX graph: expected every value once, got ${quote(output)} twice`);
      sources.set(output, node);
    }
  }
  return sources;
}

/** Returns the nodes that the outputs need. */
function findNeeded(graph: OnnxGraph): Set<OnnxNode> {
  const sources = findSources(graph);
  const needed = new Set<OnnxNode>();
  const open = graph.outputs.map(({ name }) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = sources.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) open.push(input);
  }
  return needed;
}

function inputFlow(walk: Walk, input: OnnxValue): Flow {
  // One whose shape is not said has a sequence's: tokens, or numbers.
  const dims = input.dims ?? ["T", "B", ...(isInteger(input) ? [] : ["I"])];
  const axes = dims.map((size) => walk.axis(typeof size === "number" && size > 0 ? size : undefined));
  const flow: Flow = { kind: "flow", content: { of: "input", input }, axes, stack: [], feature: [] };
  walk.keepValue(flow);
  return flow;
}

const FLOATING = new Set([1, 10, 11, 16]);

function isInteger({ dataType }: OnnxValue): boolean {
  return !FLOATING.has(dataType);
}

function tensorValue(tensor: OnnxTensor): Value {
  const constant = constantOf(tensor);
  const label = `tensor ${quote(tensor.name)}`;
  const fail = (expected: string, came: string): never => {
    throw new FormatError(`ONNX ${label}: expected ${expected}, got ${came}`);
  };
  if (constant !== undefined) return { kind: "constant", constant };
  return {
    kind: "unknown",
    by: { label: `${label}, whose bytes are not those of its type and shape`, fail },
  };
}

/** Returns what is known of every value that the outputs need. Throws a FormatError for what no network can be. */
export function walkGraph(walk: Walk, graph: OnnxGraph): Map<string, Value> {
  const values = new Map<string, Value>();
  for (const input of graph.inputs) values.set(input.name, inputFlow(walk, input));
  // In files of ONNX's first versions they stand among the inputs too.
  for (const tensor of graph.initializers) values.set(tensor.name, tensorValue(tensor));
  values.delete(""); // which stands for an input that is left out
  const needed = findNeeded(graph);
  for (const node of graph.nodes) {
    if (!needed.has(node)) continue;
    const known = node.inputs.map((name) => values.get(name));
    const call = new Call(walk, node, known);
    const missing = node.inputs.find((name) => name !== "" && !values.has(name));
    if (missing !== undefined) call.fail("inputs that come before it", quote(missing));
    const own = node.domain === "" || node.domain === "ai.onnx";
    const operator = own ? operators.get(node.op) : undefined;
    const results = operator === undefined ? node.outputs.map(() => call.unknown()) : operator(call);
    for (const [i, output] of node.outputs.entries()) {
      const value: Value = i < results.length ? results[i] : { kind: "unknown", by: call };
      walk.keepValue(value);
      if (output !== "") values.set(output, value);
    }
  }
  return values;
}
