/** What a layer of a network becomes in a graph of ONNX, whichever nodes it is made of. */

import type { Parameters } from "../../network/parameters/parameters.js";
import type { CompleteOptions } from "../../network/types.js";
import type { GraphBuilder } from "./graph-builder.js";

/** Names of the values that hold the states of a layer, one after another on their first axis: [1 or D, B, H] each. */
export interface LayerStates {
  readonly h: readonly string[];
  /** None of a cell without a cell state. */
  readonly c: readonly string[];
}

export interface LayerPlan {
  readonly graph: GraphBuilder;
  readonly options: CompleteOptions;
  readonly parameters: Parameters;
  readonly layer: number;
  /** What the layer reads: [T, B, width]; or tokens, [T, B], which stand for one-hot rows of that width. */
  readonly input: { readonly name: string; readonly width: number; readonly tokens: boolean };
  readonly initial: LayerStates;
}

export interface LayerNodes {
  readonly final: LayerStates;
  /** Adds what joins the directions' states, and returns its value: [T, B, D*H]. */
  joinStates(): string;
  /** Adds what joins the directions' final states, and returns its value: [B, D*H]. */
  joinFinalStates(): string;
}

/** Makes a layer out of nodes. */
export interface LayerKind {
  /** Into how many values a layer's states are divided. */
  readonly stateCount: number;
  add(plan: LayerPlan): LayerNodes;
}

/** Returns the name of a parameter's tensor, as it is. */
export function parameterTensor(graph: GraphBuilder, parameters: Parameters, name: string): string {
  const place = parameters.place(name);
  return graph.tensor(name, place.shape, () => parameters.readValue(place));
}

/** Returns the name of a weight's tensor, [rows, columns], turned to [columns, rows], which MatMul takes. */
export function transposedTensor(graph: GraphBuilder, parameters: Parameters, name: string): string {
  const place = parameters.place(name);
  const [rows, columns] = place.shape;
  return graph.tensor(`${name}_transposed`, [columns, rows], () => {
    const values = parameters.readValue(place);
    const turned = new Float32Array(values.length);
    for (let r = 0, from = 0; r < rows; r++) {
      for (let c = 0, to = r; c < columns; c++, to += rows) turned[to] = values[from++];
    }
    return turned;
  });
}

/** Returns one-hot rows, [T, B, width], of tokens, [T, B]. */
export function oneHotRows(graph: GraphBuilder, tokens: string, width: number): string {
  const depth = graph.integers("one_hot_width", width);
  const offAndOn = graph.floats("off_and_on", [0, 1]);
  return graph.add("OneHot", "one_hot", [tokens, depth, offAndOn]);
}
