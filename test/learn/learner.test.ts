import { describe, expect, it } from "vitest";
import { bptt } from "../../src/learn/back/bptt.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import { createLearner, requireLearner, type Learner } from "../../src/learn/learner.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { createNetwork } from "../../src/network/create-network.js";
import { begin } from "./begin.js";

describe("a learner", () => {
  it.each([
    [bptt(), "bptt"],
    [bptt({}), "bptt"],
    [bptt({ memoryBudget: 1e6 }), "bptt"],
    [tbptt({ k1: 4 }), "tbptt"],
    [tbptt({ k1: 4, k2: 4 }), "tbptt"],
    [tbptt({ k1: 4, k2: 9 }), "tbptt"],
  ])("shows its name alone", (learner, name) => {
    expect(learner).toStrictEqual({ name });
    expect(Object.isFrozen(learner)).toBe(true);
  });

  it.each([[null], [undefined], ["bptt"], [{}], [{ name: "bptt" }], [{ ...bptt() }], [bptt], [4]])(
    "that the library did not make is refused: %o",
    (foreign) => {
      expect(() => requireLearner("learner", foreign)).toThrow(TypeError);
      expect(() => requireLearner("learner", foreign)).toThrow(
        /^"learner" expected one made by bptt\(\), tbptt\(\), …, got /,
      );
    },
  );
});

describe("a learner of one's own", () => {
  const network = createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3 });
  const window = new WindowChecks(network).check({
    inputs: { steps: 1, batch: 1, tokens: Uint8Array.of(1) },
    targets: { classes: Int32Array.of(2) },
  });
  const event = { loss: 1, count: 2, steps: 3 };

  it("begins with the very context, and brings its events as they are", () => {
    const seen: unknown[] = [];
    const mine = createLearner("mine", (context) => {
      seen.push(context);
      return {
        *window(given) {
          seen.push(given);
          yield event;
          yield { ...event, loss: undefined };
        },
        end: () => [event],
      };
    });
    expect(mine).toStrictEqual({ name: "mine" });
    const context = { network, reduction: "sum", seed: 4 } as const;
    const run = requireLearner("learner", mine)(context);
    expect([...run.window(window)]).toEqual([event, { ...event, loss: undefined }]);
    expect([...run.end()]).toEqual([event]);
    expect(seen[0]).toBe(context);
    expect(seen[1]).toBe(window);
  });

  it("computes an event only when it is asked for, and is closed where the loop ends early", () => {
    const done: string[] = [];
    const mine = createLearner("mine", () => ({
      *window() {
        try {
          for (const i of [1, 2, 3]) {
            done.push(`${i}`);
            yield event;
          }
        } finally {
          done.push("closed");
        }
      },
      end: () => [],
    }));
    for (const each of begin(mine, network).window(window)) {
      expect(each).toBe(event);
      expect(done).toEqual(["1"]);
      break;
    }
    expect(done).toEqual(["1", "closed"]);
  });

  const make = (...given: unknown[]) => Reflect.apply(createLearner, undefined, given) as Learner;
  const made: [string, unknown[], RegExp][] = [
    ["without a name", [undefined, () => undefined], /^"name" expected a string, got undefined/],
    ["without a beginning", ["mine"], /^"begin" expected a function, got undefined/],
  ];
  it.each(made)("is refused %s", (_, given, message) => {
    expect(() => make(...given)).toThrow(TypeError);
    expect(() => make(...given)).toThrow(message);
  });

  const end = () => [];
  const wrong: [string, unknown, typeof Error, RegExp][] = [
    ["no run", undefined, TypeError, /^"begin\(…\)" expected an object, got undefined/],
    ["no window", { end }, TypeError, /^"begin\(…\).window" expected a function, got undefined/],
    ["no end", { window: end }, TypeError, /^"begin\(…\).end" expected a function, got undefined/],
    ["one event", { window: () => event, end }, TypeError, /^"window\(…\)" expected an iterable of events/],
    ["nothing", { window: () => undefined, end }, TypeError, /^"window\(…\)" expected .* got undefined/],
    ["a number", { window: () => [1], end }, TypeError, /^"window\(…\) event" expected an object, got 1/],
    [
      "a text",
      { window: () => [{ ...event, loss: "1" }], end },
      TypeError,
      /^"window\(…\) event.loss" expected a number or undefined, got "1"/,
    ],
    [
      "no count",
      { window: () => [{ loss: 1, steps: 1 }], end },
      TypeError,
      /^"window\(…\) event.count" expected an integer, got undefined/,
    ],
    [
      "half a step",
      { window: () => [{ ...event, steps: 0.5 }], end },
      RangeError,
      /^"window\(…\) event.steps" expected an integer of at least 0, got 0.5/,
    ],
    [
      "no end's events",
      { window: end, end: () => 3 },
      TypeError,
      /^"end\(\)" expected an iterable of events, got 3/,
    ],
  ];
  it.each(wrong)("is refused at work: %s", (_, run, type, message) => {
    const mine = make("mine", () => run);
    const work = (): unknown => {
      const begun = begin(mine, network);
      return [...begun.window(window), ...begun.end()];
    };
    expect(work).toThrow(type);
    expect(work).toThrow(message);
  });
});

describe("options", () => {
  /** Whatever the types say. */
  const given = (make: (options: never) => Learner, options?: unknown): Learner => make(options as never);

  const refused: [string, () => unknown, typeof Error, RegExp][] = [
    ["bptt null", () => given(bptt, null), TypeError, /"options" expected an object, got null/],
    ["no budget", () => bptt({ memoryBudget: 0 }), RangeError, /"memoryBudget" expected .* above 0, got 0/],
    ["budget NaN", () => bptt({ memoryBudget: NaN }), RangeError, /"memoryBudget" .* got NaN/],
    ["no number", () => given(bptt, { memoryBudget: "1" }), TypeError, /"memoryBudget" expected a number/],
    ["tbptt alone", () => given(tbptt), TypeError, /"options" expected an object, got undefined/],
    ["no k1", () => given(tbptt, {}), TypeError, /"k1" expected an integer, got undefined/],
    ["k1 = 0", () => tbptt({ k1: 0 }), RangeError, /"k1" expected an integer of at least 1, got 0/],
    ["k1 = -0", () => tbptt({ k1: -0 }), RangeError, /"k1" .* got -0/],
    ["k1 = 1.5", () => tbptt({ k1: 1.5 }), RangeError, /"k1" .* got 1.5/],
    ["k1 = NaN", () => tbptt({ k1: NaN }), RangeError, /"k1" .* got NaN/],
    ["k2 = NaN", () => tbptt({ k1: 4, k2: NaN }), RangeError, /"k2" .* got NaN/],
    ["k2 < k1", () => tbptt({ k1: 4, k2: 3 }), RangeError, /"k2" expected at least k1 = 4, got 3/],
  ];
  it.each(refused)("refused: %s", (_, make, type, message) => {
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});
