/** What is in a file of another program of which no network can be made as it is. */

import { decodeModel } from "../../formats/onnx/decode.js";
import { DATA_TYPES, type OnnxValue } from "../../formats/onnx/messages.js";
import { FormatError, readSafetensors } from "../../index.js";
import type { Failure } from "../failure.js";
import type { ModelOrigin } from "./read-model.js";

/** A file's parts, each with what is known of it. */
export interface ForeignContents {
  readonly file: string;
  readonly bytes: number;
  readonly origin: ModelOrigin;
  /** Why no network can be made of it as it is. */
  readonly problem: string;
  readonly contents: readonly (readonly [name: string, about: string])[];
}

function describeValue({ name, dataType, dims }: OnnxValue): [string, string] {
  const type = Object.entries(DATA_TYPES).find(([, number]) => number === dataType)?.[0] ?? "?";
  return [name, `${type} [${dims?.map((size) => (size === "" ? "?" : size)).join(", ") ?? "?"}]`];
}

/** Returns a graph's inputs, outputs, and how many nodes it has of each operator. */
function graphContents(bytes: Uint8Array): [string, string][] {
  const { producer, opsets, graph } = decodeModel(bytes);
  const weights = new Set(graph.initializers.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const { op } of graph.nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [
    ["producer", producer],
    ["operators", [...opsets].map(([domain, version]) => `${domain || "ai.onnx"} ${version}`).join(", ")],
    ["nodes", [...counts].map(([op, count]) => `${count} ${op}`).join(", ")],
    ...graph.inputs
      .filter(({ name }) => !weights.has(name))
      .map(describeValue)
      .map(([name, about]): [string, string] => [`input ${name}`, about]),
    ...graph.outputs.map(describeValue).map(([name, about]): [string, string] => [`output ${name}`, about]),
  ];
}

function tensorContents(bytes: Uint8Array): [string, string][] {
  return [...readSafetensors(bytes).tensors].map(([name, { dtype, shape }]) => [
    name,
    `${dtype} [${shape.join(", ")}]`,
  ]);
}

/** Returns what is in the file. Throws the failure itself where the file is broken, and so has nothing in it. */
export function foreignContents(
  file: string,
  bytes: Uint8Array,
  origin: Exclude<ModelOrigin, "bptt">,
  failure: Failure,
): ForeignContents {
  try {
    const contents = origin === "ONNX" ? graphContents(bytes) : tensorContents(bytes);
    const problem = failure.message.replace(`${file} cannot be read as a model of ${origin}: `, "");
    return { file, bytes: bytes.length, origin, problem, contents };
  } catch (error) {
    if (error instanceof FormatError) throw failure;
    throw error;
  }
}
