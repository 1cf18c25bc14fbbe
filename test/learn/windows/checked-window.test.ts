import { describe, expect, it } from "vitest";
import { WindowChecks } from "../../../src/learn/windows/checked-window.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { TrainingWindow } from "../../../src/data/training-data.js";

const network = createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3 });

const tokens = (T: number, B: number): TrainingWindow["inputs"] => ({
  steps: T,
  batch: B,
  tokens: new Uint8Array(T * B),
});
const values = (T: number, B: number): TrainingWindow["inputs"] => ({
  steps: T,
  batch: B,
  values: new Float32Array(T * B * 3),
});
const classes = (count: number) => ({ classes: new Int32Array(count) });
const goals = (count: number) => ({ values: new Float32Array(count * 3) });
const gradient = (count: number) => ({ gradient: new Float32Array(count * 3) });

describe("a window", () => {
  it("comes back as it is, with its targets counted", () => {
    const window = { inputs: tokens(2, 3), targets: { classes: Int32Array.of(0, -1, 2, -1, -1, 1) } };
    const checked = new WindowChecks(network).check(window);
    expect(checked.window).toBe(window);
    expect(checked).toMatchObject({ carry: false, count: 3, targets: { kind: "classes" } });
    expect(checked.inputs).toMatchObject({ steps: 2, batch: 3, kind: "tokens", lengths: undefined });
  });

  it("carries only where there is a window before it", () => {
    const checks = new WindowChecks(network);
    const window = { inputs: tokens(2, 3), targets: classes(6), carry: true };
    const carried = () => checks.check(window).carry;
    expect([carried(), carried(), carried()]).toEqual([false, true, true]);
    expect(checks.check({ ...window, carry: false }).carry).toBe(false);
    checks.restart();
    expect([carried(), carried()]).toEqual([false, true]);
  });

  const wrong: [string, unknown, typeof Error, RegExp][] = [
    ["undefined", undefined, TypeError, /"window" expected an object, got undefined/],
    ["null", null, TypeError, /"window" expected an object, got null/],
    ["a number", 7, TypeError, /"window" expected an object, got 7/],
    ["empty", {}, TypeError, /expected an object, got undefined/],
    ["no targets", { inputs: tokens(2, 1) }, TypeError, /"targets" expected an object, got undefined/],
    [
      "null targets",
      { inputs: tokens(2, 1), targets: null },
      TypeError,
      /"targets" expected an object, got null/,
    ],
    ["empty targets", { inputs: tokens(2, 1), targets: {} }, TypeError, /exactly one of .*, got none/],
    [
      "short targets",
      { inputs: tokens(2, 1), targets: classes(1) },
      RangeError,
      /classes" expected 2 values .*, got 1/,
    ],
    [
      "a class too large",
      { inputs: tokens(1, 1), targets: { classes: Int32Array.of(3) } },
      RangeError,
      /got 3 at 0/,
    ],
    [
      "carry 1",
      { inputs: tokens(1, 1), targets: classes(1), carry: 1 },
      TypeError,
      /"carry" expected true or false, got 1/,
    ],
    [
      "no steps",
      { inputs: tokens(0, 1), targets: classes(0) },
      RangeError,
      /steps" expected an integer from 1 to \d+, got 0/,
    ],
  ];
  it.each(wrong)("refused: %s", (_, window, type, message) => {
    const checks = new WindowChecks(network);
    const check = () => checks.check(window as TrainingWindow);
    expect(check).toThrow(type);
    expect(check).toThrow(message);
  });
});

describe("a carried window", () => {
  const first = { inputs: tokens(2, 3), targets: classes(6) };
  const others: [string, TrainingWindow, RegExp | undefined][] = [
    ["of another length", { inputs: tokens(5, 3), targets: classes(15) }, undefined],
    [
      "of other integers",
      { inputs: { ...tokens(1, 3), tokens: new Int32Array(3) }, targets: classes(3) },
      undefined,
    ],
    [
      "of another batch",
      { inputs: tokens(2, 2), targets: classes(4) },
      /"inputs.batch" expected 3, .*, got 2/,
    ],
    ["of values", { inputs: values(2, 3), targets: classes(6) }, /"inputs" expected tokens, .*, got values/],
    [
      "with values",
      { inputs: tokens(2, 3), targets: goals(6) },
      /"targets" expected classes, .*, got values/,
    ],
    [
      "with a gradient",
      { inputs: tokens(2, 3), targets: gradient(6) },
      /"targets" expected classes, .*, got gradient/,
    ],
  ];
  it.each(others)("%s", (_, second, message) => {
    const checks = new WindowChecks(network);
    checks.check(first);
    const check = () => checks.check({ ...second, carry: true });
    if (message === undefined) {
      expect(check().carry).toBe(true);
    } else {
      expect(check).toThrow(RangeError);
      expect(check).toThrow(message);
      expect(checks.check({ ...second, carry: false }).carry).toBe(false);
    }
  });
});

describe("with a loss of the caller's own", () => {
  const own = () => ({ loss: 0, gradient: new Float32Array() });
  const check = (window: TrainingWindow) => new WindowChecks(network, own).check(window);

  it("targets may be none: every step counts that is no padding", () => {
    const window = { inputs: tokens(4, 3), targets: {} };
    expect(check(window)).toMatchObject({ targets: undefined, count: 12 });
    const padded = { ...window, inputs: { ...window.inputs, lengths: Int32Array.of(4, 1, 2) } };
    expect(check(padded)).toMatchObject({ targets: undefined, count: 7 });
  });

  it("targets that are there are checked", () => {
    const window = {
      inputs: tokens(4, 3),
      targets: { classes: Int32Array.from({ length: 12 }, (_, i) => (i % 4) - 1) },
    };
    expect(check(window).count).toBe(9);
    expect(() => check({ ...window, targets: goals(1) })).toThrow(RangeError);
    expect(() => check({ ...window, targets: { ...classes(12), ...goals(12) } })).toThrow(TypeError);
  });
});

describe("a bidirectional network", () => {
  const checks = new WindowChecks(
    createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3, bidirectional: true }),
  );

  it("carries nothing", () => {
    const window = { inputs: tokens(2, 3), targets: classes(6) };
    expect(checks.check(window).carry).toBe(false);
    expect(checks.check({ ...window, carry: false }).carry).toBe(false);
    expect(() => checks.check({ ...window, carry: true })).toThrow(RangeError);
    expect(() => checks.check({ ...window, carry: true })).toThrow(
      /"carry" expected false for a bidirectional/,
    );
  });
});
