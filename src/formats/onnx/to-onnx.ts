/** Stores a network as an ONNX model, which runtimes of other languages read. */

import { requireBoolean, requireChoice, requireOptions } from "../../errors.js";
import { cells } from "../../network/cells/by-name.js";
import { requireNetwork, type RecurrentNetwork } from "../../network/network.js";
import { directionsOf, outputWidth } from "../../network/sizes.js";
import type { CompleteOptions, Network } from "../../network/types.js";
import { encodeModel } from "./encode.js";
import { floatValue, GraphBuilder, integer } from "./graph-builder.js";
import {
  parameterTensor,
  transposedTensor,
  type LayerKind,
  type LayerNodes,
  type LayerPlan,
  type LayerStates,
} from "./graph-layer.js";
import { DATA_TYPES, type OnnxGraph, type OnnxModel, type OnnxValue } from "./messages.js";
import { operatorLayer } from "./operator-layer.js";
import { scanCells } from "./scan-cells.js";
import { scanLayer } from "./scan-layer.js";

export interface ToOnnxOptions {
  /** Default false: the outputs are the network's own, logits of a classifier; true: probabilities, a softmax over the last axis. */
  softmax?: boolean;
  /** What `input` takes; default "tokens" of a network with an embedding, which takes nothing else, and else "values". */
  input?: "tokens" | "values";
}

/** The operators' version and, of the same release of ONNX, that of the file. */
const OPSET = 14;
const IR_VERSION = 7;

function layerKind({ cell, layerNorm, bidirectional }: CompleteOptions): LayerKind {
  const D = bidirectional ? 2 : 1;
  const scanned = scanCells[layerNorm ? "normalized" : "plain"][cell];
  const kind = scanned === undefined ? operatorLayer(cell, D) : scanLayer(scanned, D);
  if (kind === undefined) throw new Error(`no nodes are known for cell "${cell}"`);
  return kind;
}

/** Adds what divides a state of all layers on its first axis, and returns the values, in order. */
function divideState(graph: GraphBuilder, name: string, count: number): string[] {
  if (count === 1) return [name];
  const parts = Array.from({ length: count }, (_, i) => `${name}/${i}`);
  return graph.addSeveral("Split", name, [name], parts, { axis: integer(0) });
}

/** Adds what joins the final states of all layers to one value of the given name. */
function joinState(graph: GraphBuilder, name: string, parts: readonly string[]): void {
  if (parts.length === 1) graph.rename(parts[0], name);
  else graph.add("Concat", name, parts, { axis: integer(0) });
}

/** Adds the layers, and returns the last one's nodes. */
function addLayers(
  graph: GraphBuilder,
  { options, model: { parameters } }: RecurrentNetwork,
  input: LayerPlan["input"],
): LayerNodes[] {
  const kind = layerKind(options);
  const D = directionsOf(options);
  const { layers, hiddenSize: H, cell } = options;
  const divided = (name: string) => divideState(graph, name, layers * kind.stateCount);
  const [h0, c0] = [divided("h0"), cells[cell].hasCellState ? divided("c0") : []];
  const made: LayerNodes[] = [];
  for (let layer = 0, read = input; layer < layers; layer++) {
    const below = made.at(-1);
    if (below !== undefined) read = { name: below.joinStates(), width: D * H, tokens: false };
    const own = (states: readonly string[]) =>
      states.slice(layer * kind.stateCount, (layer + 1) * kind.stateCount);
    const initial: LayerStates = { h: own(h0), c: own(c0) };
    made.push(kind.add({ graph, options, parameters, layer, input: read, initial }));
  }
  return made;
}

/** Adds the head, if there is one, and the softmax; returns the outputs' value. */
function addOutputs(
  graph: GraphBuilder,
  network: RecurrentNetwork,
  hidden: string,
  softmax: boolean,
): string {
  const { options, model } = network;
  const { parameters } = model;
  let outputs = hidden;
  if (options.outputSize > 0) {
    const weight = transposedTensor(graph, parameters, "head.weight");
    const product = graph.add("MatMul", "head/product", [hidden, weight]);
    outputs = graph.add("Add", "head", [product, parameterTensor(graph, parameters, "head.bias")]);
  }
  return softmax ? graph.add("Softmax", "softmax", [outputs], { axis: integer(-1) }) : outputs;
}

/** Adds what turns tokens into vectors, if the network has an embedding; returns what the first layer reads. */
function addInput(graph: GraphBuilder, network: RecurrentNetwork, tokens: boolean): LayerPlan["input"] {
  const { options, model } = network;
  const { inputSize: I, embeddingSize: E } = options;
  if (E === 0) return { name: "input", width: I, tokens };
  const rows = parameterTensor(graph, model.parameters, "embedding.weight");
  const name = graph.add("Gather", "embedding", [rows, "input"], { axis: integer(0) });
  return { name, width: E, tokens: false };
}

function buildGraph(network: RecurrentNetwork, tokens: boolean, softmax: boolean): OnnxGraph {
  const { options } = network;
  const { inputSize: I, hiddenSize: H, layers } = options;
  const graph = new GraphBuilder();
  const made = addLayers(graph, network, addInput(graph, network, tokens));
  const perSequence = options.output === "sequence";
  const [top] = made.slice(-1);
  const hidden = perSequence ? top.joinFinalStates() : top.joinStates();
  graph.rename(addOutputs(graph, network, hidden, softmax), "output");
  const states = (["h", "c"] as const).filter((state) => top.final[state].length > 0);
  for (const state of states)
    joinState(
      graph,
      `${state}n`,
      made.flatMap(({ final }) => final[state]),
    );
  const stateValue = (name: string) => floatValue(name, layers * directionsOf(options), "B", H);
  const input: OnnxValue = tokens
    ? { name: "input", dataType: DATA_TYPES.INT64, dims: ["T", "B"] }
    : floatValue("input", "T", "B", I);
  return graph.wholeGraph(
    "network",
    [input, ...states.map((state) => stateValue(`${state}0`))],
    [
      floatValue("output", ...(perSequence ? [] : ["T"]), "B", outputWidth(options)),
      ...states.map((state) => stateValue(`${state}n`)),
    ],
  );
}

function requireInput(given: unknown, { embeddingSize }: CompleteOptions): "tokens" | "values" {
  if (given === undefined) return embeddingSize > 0 ? "tokens" : "values";
  const input = requireChoice("options.input", given, ["tokens", "values"]);
  if (input === "values" && embeddingSize > 0) {
    throw new RangeError(
      `"options.input" expected "tokens", which the network's embedding is for, got "values"`,
    );
  }
  return input;
}

/**
 * Returns the network as an ONNX model (opset 14, IR version 7, producer "bptt"), which ONNX Runtime and others run. T and B are
 * known at run time alone. Inputs, all of which have to be given:
 *
 * - `input`: values, [T, B, I], float32, or tokens, [T, B], int64, of which those of a network without an embedding stand for
 *   one-hot rows;
 * - `h0` and, of an LSTM, `c0`: the initial state as in `State`, [L*D, B, H]. ONNX has no default of a size that is not known;
 *   zeros begin a sequence.
 *
 * Outputs:
 *
 * - `output`: as of `forward`, [T, B, O], or [B, O] with one output a sequence; without a head, the top layer's states;
 * - `hn` and `cn`: the final state, [L*D, B, H]. Given back as `h0` and `c0` with the next steps, T = 1 or more, they go on with
 *   a stream.
 *
 * Values are those of `forward` but for rounding, parameters the network's own bit for bit. Cells that ONNX has an operator of
 * are one of RNN, GRU and LSTM a layer; minGRU, minLSTM and layer normalisation a Scan a direction. Dropout, which only training
 * has, and a sequence's `lengths` and `resets` are not in the graph: all sequences of a batch have T steps.
 *
 * Throws a TypeError or RangeError for anything else than a network of createNetwork and such options; a RangeError for a file of
 * more than 2 GiB, which protobuf does not allow; a DisposedError; and an OutOfMemoryError when there is no room.
 */
export function toOnnx(network: Network, options: ToOnnxOptions = {}): Uint8Array {
  const own = requireNetwork(network);
  const { softmax = false, input: givenInput } = requireOptions("options", options, ["softmax", "input"]);
  requireBoolean("options.softmax", softmax);
  const tokens = requireInput(givenInput, own.options) === "tokens";
  const model: OnnxModel = {
    irVersion: IR_VERSION,
    producer: "bptt",
    opsets: new Map([["", OPSET]]),
    graph: buildGraph(own, tokens, softmax),
  };
  return encodeModel(model);
}
