import { FormatError } from "../../errors.js";
import { RecurrentNetwork } from "../../network/network.js";
import { requireRuntime } from "../../network/options.js";
import { parameterShapes } from "../../network/parameters/plan.js";
import type { Network, RuntimeOptions } from "../../network/types.js";
import { requireBytes } from "../plain-bytes.js";
import { Walk } from "./call.js";
import { countOf } from "./constants.js";
import { decodeModel } from "./decode.js";
import { graphParameters, requireCarried } from "./graph-parameters.js";
import { readGraphNetwork, type GraphNetwork } from "./read-network.js";
import { walkGraph } from "./walk.js";

function readModel(file: Uint8Array): GraphNetwork {
  const { graph, opsets } = decodeModel(file);
  const opset = opsets.get("") ?? opsets.get("ai.onnx");
  if (opset === undefined)
    throw new FormatError("ONNX file: expected a version of ONNX's operators, got none");
  const walk = new Walk(opset, file.length);
  return readGraphNetwork(walk, graph, walkGraph(walk, graph));
}

/**
 * Makes a network of an ONNX model of one: what PyTorch's and tf2onnx's exporters write for an embedding or one-hot tokens, if any, RNN,
 * GRU or LSTM layers of one size, and a linear head, if any; and what `toOnnx` writes, `Scan` excepted.
 *
 * Inputs and outputs of the network are time-major, whichever axis the graph has first. A head on the final states of the top layer,
 * or on the last step of one direction, gives a network with `output: "sequence"`. A softmax at the end is left to `softmax()`, a
 * dropout and the inputs for initial states and lengths to the calls of the network. Weights may be float32, float64 (rounded),
 * float16 and bfloat16; biases that are missing are zeros. Of several outputs, the first that leads to a head counts, or else to
 * states; the others must be states of the same layers.
 *
 * `runtime`: the build, and a pool of threads to run on, as of `createNetwork`.
 *
 * Throws a TypeError for bytes that are no Uint8Array; a FormatError, before memory for the network is taken, for what is no ONNX
 * model or no such network, which names the node and its operator: a GRU with the reset gate before the product (TensorFlow's
 * without `reset_after`), activations other than the usual ones (TensorFlow.js' hard sigmoid), peepholes, `clip`, a reverse direction
 * alone, constant initial states that are not 0, …; a TypeError or RangeError for a wrong `runtime`; an OutOfMemoryError when there
 * is no room.
 */
export function fromOnnx(bytes: Uint8Array, runtime?: RuntimeOptions): Network {
  const file = requireBytes(bytes);
  const graphNetwork = readModel(file);
  const { options } = graphNetwork;
  requireCarried([...parameterShapes(options).values()].map(countOf), file.length);
  const readers = graphParameters(graphNetwork);
  const network = new RecurrentNetwork(requireRuntime(runtime), options);
  try {
    const { parameters } = network.model;
    for (const place of parameters.places) {
      const read = readers.get(place.name);
      if (read !== undefined) parameters.writeValue(place, read());
    }
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network;
}
