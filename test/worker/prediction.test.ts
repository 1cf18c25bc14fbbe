/** Whole sequences and forecasts of every kind of network are in a worker what they are without one. */

import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createNetwork, forecast, predict, predictClasses, type NetworkOptions } from "../../src/index.js";
import { Random } from "../../src/random.js";
import type { NetworkWorker } from "../../src/worker/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { normals } from "../network/drawn.js";
import { kinds } from "../network/kinds.js";

let worker: NetworkWorker;
beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.terminate());

it.each(kinds)("predict and predictClasses: $name", async ({ options, inputs }) => {
  using local = createNetwork(options);
  using remote = await worker.createNetwork(options);
  const { inputSize: I } = options;
  const cases = fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 7 }),
    batch: fc.integer({ min: 1, max: 8 }),
    kind: fc.constantFrom(...inputs),
    activation: fc.constantFrom("none", "softmax", "sigmoid"),
    topK: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ lengths, batch, kind, activation, topK, seed }) => {
      const random = new Random(seed);
      // Parts of larger arrays, which stay as they are.
      const items = lengths.map((steps) =>
        kind === "tokens"
          ? { tokens: new Uint16Array(steps + 9).map(() => random.integer(I)).subarray(4, 4 + steps) }
          : { steps, values: normals(random, steps * I + 9).subarray(4, 4 + steps * I) },
      );
      const expected = predict(local, items, { batch, activation });
      expect(await remote.predict(items, { batch, activation })).toEqual(expected);
      expect(await remote.predictClasses(items, { batch, topK })).toEqual(
        predictClasses(local, items, { batch, topK }),
      );
      expect(predict(local, items, { batch, activation })).toEqual(expected);
    }),
    { numRuns: 8 },
  );
});

it.each<[string, Partial<NetworkOptions>, { window?: number; levels?: number[] }]>([
  ["of a network", {}, {}],
  ["by windows", { cell: "gru" }, { window: 3 }],
  ["of one output a sequence", { output: "sequence", bidirectional: true }, {}],
  ["of quantiles", { outputSize: 6 }, { levels: [0.1, 0.6, 0.9] }],
  ["of quantiles, by windows", { outputSize: 4, output: "sequence" }, { levels: [0.1, 0.9], window: 4 }],
])("forecast %s", async (_, given, how) => {
  const options = { inputSize: 2, hiddenSize: 5, outputSize: 2, cell: "lstm", seed: 3, ...given } as const;
  using local = createNetwork(options);
  using remote = await worker.createNetwork(options);
  const history = normals(new Random(2), 14);
  const expected = forecast(local, history, { steps: 5, ...how });
  expect(expected.values).toHaveLength(10);
  expect(await remote.forecast(history, { steps: 5, ...how })).toEqual(expected);
  expect(history).toEqual(normals(new Random(2), 14));
});

it("forecast of a session leaves it behind the history", async () => {
  const options = { inputSize: 2, hiddenSize: 5, outputSize: 4, cell: "lstm", seed: 3 } as const;
  using local = createNetwork(options);
  using remote = await worker.createNetwork(options);
  const [here, there] = [local.session(), await remote.session()];
  const levels = [0.25, 0.5];
  for (let i = 0; i < 3; i++) {
    const history = normals(new Random(i), 2 * (1 + i));
    const expected = forecast(here, history, { steps: 4, levels });
    expect(await there.forecast(history, { steps: 4, levels })).toEqual(expected);
    expect(await there.readState()).toEqual(here.state);
  }
});
