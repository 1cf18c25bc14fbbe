/** What stands in the files of toOnnx, as another decoder reads them. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DisposedError } from "../../../src/errors.js";
import { DATA_TYPES, type OnnxGraph, type OnnxModel } from "../../../src/formats/onnx/messages.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { cells } from "../../../src/network/cells/by-name.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { directionsOf, outputWidth } from "../../../src/network/sizes.js";
import type { Network, NetworkOptions } from "../../../src/network/types.js";
import { invoke, noBooleans, noObjects } from "../../network/untyped.js";
import { drawnExport, networkOf } from "./drawn-networks.js";
import { decodeWithOracle } from "./oracle-model.js";

/** Tensors that are no parameters. */
const CONSTANTS = ["epsilon", "least_sum", "off_and_on"];

/** What the graph of a node sees of those around it, and all names that were given. */
interface Names {
  readonly visible: ReadonlySet<string>;
  readonly given: Set<string>;
}

/** Throws unless every node reads what came before it, and every name is given once. */
function requireOrder(graph: OnnxGraph, { visible: outer, given }: Names): void {
  const visible = new Set(outer);
  const give = (name: string): void => {
    if (name === "" || given.has(name)) throw new Error(`the name "${name}" is given twice`);
    given.add(name);
    visible.add(name);
  };
  for (const { name } of [...graph.inputs, ...graph.initializers]) give(name);
  for (const { name, inputs, outputs, attributes } of graph.nodes) {
    for (const input of inputs) {
      if (input !== "" && !visible.has(input)) throw new Error(`${name} reads ${input}, which comes later`);
    }
    for (const { type, value } of attributes.values()) {
      if (type === "GRAPH") requireOrder(value, { visible, given });
    }
    outputs.forEach(give);
  }
  const outputs = graph.outputs.map(({ name }) => name);
  if (new Set(outputs).size < outputs.length) throw new Error(`an output is named twice: ${outputs.join()}`);
  for (const name of outputs) if (!visible.has(name)) throw new Error(`nothing gives ${name}`);
}

/** The bits of numbers, in order of size. */
function sortedBits(arrays: readonly Uint8Array[]): Uint32Array {
  const bytes = Uint8Array.from(arrays.flatMap((array) => [...array]));
  return new Uint32Array(bytes.buffer).sort();
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function operatorsIn({ graph }: OnnxModel): string[] {
  return [...new Set(graph.nodes.map(({ op }) => op))];
}

describe("toOnnx", () => {
  it("writes the parameters bit for bit, whatever they are, and hardly more", () => {
    fc.assert(
      fc.property(drawnExport, fc.nat(), ({ options, exported }, pick) => {
        using network = networkOf(options);
        const { parameters } = network;
        const odd = parameters[pick % parameters.length];
        odd.write(odd.read().map((value, i) => [NaN, Infinity, -0, 1e-45, value][(i + pick) % 5]));
        const file = toOnnx(network, exported);
        const { initializers } = decodeWithOracle(file).graph;
        const tensors = initializers.filter(({ name }) => !CONSTANTS.includes(name));
        const floats = tensors.filter(({ dataType }) => dataType === DATA_TYPES.FLOAT);
        const values = parameters.map((parameter) => parameter.read());
        expect(sortedBits(floats.map(({ raw }) => raw))).toEqual(sortedBits(values.map(bytesOf)));
        for (const { name, dims, raw } of floats) {
          const parameter = parameters.find((one) => one.name === name);
          if (parameter === undefined) continue;
          expect(dims, name).toEqual(parameter.shape);
          expect(raw, name).toEqual(bytesOf(parameter.read()));
        }
        const bytes = values.reduce((sum, { byteLength }) => sum + byteLength, 0);
        expect(file.length - bytes).toBeLessThan(12_000 * (network.options.layers + 1));
      }),
    );
  });

  it("writes graphs whose nodes stand in order, with every name given once", () => {
    fc.assert(
      fc.property(drawnExport, ({ options, exported }) => {
        using network = networkOf(options);
        const { graph } = decodeWithOracle(toOnnx(network, exported));
        requireOrder(graph, { visible: new Set(), given: new Set() });
      }),
    );
  });

  it("says what goes in and comes out, with T and B open", () => {
    fc.assert(
      fc.property(drawnExport, ({ options, exported, kind }) => {
        using network = networkOf(options);
        const complete = network.options;
        const model = decodeWithOracle(toOnnx(network, exported));
        const { FLOAT: dataType, INT64 } = DATA_TYPES;
        const states = [complete.layers * directionsOf(complete), "B", complete.hiddenSize];
        const both = (end: string) =>
          (cells[complete.cell].hasCellState ? ["h", "c"] : ["h"]).map((state) => ({
            ...{ name: `${state}${end}`, dataType, dims: states },
          }));
        const rows = complete.output === "sequence" ? ["B"] : ["T", "B"];
        expect(model).toMatchObject({ irVersion: 7, producer: "bptt", opsets: new Map([["", 14]]) });
        expect(model.graph.inputs).toEqual([
          kind === "tokens"
            ? { name: "input", dataType: INT64, dims: ["T", "B"] }
            : { name: "input", dataType, dims: ["T", "B", complete.inputSize] },
          ...both("0"),
        ]);
        expect(model.graph.outputs).toEqual([
          { name: "output", dataType, dims: [...rows, outputWidth(complete)] },
          ...both("n"),
        ]);
      }),
    );
  });

  it.each<[NetworkOptions["cell"], boolean, string]>([
    ["elman", false, "RNN"],
    ["elman-relu", false, "RNN"],
    ["gru", false, "GRU"],
    ["lstm", false, "LSTM"],
    ["elman", true, "Scan"],
    ["elman-relu", true, "Scan"],
    ["gru", true, "Scan"],
    ["lstm", true, "Scan"],
    ["mingru", false, "Scan"],
    ["minlstm", false, "Scan"],
  ])("makes layers of %s, layer normalisation %s, of %s, named by layer", (cell, layerNorm, op) => {
    const sizes = { inputSize: 2, hiddenSize: 3, outputSize: 2, layers: 2 };
    using network = createNetwork({ ...sizes, cell, layerNorm });
    const model = decodeWithOracle(toOnnx(network));
    const recurrent = ["RNN", "GRU", "LSTM", "Scan"];
    const found = model.graph.nodes.filter((node) => recurrent.includes(node.op));
    expect(found.map(({ name, op: made }) => [name, made])).toEqual([
      ["rnn_l0", op],
      ["rnn_l1", op],
    ]);
    expect(found[0].attributes.get("layout")).toBeUndefined(); // its default, 0
    if (op === "GRU")
      expect(found[0].attributes.get("linear_before_reset")).toEqual({ type: "INT", value: 1 });
  });

  it("gathers an embedding's rows, and makes one-hot rows of tokens without one", () => {
    const sizes = { inputSize: 5, hiddenSize: 3, outputSize: 2 };
    const operators = (options: NetworkOptions, input?: "tokens" | "values"): string[] => {
      using network = createNetwork(options);
      return operatorsIn(decodeWithOracle(toOnnx(network, { input })));
    };
    expect(operators({ ...sizes, embeddingSize: 2 })).toEqual(
      operators({ ...sizes, embeddingSize: 2 }, "tokens"),
    );
    expect(operators({ ...sizes, embeddingSize: 2 })).toContain("Gather");
    expect(operators(sizes)).toEqual(operators(sizes, "values"));
    expect(operators(sizes, "tokens")).toContain("OneHot");
    // A row of the transposed weight is the one-hot row's product.
    expect(operators({ ...sizes, cell: "mingru" }, "tokens")).toContain("Gather");
  });

  it("leaves the network as it was: parameters, gradients and tape", () => {
    using network = createNetwork({
      inputSize: 2,
      hiddenSize: 3,
      outputSize: 2,
      cell: "lstm",
      layerNorm: true,
    });
    network.forward({ steps: 1, batch: 1, tokens: Int32Array.of(1) });
    const before = network.parameters.map((parameter) => parameter.read());
    expect(toOnnx(network)).toEqual(toOnnx(network));
    expect(network.parameters.map((parameter) => parameter.read())).toEqual(before);
    expect(network.backward({ classes: Int32Array.of(0) }).count).toBe(1);
  });
});

describe("toOnnx refuses", () => {
  const sizes = { inputSize: 2, hiddenSize: 3, outputSize: 2 };
  const call = (network: Network, ...options: unknown[]): unknown =>
    invoke({ toOnnx }, "toOnnx", network, ...options);

  it("what is no network", () => {
    for (const network of [...noObjects, {}, undefined]) {
      expect(() => invoke({ toOnnx }, "toOnnx", network)).toThrow(
        /^"network" expected a network made by createNetwork, got /,
      );
    }
  });

  it("a network that was disposed of", () => {
    const network = createNetwork(sizes);
    network.dispose();
    expect(() => toOnnx(network)).toThrow(DisposedError);
  });

  it("options that are none", () => {
    using network = createNetwork(sizes);
    for (const options of noObjects) {
      expect(() => call(network, options)).toThrow(/^"options" expected an object, got /);
    }
    expect(() => call(network, { soft: true })).toThrow(
      `"options" expected softmax or input, got "soft": did you mean "softmax"?`,
    );
    for (const softmax of noBooleans) {
      expect(() => call(network, { softmax })).toThrow(/^"options\.softmax" expected true or false, got /);
    }
    for (const input of ["token", "", null, 1, {}]) {
      expect(() => call(network, { input })).toThrow(/^"options\.input" expected "tokens" or "values", got /);
    }
  });

  it("values for an embedding, as forward does", () => {
    using network = createNetwork({ ...sizes, embeddingSize: 2 });
    const refusal = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return error;
      }
    };
    const error = refusal(() => toOnnx(network, { input: "values" }));
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toMatch(
      /"options\.input" expected "tokens", which the network's embedding is for, got "values"$/,
    );
    expect(
      refusal(() => network.forward({ steps: 1, batch: 1, values: new Float32Array(2) })),
    ).toBeInstanceOf(RangeError);
  });
});
