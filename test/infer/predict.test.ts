import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SequenceItem } from "../../src/data/items.js";
import { DisposedError, InvalidStateError } from "../../src/errors.js";
import { predict, predictClasses } from "../../src/infer/predict.js";
import { createNetwork } from "../../src/network/create-network.js";
import { outputWidth } from "../../src/network/sizes.js";
import { softmax } from "../../src/network/softmax.js";
import type { Network } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf, gradientBits } from "../network/bits.js";
import { normals } from "../network/drawn.js";
import { guardedEngine, networkIn } from "../network/guarded.js";
import { kinds } from "../network/kinds.js";

type Inputs = SequenceItem["inputs"];

function drawItems(
  random: Random,
  kind: "tokens" | "values",
  I: number,
  lengths: readonly number[],
): Inputs[] {
  return lengths.map((steps) =>
    kind === "tokens"
      ? { tokens: new Uint8Array(steps).map(() => random.integer(I)) }
      : { steps, values: normals(random, steps * I) },
  );
}

/** Each item's outputs by a forward pass of its own. */
function alone(network: Network, items: readonly Inputs[]): Float32Array[] {
  return items.map((item) => {
    const sequence = "tokens" in item ? { ...item, steps: item.tokens.length } : item;
    return network.forward({ ...sequence, batch: 1 }, { keepTape: false }).outputs;
  });
}

describe.each(builds)("predict, %s build", (build) => {
  const engine = guardedEngine(build);

  it.each(kinds)("gives each item the bits that it has alone, in order: $name", ({ options, inputs }) => {
    using network = networkIn(engine, options);
    const cases = fc.record({
      // More than 512 rows go by in stretches.
      lengths: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 150 })), {
        maxLength: 9,
      }),
      batch: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      kind: fc.constantFrom(...inputs),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ lengths, batch, kind, seed }) => {
        const items = drawItems(new Random(seed), kind, network.options.inputSize, lengths);
        const found = predict(network, items, { batch });
        const width = outputWidth(network.options);
        expect(found.map((one) => one.length)).toEqual(
          lengths.map((steps) => (network.options.output === "sequence" ? 1 : steps) * width),
        );
        expect(found.map((one) => bitsOf(one))).toEqual(alone(network, items).map((one) => bitsOf(one)));
      }),
      { numRuns: 12 },
    );
    expect(engine.arena.brokenGuards()).toEqual([]);
  });

  it("leaves tape and gradients as they are", () => {
    using network = networkIn(engine, { inputSize: 3, hiddenSize: 5, outputSize: 2, cell: "lstm" });
    const random = new Random(3);
    const sequence = { steps: 6, batch: 2, values: normals(random, 36) };
    const targets = { values: normals(random, 24) };
    const gradient = (between: () => void): string => {
      network.zeroGradients();
      network.forward(sequence);
      between();
      network.backward(targets);
      return gradientBits(network);
    };
    const items = drawItems(random, "values", 3, [4, 9]);
    const expected = gradient(() => undefined);
    expect(gradient(() => predict(network, items))).toBe(expected);
    expect(gradient(() => predictClasses(network, items, { topK: 2 }))).toBe(expected);
    predict(network, items);
    expect(gradientBits(network)).toBe(expected);
  });
});

describe("predict", () => {
  const sizes = { inputSize: 4, hiddenSize: 6, outputSize: 5, cell: "gru", seed: 2 } as const;

  it("gives probabilities: of one class, or of each output on its own", () => {
    using network = createNetwork(sizes);
    const head = network.parameter("head.weight");
    head.write(head.read().map((x) => 60 * x)); // outputs where σ is 0 or 1 too
    const items = drawItems(new Random(1), "values", 4, [7, 3, 12]);
    const raw = predict(network, items);
    const most = Math.max(...raw.map((one) => Math.max(...one)));
    expect(most).toBeGreaterThan(20);
    predict(network, items, { activation: "softmax" }).forEach((found, i) => {
      expect(bitsOf(found)).toBe(bitsOf(softmax(raw[i], 5)));
    });
    predict(network, items, { activation: "sigmoid" }).forEach((found, i) => {
      // softmax's exp and sum and division: a few units in the last place, 6e-8 each.
      found.forEach((p, at) => {
        expect(Math.abs(p - 1 / (1 + Math.exp(-raw[i][at])))).toBeLessThan(3e-7);
      });
    });
    expect(predict(network, items, { activation: "none" })).toEqual(raw);
  });

  it("keeps nothing of the items, and hands out arrays of its own", () => {
    using network = createNetwork(sizes);
    const values = normals(new Random(4), 8);
    const items = [{ steps: 2, values }];
    const [first] = predict(network, items);
    const before = first.slice();
    first.fill(9);
    expect(predict(network, items)[0]).toEqual(before);
    values.fill(0);
    expect(predict(network, items)[0]).not.toEqual(before);
  });

  it("reads an item's inputs alone, however it has them", () => {
    using network = createNetwork(sizes);
    const values = normals(new Random(4), 12);
    const expected = predict(network, [{ steps: 3, values }]);
    class Given {
      readonly steps = 3;
      get values() {
        return values;
      }
    }
    const others = { lengths: Int32Array.of(1), resets: Uint8Array.of(0, 1, 0), batch: 7 };
    for (const item of [new Given(), { steps: 3, values, ...others }])
      expect(predict(network, [item])).toEqual(expected);
  });

  it("gives nothing for no items", () => {
    using network = createNetwork(sizes);
    expect(predict(network, [])).toEqual([]);
    expect(predictClasses(network, [])).toEqual([]);
  });

  const good = { steps: 1, values: new Float32Array(4) };
  it.each<[string, unknown, unknown, ErrorConstructor, RegExp]>([
    ["one item alone", good, {}, TypeError, /"items" expected an array of sequences, got an object/],
    ["an item that is none", [good, 1], {}, TypeError, /"items\[1\]" expected an object, got 1/],
    ["a gap", new Array(1), {}, TypeError, /"items\[0\]" expected an object, got undefined/],
    [
      "neither input",
      [{}],
      {},
      TypeError,
      /"items\[0\]" expected exactly one of tokens and values, got none/,
    ],
    [
      "values of another width",
      [good, { steps: 2, values: new Float32Array(6) }],
      {},
      RangeError,
      /"items\[1\].values" expected 8 values \(\[T=2, B=1, I=4\]\), got 6/,
    ],
    [
      "an unknown token",
      [{ tokens: Uint8Array.of(3, 4) }],
      {},
      RangeError,
      /"items\[0\].tokens" .* got 4 at 1/,
    ],
    [
      "tokens among values",
      [good, { tokens: Uint8Array.of(1) }],
      {},
      RangeError,
      /"items\[1\]" expected values, as the first item, got tokens/,
    ],
    ["a batch of 0", [good], { batch: 0 }, RangeError, /"batch" expected an integer .* got 0/],
    ["half a batch", [good], { batch: 1.5 }, RangeError, /"batch" .* 1.5/],
    ["an unknown activation", [good], { activation: "relu" }, RangeError, /"activation" .* got "relu"/],
    ["no options", [good], null, TypeError, /"options" expected an object, got null/],
  ])("refuses %s", (_, items, options, type, message) => {
    using network = createNetwork(sizes);
    const call = (): unknown => Reflect.apply(predict, undefined, [network, items, options]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });

  it("refuses what is no network, values for an embedding, and a network disposed of", () => {
    expect(() => predict({} as Network, [])).toThrow(/"network" expected a network made by createNetwork/);
    using embedded = createNetwork({ ...sizes, embeddingSize: 3 });
    expect(() => predict(embedded, [good])).toThrow(/"items\[0\]" expected tokens/);
    const network = createNetwork(sizes);
    network.dispose();
    expect(() => predict(network, [])).toThrow(DisposedError);
  });
});

describe("predictClasses", () => {
  const sizes = { inputSize: 3, hiddenSize: 4, outputSize: 6 };

  /** A network whose outputs are the same at every step: its head's bias. */
  function constantNetwork(outputs: readonly number[]): Network {
    const network = createNetwork({ ...sizes, outputSize: outputs.length });
    const weight = network.parameter("head.weight");
    weight.write(weight.read().fill(0));
    network.parameter("head.bias").write(outputs);
    return network;
  }

  it("gives the K likeliest, the first of equals, with what softmax gives them", () => {
    const cases = fc
      .array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 9 })
      .chain((logits) => fc.tuple(fc.constant(logits), fc.integer({ min: 1, max: logits.length })));
    fc.assert(
      fc.property(cases, ([logits, topK]) => {
        using network = constantNetwork(logits);
        const [found] = predictClasses(network, [{ steps: 2, values: new Float32Array(6) }], { topK });
        const order = logits.map((_, c) => c).sort((a, b) => logits[b] - logits[a] || a - b);
        const best = order.slice(0, topK);
        expect([...found.classes]).toEqual([...best, ...best]);
        const all = softmax(Float32Array.from(logits), logits.length);
        expect([...found.probabilities]).toEqual([...best, ...best].map((c) => all[c]));
      }),
      { numRuns: 60 },
    );
  });

  it("gives one class a step by default, of predict's outputs", () => {
    using network = createNetwork({ ...sizes, seed: 5 });
    const items = drawItems(new Random(2), "tokens", 3, [5, 1, 40]);
    const outputs = predict(network, items);
    predictClasses(network, items, { batch: 2 }).forEach(({ classes, probabilities }, i) => {
      const rows = outputs[i].length / 6;
      expect(classes).toHaveLength(rows);
      expect(probabilities).toHaveLength(rows);
      classes.forEach((one, t) => {
        const row = [...outputs[i].subarray(t * 6, t * 6 + 6)];
        expect(one).toBe(row.indexOf(Math.max(...row)));
      });
    });
  });

  it.each([0, 7, 1.5])("refuses a topK of %d", (topK) => {
    using network = createNetwork(sizes);
    expect(() => predictClasses(network, [], { topK })).toThrow(/"topK" expected an integer from 1 to 6/);
  });

  it("says so where outputs are not finite", () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      using network = constantNetwork([0, value, 1]);
      const call = (): unknown => predictClasses(network, [{ tokens: Uint8Array.of(1) }]);
      expect(call).toThrow(InvalidStateError);
      expect(call).toThrow(`outputs are not finite (${value} for class 1 of items[0])`);
    }
  });
});
