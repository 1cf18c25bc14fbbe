import { describe, expect, it } from "vitest";
import { epochsFor, networkFor } from "../../src/cli/text-defaults.js";
import { readTrainPlan, settle } from "../../src/cli/train-options.js";

const characters = 200_000;
const text = { characters, updates: 400 };

describe("a text's network", () => {
  it.each([
    ["2", { epochs: 4 }],
    ["1", { epochs: 3 }],
    ["2", { steps: 1400 }],
    ["1", { steps: 1399 }],
    ["2", { minutes: 0.7 }],
    ["1", { minutes: 0.69 }],
    ["1", { minutes: 5, epochs: 1 }],
    ["1", { minutes: 0.1, epochs: 100 }],
  ])("has %s layers up to %j", (layers, limit) => {
    expect(networkFor(limit, text).layers).toBe(layers);
  });

  it("is trained for five epochs, or 1500 updates where they are more", () => {
    expect(epochsFor(text)).toBe("5");
    expect(epochsFor({ characters, updates: 40 })).toBe("38");
  });
});

describe("what was typed", () => {
  const planOf = (given: Readonly<Record<string, string>>) =>
    readTrainPlan(settle({ operands: ["text.txt"], given }, text));

  it("is completed by the text", () => {
    const { layers, dropout, fit } = planOf({});
    expect([layers, dropout, fit.rates.rate, fit.limit]).toEqual([2, 0.2, 0.004, { minutes: 5, epochs: 5 }]);
  });

  it("stays, and is not trained for less than it says", () => {
    expect(planOf({ minutes: "30" }).fit.limit).toEqual({ minutes: 30 });
    expect(planOf({ steps: "10" }).fit.limit).toEqual({ steps: 10 });
    expect(planOf({ layers: "3" })).toMatchObject({ layers: 3, dropout: 0 });
    expect(planOf({ dropout: "0" })).toMatchObject({ layers: 1, dropout: 0 });
    expect(planOf({ "learning-rate": "0.01" })).toMatchObject({ layers: 2, fit: { rates: { rate: 0.01 } } });
    expect(planOf({ words: "" })).toMatchObject({ layers: 1, fit: { limit: { minutes: 5 } } });
  });

  it("is the same when it is read again, as a run that goes on reads it", () => {
    const typed: Record<string, string>[] = [
      {},
      { steps: "10" },
      { layers: "2" },
      { minutes: "1", epochs: "9" },
    ];
    for (const given of typed) {
      const { settings } = planOf(given).fit;
      expect(planOf(settings).fit.settings).toEqual(settings);
    }
  });
});
