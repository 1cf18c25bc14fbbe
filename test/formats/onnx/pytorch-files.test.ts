/** What PyTorch exported gives PyTorch's numbers. `BPTT_PRINT=1` prints how near. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { outputWidth } from "../../../src/network/sizes.js";
import { softmax } from "../../../src/network/softmax.js";
import { Json } from "../../fixtures/json.js";

/** What the project promises; float32 comes to some 1e-7. */
const TOLERANCE = 5e-5;

const folder = join(import.meta.dirname, "../../fixtures/onnx");
const cases = Json.parse(readFileSync(join(folder, "onnx-cases.json"), "utf8"), "onnx-cases.json").list();

const printed: string[] = [];
afterAll(() => {
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

function numbers(json: Json): number[] {
  return json.list().map((item) => item.number());
}

describe("fromOnnx of PyTorch's files", () => {
  it("has a case for each file", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".onnx"));
    expect(cases.map((one) => `${one.get("name").string()}.onnx`).sort()).toEqual(files.sort());
    expect(files.length).toBeGreaterThanOrEqual(12);
  });

  it.each(cases.map((one) => [one.get("name").string(), one] as const))(
    "gives PyTorch's outputs: %s",
    (name, one) => {
      using network = fromOnnx(readFileSync(join(folder, `${name}.onnx`)));
      const { options } = network;
      expect(options).toMatchObject({
        cell: one.get("cell").string(),
        inputSize: one.get("inputSize").number(),
        hiddenSize: one.get("hiddenSize").number(),
        outputSize: one.get("outputSize").number(),
        output: one.get("last").boolean() ? "sequence" : "step",
      });
      const [steps, batch] = [one.get("steps").number(), one.get("batch").number()];
      const tokens = one.find("tokens");
      const { outputs } = network.forward({
        steps,
        batch,
        ...(tokens === undefined
          ? { values: Float32Array.from(numbers(one.get("values"))) }
          : { tokens: Int32Array.from(numbers(tokens)) }),
      });
      const given = one.get("softmax").boolean() ? softmax(outputs, outputWidth(options)) : outputs;
      const expected = numbers(one.get("outputs"));
      expect(given).toHaveLength(expected.length);
      const worst = Math.max(...expected.map((value, i) => Math.abs(given[i] - value)));
      expect(worst).toBeLessThanOrEqual(TOLERANCE);
      printed.push(`${name}: greatest difference ${worst.toExponential(1)}`);
    },
  );
});
