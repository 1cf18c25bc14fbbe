/** Finds the network that a graph is, by what is known of its outputs. */

import { FormatError } from "../../errors.js";
import { completeOptions } from "../../network/options.js";
import type { CompleteOptions } from "../../network/types.js";
import { quote, type Walk } from "./call.js";
import { layerOf } from "./directions.js";
import type { OnnxGraph } from "./messages.js";
import {
  describeValue,
  type Content,
  type Flow,
  type GraphInput,
  type Outputs,
  type Run,
  type Value,
  type Vectors,
} from "./values.js";

/** A network as a graph has it. */
export interface GraphNetwork {
  readonly options: CompleteOptions;
  readonly vectors: Vectors | undefined;
  /** The runs of each layer, the lowest first. */
  readonly layers: readonly (readonly Run[])[];
  readonly head: Outputs["head"];
}

/** What of a layer the graph gives, with a head or without. */
type Top = Pick<Outputs, "runs" | "part" | "head">;

/** Whether a flow's features stand as a network has them: one direction's behind the other's. */
function isOrdered({ axes, stack, feature }: Flow): boolean {
  const atoms = axes.flat();
  return stack.length === 0 || feature.length === 0 || atoms.indexOf(stack[0]) < atoms.indexOf(feature[0]);
}

/** Returns what an output says of the network; undefined for states that only accompany its outputs. */
function topOf(flow: Flow): Top | undefined {
  const { content } = flow;
  if (content.of === "outputs") return content;
  if (content.of !== "states" || !isOrdered(flow)) return undefined;
  const runs = layerOf(content.entries);
  const [{ part }] = content.entries;
  return typeof runs === "string" || part === "c" ? undefined : { runs, part, head: undefined };
}

/** Of the outputs, those of the head come before states after each step, and those before final states. */
function rankOf({ of: kind }: Content, { part }: Top): number {
  return kind === "outputs" ? 0 : part === "steps" ? 1 : 2;
}

interface NamedFlow {
  readonly name: string;
  readonly flow: Flow;
}

function outputFlows(graph: OnnxGraph, values: ReadonlyMap<string, Value>): NamedFlow[] {
  return graph.outputs.map(({ name }) => {
    const flow = values.get(name);
    if (flow?.kind !== "flow" || flow.content.of === "input" || flow.content.of === "vectors") {
      throw new FormatError(
        `ONNX output ${quote(name)}: expected outputs or states of a recurrent network, got ${describeValue(flow)}`,
      );
    }
    return { name, flow };
  });
}

/** Returns what the first of the outputs gives that leads to the head, or else to states. */
function chooseTop(flows: readonly NamedFlow[]): Top {
  let best: { rank: number; top: Top; name: string } | undefined;
  for (const { name, flow } of flows) {
    const top = topOf(flow);
    if (top === undefined) continue;
    const rank = rankOf(flow.content, top);
    if (best === undefined || rank < best.rank) best = { rank, top, name };
    else if (rank === 0 && (top.head !== best.top.head || top.part !== best.top.part)) {
      throw new FormatError(
        `ONNX output ${quote(name)}: expected one head, got another than that of ${quote(best.name)}`,
      );
    }
  }
  if (best !== undefined) return best.top;
  const came = flows.length === 0 ? "none" : describeValue(flows[0].flow);
  throw new FormatError(`ONNX graph: expected an output with all states of its top layer, got ${came}`);
}

/** Returns the layers, the lowest first, and what the lowest reads. */
function stackLayers(top: readonly Run[]): { layers: (readonly Run[])[]; input: GraphInput | Vectors } {
  const layers: (readonly Run[])[] = [];
  let runs = top;
  for (;;) {
    layers.push(runs);
    const [{ below }] = runs;
    if ("of" in below) return { layers: layers.reverse(), input: below };
    runs = below;
  }
}

/** Throws a FormatError unless all runs are of the layers, and alike. */
function requireAlike(walk: Walk, layers: readonly (readonly Run[])[], input: GraphInput | Vectors): void {
  const [[first]] = layers;
  const directions = layers[0].length;
  const used = new Set(layers.flat());
  for (const run of walk.runs) {
    if (!used.has(run)) run.origin.fail("a layer below those that give the outputs", "one beside them");
    if (run.states.includes(input.input.name))
      run.origin.fail("initial states from inputs of their own", `input ${quote(input.input.name)}`);
  }
  for (const runs of layers) {
    for (const { cell, hiddenSize, lengths, origin } of runs) {
      if (cell !== first.cell) origin.fail(`cell ${quote(first.cell)}, as in the lowest layer`, quote(cell));
      if (hiddenSize !== first.hiddenSize)
        origin.fail(`hidden_size ${first.hiddenSize}, as in the lowest layer`, String(hiddenSize));
      if (lengths !== first.lengths) origin.fail("the sequence_lens of the lowest layer", "others");
      if (runs.length !== directions)
        origin.fail(`layers of ${directions} directions, as the lowest`, String(runs.length));
    }
  }
}

/** Completes options; an error in them is a FormatError of the file. */
function completeGraphOptions(given: Parameters<typeof completeOptions>[0]): CompleteOptions {
  try {
    return completeOptions(given);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new FormatError(`ONNX graph: no network has these sizes: ${message}`, { cause: error });
  }
}

/** Returns the network that a walked graph is. Throws a FormatError where it is none. */
export function readGraphNetwork(
  walk: Walk,
  graph: OnnxGraph,
  values: ReadonlyMap<string, Value>,
): GraphNetwork {
  const { runs, part, head } = chooseTop(outputFlows(graph, values));
  const { layers, input } = stackLayers(runs);
  requireAlike(walk, layers, input);
  const [[{ cell, hiddenSize, width }]] = layers;
  const vectors = input.of === "vectors" ? input : undefined;
  const options = completeGraphOptions({
    cell,
    inputSize: vectors?.tokens ?? width,
    hiddenSize,
    outputSize: head === undefined ? 0 : head.weight.shape[1],
    layers: layers.length,
    bidirectional: runs.length === 2,
    output: part === "h" ? "sequence" : "step",
    embeddingSize: vectors?.embedding === undefined ? 0 : width,
  });
  return { options, vectors, layers, head };
}
