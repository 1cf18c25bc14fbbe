import { describe, expect, it } from "vitest";
import { askLoss } from "../../../src/learn/windows/callers-loss.js";

const window = { inputs: { steps: 2, batch: 3, tokens: new Uint8Array(6) }, targets: {} };
const outputs = new Float32Array(24);

describe("what a loss of the caller's own returns", () => {
  it.each([0, 1.5, -2, NaN, Infinity])("may be any number: %d", (loss) => {
    const gradient = new Float32Array(24);
    const result = askLoss(() => ({ loss, gradient }), outputs, window);
    expect(result.loss).toBe(loss);
    expect(result.gradient).toBe(gradient);
  });

  it("comes from the outputs and the window", () => {
    const asked: unknown[] = [];
    askLoss(
      (...given) => {
        asked.push(...given);
        return { loss: 0, gradient: new Float32Array(24) };
      },
      outputs,
      window,
    );
    expect(asked[0]).toBe(outputs);
    expect(asked[1]).toBe(window);
    expect(asked).toHaveLength(2);
  });

  const gradient = new Float32Array(24);
  const wrong: [string, unknown, typeof Error, RegExp][] = [
    ["nothing", undefined, TypeError, /"loss\(…\)" expected an object, got undefined/],
    ["a number", 3, TypeError, /"loss\(…\)" expected an object, got 3/],
    [
      "a promise",
      Promise.resolve({ loss: 0, gradient }),
      TypeError,
      /got a promise: a loss cannot be asynchronous/,
    ],
    ["no loss", { gradient }, TypeError, /"loss\(…\).loss" expected a number, got undefined/],
    ["a text", { loss: "1", gradient }, TypeError, /"loss\(…\).loss" expected a number, got "1"/],
    ["no gradient", { loss: 1 }, TypeError, /"loss\(…\).gradient" expected a Float32Array, got undefined/],
    ["doubles", { loss: 1, gradient: new Float64Array(24) }, TypeError, /got Float64Array\(24\)/],
    [
      "too few",
      { loss: 1, gradient: new Float32Array(23) },
      RangeError,
      /expected 24 values \(as many as outputs\), got 23/,
    ],
  ];
  it.each(wrong)("is refused: %s", (_, result, type, message) => {
    const ask = () => {
      Reflect.apply(askLoss, null, [() => result, outputs, window]);
    };
    expect(ask).toThrow(type);
    expect(ask).toThrow(message);
  });
});
