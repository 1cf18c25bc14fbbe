import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classWeights } from "../../src/data/class-weights.js";
import type { SequenceItem } from "../../src/data/items.js";
import { sequenceSet } from "../../src/data/sequence-set.js";

const whole = (target: number): SequenceItem => ({
  inputs: { tokens: Uint8Array.of(1, 2) },
  targets: { class: target },
});
const stepwise = (targets: readonly number[]): SequenceItem => ({
  inputs: { tokens: new Uint8Array(targets.length) },
  targets: { classes: Int32Array.from(targets) },
});

describe("classWeights", () => {
  it("weighs by n / (classes that occur · times the class occurs), and 1 where it does not", () => {
    // Six targets, three of 0, one of 1, two of 3.
    expect(classWeights([0, 3, 0, 1, 3, 0].map(whole))).toEqual(Float32Array.of(6 / 9, 6 / 3, 1, 6 / 6));
    expect(classWeights([stepwise([0, -1, 3, 0]), stepwise([1, 3, 0, -1])])).toEqual(
      Float32Array.of(6 / 9, 6 / 3, 1, 6 / 6),
    );
    expect(classWeights([whole(1)], { classes: 3 })).toEqual(Float32Array.of(1, 1, 1));
  });

  it("makes all classes that occur weigh the same together, and a target 1 on average", () => {
    const lists = fc.array(fc.array(fc.integer({ min: -1, max: 6 }), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(lists, fc.nat(3), (given, more) => {
        const targets = given.flat().filter((target) => target >= 0);
        fc.pre(targets.length > 0);
        const weights = classWeights(given.map(stepwise), { classes: Math.max(...targets) + 1 + more });
        expect(weights).toHaveLength(Math.max(...targets) + 1 + more);
        const totals = [...weights.keys()].map((c) => targets.filter((t) => t === c).length * weights[c]);
        const occurring = new Set(targets).size;
        // Float32 weights: 2^-24 of each.
        for (const c of new Set(targets))
          expect(Math.abs((totals[c] * occurring) / targets.length - 1)).toBeLessThan(1e-7);
        weights.forEach((weight, c) => {
          if (!targets.includes(c)) expect(weight).toBe(1);
        });
      }),
    );
  });

  it.each<[string, unknown, unknown, ErrorConstructor, RegExp]>([
    ["no items", [], {}, RangeError, /"items" expected at least one item, got none/],
    [
      "items without a target",
      [stepwise([-1, -1])],
      {},
      RangeError,
      /"items" expected a target among them, got none/,
    ],
    [
      "values",
      [{ inputs: { tokens: Uint8Array.of(1) }, targets: { value: 1 } }],
      {},
      RangeError,
      /"items\[0\].targets" expected classes, got values/,
    ],
    ["a class below -1", [stepwise([0]), stepwise([-2])], {}, RangeError, /"items\[1\].targets" .* -2/],
    ["too few classes", [whole(3)], { classes: 3 }, RangeError, /"classes" expected more than .* 3, got 3/],
    ["half a class", [whole(0)], { classes: 1.5 }, RangeError, /"classes" expected an integer/],
    ["no options", [whole(0)], null, TypeError, /"options" expected an object, got null/],
    ["an item that is none", [whole(0), 1], {}, TypeError, /"items\[1\]" expected an object, got 1/],
  ])("refuses %s", (_, items, options, type, message) => {
    const call = (): unknown => Reflect.apply(classWeights, undefined, [items, options]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});

describe("weights of a sequence set", () => {
  const windowsOf = (...given: Parameters<typeof sequenceSet>) => {
    const data = sequenceSet(...given);
    if (!(Symbol.iterator in data)) throw new TypeError("a sequence set is no async iterable");
    return [...data];
  };

  it("are none unless something is weighed", () => {
    expect(windowsOf([whole(0)], { batch: 1 })[0]?.targets).toEqual({ classes: Int32Array.of(-1, 0) });
  });

  it("are each target's class's times its item's, 0 where there is no target", () => {
    const lists = fc.array(
      fc.record({
        targets: fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 6 }),
        weight: fc.option(fc.double({ min: 0, max: 9, noNaN: true }), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const weightList = fc.option(
      fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 5, maxLength: 7 }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(lists, weightList, fc.integer({ min: 1, max: 4 }), (given, classes, batch) => {
        const items = given.map(({ targets, weight }) => ({ ...stepwise(targets), weight }));
        const windows = windowsOf(items, { batch, classWeights: classes });
        const weighted = classes !== undefined || given.some(({ weight }) => weight !== undefined);
        windows.forEach(({ inputs, targets: { classes: found, weights } }, index) => {
          expect(weights === undefined).toBe(!weighted);
          weights?.forEach((weight, at) => {
            const { weight: own = 1 } = given[index * batch + (at % inputs.batch)] ?? {};
            const target = found?.[at] ?? NaN;
            expect(weight).toBe(target < 0 ? 0 : Math.fround(own * (classes?.[target] ?? 1)));
          });
        });
      }),
    );
  });

  it("are an item's own at all of its steps where targets are values", () => {
    const value = (steps: number, weight?: number): SequenceItem => ({
      inputs: { steps, values: new Float32Array(steps) },
      targets: { value: 1 },
      ...(weight !== undefined && { weight }),
    });
    const [{ targets }] = windowsOf([value(3, 2), value(1), value(2, 0)], { batch: 3 });
    expect(targets.weights).toEqual(Float32Array.of(2, 1, 0, 2, 0, 0, 2, 0, 0));
  });

  it("come from classWeights as they are", () => {
    const items = [0, 0, 1].map(whole);
    const [{ targets }] = windowsOf(items, { batch: 3, classWeights: classWeights(items) });
    expect(targets.weights).toEqual(Float32Array.of(0, 0, 0, 0.75, 0.75, 1.5));
  });

  const value = { inputs: { tokens: Uint8Array.of(1) }, targets: { value: 1 } };
  it.each<[string, unknown, unknown, ErrorConstructor, RegExp]>([
    ["a negative weight", { ...whole(0), weight: -1 }, [1], RangeError, /"items\[0\].weight" .* at least 0/],
    ["a weight of NaN", { ...whole(0), weight: NaN }, [1], RangeError, /"items\[0\].weight" .* NaN/],
    ["a weight of text", { ...whole(0), weight: "1" }, [1], TypeError, /"items\[0\].weight" .* "1"/],
    ["a weight past single precision", { ...whole(0), weight: 1e19 }, [1], RangeError, /"items\[0\].weight"/],
    ["a class without a weight", whole(2), [1, 1], RangeError, /"items\[0\].targets" .* below 2, .* got 2/],
    ["class weights for values", value, [1], RangeError, /"classWeights" expected items with classes/],
    ["a negative class weight", whole(0), [-1], RangeError, /"classWeights\[0\]" .* at least 0 .* got -1/],
    [
      "a class weight that is infinite",
      whole(0),
      [1, Infinity],
      RangeError,
      /"classWeights\[1\]" .* Infinity/,
    ],
    ["a class weight of text", whole(0), ["1"], TypeError, /"classWeights\[0\]" expected a number, got "1"/],
    [
      "no list of class weights",
      whole(0),
      1,
      TypeError,
      /"classWeights" expected an array of weights, got 1/,
    ],
  ])("refuse %s", (_, item, given, type, message) => {
    const call = (): unknown =>
      Reflect.apply(sequenceSet, undefined, [[item], { batch: 1, classWeights: given }]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});
