import { expect, it } from "vitest";
import { optimizerMemory, type Optimizer } from "../../src/optimize/optimizer.js";
import { optimizers } from "../../src/optimize/optimizers.js";
import { makersOf } from "../project/made-by.js";

it("the table has every function of the library that makes an optimizer, by its name", () => {
  const made = makersOf({ learningRate: 0.1 }, (one) => optimizerMemory(one as Optimizer) !== undefined);
  expect(made).toEqual({ ...optimizers });
});
