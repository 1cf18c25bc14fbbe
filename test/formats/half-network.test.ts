/** Networks saved in half the size. */

import { describe, expect, it } from "vitest";
import { loadNetwork, readMetadata, saveNetwork } from "../../src/formats/network-file.js";
import { narrowToHalves, widenHalves } from "../../src/formats/half.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network } from "../../src/network/types.js";
import { kinds } from "../network/kinds.js";
import { invoke } from "../network/untyped.js";
import { entry, fileOf, partsOf } from "./files.js";

const small = { inputSize: 5, hiddenSize: 3, outputSize: 4, seed: 11 };

const valuesOf = (network: Network): Float32Array[] => network.parameters.map((one) => one.read());

/** The network's parameters, each the nearest F16. */
const rounded = (network: Network): Float32Array[] =>
  valuesOf(network).map((values) => widenHalves(narrowToHalves(values)));

describe("a network saved as F16", () => {
  it.each(kinds)("has the nearest F16 of every parameter, and stays so: $name", ({ options }) => {
    using network = createNetwork(options);
    const file = saveNetwork(network, { a: "b" }, { dtype: "F16" });
    const whole = saveNetwork(network, { a: "b" });
    expect(2 * partsOf(file).data.length).toBe(partsOf(whole).data.length);
    expect(readMetadata(file)).toEqual({ a: "b" });
    using loaded = loadNetwork(file);
    expect(loaded.options).toStrictEqual(network.options);
    expect(valuesOf(loaded)).toEqual(rounded(network));
    expect(valuesOf(loaded)).not.toEqual(valuesOf(network));
    expect(saveNetwork(loaded, { a: "b" }, { dtype: "F16" })).toEqual(file);
  });

  it("keeps what is no number, and the smallest ones", () => {
    using network = createNetwork(small);
    const odd = [NaN, Infinity, -Infinity, 2 ** -24, -(2 ** -24), -0, 2 ** -26, 65_519, -65_519];
    for (const one of network.parameters) one.write(one.read().map((_, i) => odd[i % odd.length]));
    using loaded = loadNetwork(saveNetwork(network, {}, { dtype: "F16" }));
    expect([...loaded.parameters[0].read().subarray(0, odd.length)]).toEqual([
      ...[NaN, Infinity, -Infinity, 2 ** -24, -(2 ** -24), -0, 0, 65_504, -65_504],
    ]);
  });

  it.each([65_520, -65_520, 1e30])("is refused where a parameter would become infinite: %f", (value) => {
    using network = createNetwork(small);
    const bias = network.parameter("head.bias");
    bias.write([0, 1, value, value]);
    const act = (): unknown => saveNetwork(network, {}, { dtype: "F16" });
    expect(act).toThrow(RangeError);
    expect(act).toThrow(
      new RegExp(
        `"options.dtype" expected "F32", got "F16": parameter "head.bias" has ${bias.read()[2]} at 2,`.replaceAll(
          "+",
          "\\+",
        ),
      ),
    );
    using loaded = loadNetwork(saveNetwork(network));
    expect(valuesOf(loaded)).toEqual(valuesOf(network));
  });

  it("is read tensor by tensor: F32 may stand beside it, and nothing else", () => {
    using network = createNetwork({ ...small, outputSize: 2 });
    const { header, data } = partsOf(saveNetwork(network, {}, { dtype: "F16" }));
    const bias = '"head.bias":{"dtype":"F16","shape":[2],"data_offsets":[72,76]}';
    expect(header).toContain(bias);
    const as = (dtype: string, bytes: readonly number[]): Uint8Array =>
      fileOf(
        header.replace(bias, `"head.bias":${entry(dtype, "[2]", `[72,${72 + bytes.length}]`)}`),
        Uint8Array.of(...data.subarray(0, 72), ...bytes),
      );
    using loaded = loadNetwork(as("F32", [0, 0, 128, 63, 0, 0, 0, 192]));
    expect([...loaded.parameter("head.bias").read()]).toEqual([1, -2]);
    expect(valuesOf(loaded).slice(0, -1)).toEqual(rounded(network).slice(0, -1));
    expect(() => loadNetwork(as("BF16", [0, 0, 0, 0]))).toThrow(
      /"head.bias" expected F32 or F16 \[2\], got BF16 \[2\]/,
    );
  });
});

describe("saveNetwork's options", () => {
  it("are F32 by default, bit for bit", () => {
    using network = createNetwork(small);
    const file = saveNetwork(network);
    for (const options of [undefined, {}, { dtype: undefined }, { dtype: "F32" }] as const)
      expect(saveNetwork(network, {}, options)).toEqual(file);
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["null", null, TypeError, /^"options" expected an object, got null$/],
    ["text", "F16", TypeError, /^"options" expected an object, got "F16"$/],
    ["a number", { dtype: 16 }, TypeError, /^"options.dtype" expected "F32" or "F16", got 16$/],
    ["another type", { dtype: "BF16" }, RangeError, /^"options.dtype" expected "F32" or "F16", got "BF16"$/],
    ["an unknown option", { type: "F16" }, TypeError, /^"options" expected dtype, got "type"/],
  ])("are refused when they are %s", (_, options, type, message) => {
    using network = createNetwork(small);
    const act = (): unknown => invoke({ saveNetwork }, "saveNetwork", network, {}, options);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
