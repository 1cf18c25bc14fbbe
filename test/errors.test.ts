import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  describe as inWords,
  DisposedError,
  DivergenceError,
  FormatError,
  InvalidStateError,
  OutOfMemoryError,
  requireBoolean,
  requireChoice,
  requireFloat32Array,
  requireInt32Array,
  requireInteger,
  requireLength,
  requireNumber,
  requireObject,
} from "../src/errors.js";
import * as library from "../src/index.js";
import { detached, impostors } from "./network/untyped.js";

describe("the project's errors", () => {
  it.each<{ error: Error; name: string; parents: (abstract new (...given: never) => Error)[] }>([
    { error: new InvalidStateError("why"), name: "InvalidStateError", parents: [Error] },
    { error: new DisposedError("why"), name: "DisposedError", parents: [InvalidStateError, Error] },
    { error: new FormatError("why"), name: "FormatError", parents: [Error] },
    { error: new OutOfMemoryError("why"), name: "OutOfMemoryError", parents: [RangeError, Error] },
    { error: new DivergenceError(7, 1.5, "the loss is NaN"), name: "DivergenceError", parents: [Error] },
  ])("$name says its name, is exported, and is an error", ({ error, name, parents }) => {
    expect(error.name).toBe(name);
    expect(String(error)).toMatch(new RegExp(`^${name}: .*`));
    expect(error.stack).toContain(name);
    expect(Reflect.get(library, name)).toBe(error.constructor);
    for (const parent of parents) expect(error).toBeInstanceOf(parent);
    expect(error).not.toBeInstanceOf(TypeError);
  });

  it("DivergenceError tells the step and the last finite loss, and what to try", () => {
    const error = new DivergenceError(7, 1.5, "the loss is NaN");
    expect(error).toMatchObject({ step: 7, lastFiniteLoss: 1.5 });
    expect(error.message).toMatch(/at step 7: the loss is NaN; the last finite loss was 1\.5.*learning rate/);
  });
});

describe("what came, in words", () => {
  class Subclass extends Float32Array {}
  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    [NaN, "NaN"],
    [-0, "-0"],
    [-Infinity, "-Infinity"],
    [1.5, "1.5"],
    [true, "true"],
    [12n, "12n"],
    ["lstn", '"lstn"'],
    ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
    ["x".repeat(41), `"${"x".repeat(40)}…"`],
    [[1, 2], "an array of 2"],
    [new Float64Array(3), "Float64Array(3)"],
    [new Subclass(2), "Subclass(2)"],
    [Buffer.alloc(5), "Buffer(5)"],
    [detached(new Int32Array(4)), "Int32Array(0)"],
    [new DataView(new ArrayBuffer(2)), "DataView"],
    [new ArrayBuffer(2), "an object"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [() => 0, "a function"],
    [Symbol("s"), "a symbol"],
  ])("%o", (value, words) => {
    expect(inWords(value)).toBe(words);
  });
});

const messageOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return `${error.name}: ${error.message}`;
    throw error;
  }
  return "none";
};

describe("messages name the argument, what was expected and what came", () => {
  it.each<[string, () => unknown]>([
    ['TypeError: "a" expected an integer, got "2"', () => requireInteger("a", "2", 1)],
    ['RangeError: "a" expected an integer of at least 1, got -0', () => requireInteger("a", -0, 1)],
    ['RangeError: "a" expected an integer from 0 to 5, got 1.5', () => requireInteger("a", 1.5, 0, 5)],
    [
      'RangeError: "a" expected an integer of at least 0, got 9007199254740992',
      () => requireInteger("a", 2 ** 53, 0),
    ],
    ['TypeError: "a" expected a number, got null', () => requireNumber("a", null)],
    ['RangeError: "a" expected a finite number, got NaN', () => requireNumber("a", NaN)],
    [
      'RangeError: "a" expected a finite number at least 0 and below 1, got 1',
      () => requireNumber("a", 1, { least: 0, below: 1 }),
    ],
    [
      'RangeError: "a" expected a finite number above 0 and at most 2, got 0',
      () => requireNumber("a", 0, { above: 0, most: 2 }),
    ],
    ['TypeError: "a" expected true or false, got 1', () => requireBoolean("a", 1)],
    ['TypeError: "a" expected "x" or "y", got undefined', () => requireChoice("a", undefined, ["x", "y"])],
    ['RangeError: "a" expected "x" or "y", got "z"', () => requireChoice("a", "z", ["x", "y"])],
    ['TypeError: "a" expected an object, got an array of 0', () => requireObject("a", [])],
    ['TypeError: "a" expected an object, got Uint8Array(2)', () => requireObject("a", new Uint8Array(2))],
    [
      'TypeError: "a" expected a Float32Array, got Float64Array(6)',
      () => requireFloat32Array("a", new Float64Array(6), 6, "[2, 3]"),
    ],
    [
      'RangeError: "a" expected 6 values ([2, 3]), got 5',
      () => requireFloat32Array("a", new Float32Array(5), 6, "[2, 3]"),
    ],
    [
      'RangeError: "a" expected 6 values ([2, 3]), got 0',
      () => requireFloat32Array("a", detached(new Float32Array(6)), 6, "[2, 3]"),
    ],
    [
      'TypeError: "a" expected an Int32Array, got Uint32Array(6)',
      () => requireInt32Array("a", new Uint32Array(6), 6, "[2, 3]"),
    ],
    [
      'RangeError: "a" expected 2048 values ([T=64, B=32]), got 2047',
      () => {
        requireLength("a", 2047, 2048, "[T=64, B=32]");
      },
    ],
  ])("%s", (message, call) => {
    expect(messageOf(call)).toBe(message);
  });

  it("of arrays, for what only looks like one", () => {
    for (const [check, type] of [
      [requireFloat32Array, Float32Array],
      [requireInt32Array, Int32Array],
    ] as const) {
      for (const impostor of impostors(new type(6)))
        expect(messageOf(() => check("a", impostor, 6, "[6]"))).toMatch(
          /^TypeError: "a" expected an? \w+Array, got an object$/,
        );
    }
  });
});

describe("what passes is handed on", () => {
  it("for any integer within bounds, and no other", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.maxSafeInteger(), fc.double()),
        fc.integer(),
        fc.nat(),
        (value, least, more) => {
          const most = least + more;
          const passes = Number.isSafeInteger(value) && value >= least && value <= most;
          if (passes) expect(requireInteger("a", value, least, most)).toBe(value + 0);
          else
            expect(messageOf(() => requireInteger("a", value, least, most))).toMatch(
              /^RangeError: "a" expected/,
            );
        },
      ),
      { seed: 1 },
    );
    expect(Object.is(requireInteger("a", -0, 0), 0)).toBe(true);
  });

  it("for any finite number within bounds, and no other", () => {
    const bound = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.double(), bound, bound, (value, least, below) => {
        const passes = Number.isFinite(value) && value >= least && value < below;
        if (passes) expect(requireNumber("a", value, { least, below })).toBe(value + 0);
        else
          expect(messageOf(() => requireNumber("a", value, { least, below }))).toMatch(
            /^RangeError: "a" expected/,
          );
      }),
      { seed: 1 },
    );
    expect(Object.is(requireNumber("a", -0), 0)).toBe(true);
  });

  it("as the same object or array", () => {
    const [object, floats, integers] = [{}, new Float32Array(new SharedArrayBuffer(24)), new Int32Array(6)];
    expect(requireObject("a", object)).toBe(object);
    expect(requireFloat32Array("a", floats, 6, "[6]")).toBe(floats);
    expect(requireInt32Array("a", integers, 6, "[6]")).toBe(integers);
    expect(requireBoolean("a", false)).toBe(false);
    expect(requireChoice("a", "y", ["x", "y"])).toBe("y");
  });
});
