import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeModel } from "../../../src/formats/onnx/encode.js";
import {
  DATA_TYPES,
  type OnnxGraph,
  type OnnxModel,
  type OnnxTensor,
} from "../../../src/formats/onnx/messages.js";
import { drawnModel } from "./drawn-models.js";
import { decodeWithOracle } from "./oracle-model.js";

/** A model of one tensor of so many float32 numbers. */
function modelWith(count: number, raw: () => Uint8Array): OnnxModel {
  const weight: OnnxTensor = {
    name: "weight",
    dataType: DATA_TYPES.FLOAT,
    dims: [count],
    get raw() {
      return raw();
    },
  };
  const graph: OnnxGraph = { name: "", nodes: [], initializers: [weight], inputs: [], outputs: [] };
  return { irVersion: 7, producer: "", opsets: new Map(), graph };
}

describe("encodeModel", () => {
  it("writes what another decoder reads as it was, of any model", () => {
    fc.assert(
      fc.property(drawnModel, (given) => {
        expect(decodeWithOracle(encodeModel(given))).toEqual(given);
      }),
      { numRuns: 1000 },
    );
  });

  it("writes a negative integer as its two's complement of 64 bits, in ten bytes", () => {
    const encoded = (irVersion: number) => [
      ...encodeModel({ ...modelWith(0, () => new Uint8Array(0)), irVersion }).subarray(0, 11),
    ];
    expect(encoded(-1)).toEqual([8, ...Array<number>(9).fill(255), 1]);
    expect(encoded(-(2 ** 53) + 1)).toEqual([8, 129, ...Array<number>(6).fill(128), 240, 255, 1]);
  });

  it("refuses a file of more than 2^31 − 1 bytes before it reads a tensor", () => {
    const most = 2 ** 31 - 1;
    let read = 0;
    const encode = (count: number) =>
      encodeModel(
        modelWith(count, () => {
          read++;
          return new Uint8Array(4);
        }),
      );
    expect(encode(1).length).toBeLessThan(60);
    expect(read).toBe(1);
    for (const count of [2 ** 29, 2 ** 40]) {
      expect(() => encode(count)).toThrow(
        new RegExp(
          `^"network" expected an ONNX file of at most ${most} bytes, protobuf's limit, got one of \\d+$`,
        ),
      );
      expect(() => encode(count)).toThrow(RangeError);
    }
    expect(read).toBe(1);
  });
});
