import { expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { Random } from "../../../src/random.js";
import { readers } from "../campaign/readers.js";

/** The campaign's tests read many more; here it counts where they fail. */
const COUNT = 3000;

it(`refuses changed ONNX models by the node that is wrong, of ${COUNT} every third`, () => {
  const reader = readers.find(({ name }) => name === "fromOnnx");
  if (reader === undefined) throw new Error("there is no such reader");
  const random = new Random(1);
  const counts = { read: 0, byNode: 0, otherwise: 0 };
  for (let i = 0; i < COUNT; i++) {
    try {
      reader.read(reader.change(random, reader.files));
      counts.read++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      if (error.message.startsWith("ONNX node")) counts.byNode++;
      else counts.otherwise++;
    }
  }
  expect(counts.read).toBeGreaterThan(COUNT / 10);
  expect(counts.byNode).toBeGreaterThan(COUNT / 6);
  expect(counts.otherwise).toBeGreaterThan(COUNT / 10);
});
