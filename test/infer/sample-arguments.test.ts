import { describe, expect, it } from "vitest";
import { DisposedError } from "../../src/errors.js";
import { sample } from "../../src/infer/sample.js";
import { createNetwork } from "../../src/network/create-network.js";
import { standIn } from "./logits.js";

describe("sample refuses", () => {
  const sizes = { inputSize: 3, hiddenSize: 2, outputSize: 3 };
  const good = { length: 2 };

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["no options", undefined, TypeError, /"options" expected an object, got undefined/],
    ["no length", {}, TypeError, /"length" expected an integer, got undefined/],
    ["a negative length", { length: -1 }, RangeError, /"length" .* -1/],
    ["half a length", { length: 1.5 }, RangeError, /"length" .* 1.5/],
    [
      "a length past all memory",
      { length: 2 ** 53 - 1 },
      RangeError,
      /out of memory: no room for the 9007199254740991 tokens of "length"/,
    ],
    [
      "a token too high",
      { ...good, prime: [0, 3] },
      RangeError,
      /"prime" expected tokens from 0 to 2, got 3 at 1/,
    ],
    ["a negative token", { ...good, prime: Int32Array.of(-1) }, RangeError, /"prime" .* -1 at 0/],
    ["half a token", { ...good, prime: [0.5] }, RangeError, /"prime" .* 0.5 at 0/],
    [
      "text for a prime",
      { ...good, prime: "ab" },
      TypeError,
      /"prime" expected an array of tokens, got "ab"/,
    ],
    ["text in a prime", { ...good, prime: ["a"] }, TypeError, /"prime" expected numbers, got "a" at 0/],
    ["a number for a prime", { ...good, prime: 1 }, TypeError, /"prime" .* got 1/],
    [
      "a negative temperature",
      { ...good, temperature: -0.1 },
      RangeError,
      /"temperature" .* at least 0, got -0.1/,
    ],
    ["a temperature of NaN", { ...good, temperature: NaN }, RangeError, /"temperature" .* NaN/],
    ["an infinite temperature", { ...good, temperature: Infinity }, RangeError, /"temperature" .* Infinity/],
    ["a temperature of text", { ...good, temperature: "1" }, TypeError, /"temperature" .* "1"/],
    ["no temperature", { ...good, temperature: null }, TypeError, /"temperature" .* null/],
    ["a topK of 0", { ...good, topK: 0 }, RangeError, /"topK" .* 0/],
    ["half a topK", { ...good, topK: 1.5 }, RangeError, /"topK" .* 1.5/],
    ["a topK of null", { ...good, topK: null }, TypeError, /"topK" .* null/],
    ["a topP of 0", { ...good, topP: 0 }, RangeError, /"topP" .* above 0 and at most 1, got 0/],
    ["a topP above 1", { ...good, topP: 1.1 }, RangeError, /"topP" .* 1.1/],
    ["a topP of NaN", { ...good, topP: NaN }, RangeError, /"topP" .* NaN/],
    ["a token too high to exclude", { ...good, exclude: [3] }, RangeError, /"exclude" .* 0 to 2, got 3 at 0/],
    [
      "text to exclude",
      { ...good, exclude: "a" },
      TypeError,
      /"exclude" expected an array of tokens, got "a"/,
    ],
    [
      "to exclude every token",
      { ...good, exclude: [2, 0, 1] },
      RangeError,
      /"exclude" expected to leave a token to draw, got all 3/,
    ],
    ["half a seed", { ...good, seed: 0.5 }, RangeError, /"seed" .* 0.5/],
    ["a seed of text", { ...good, seed: "1" }, TypeError, /"seed" .* "1"/],
  ])("%s, before any step", (_, options, type, message) => {
    const session = standIn(3, () => [0, 0, 0]);
    const act = (): unknown => Reflect.apply(sample, undefined, [session, options]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
    expect(session.steps).toEqual([]);
  });

  it.each<[string, () => unknown, new () => Error, RegExp]>([
    ["nothing for a session", () => undefined, TypeError, /"session" expected an object, got undefined/],
    [
      "a network for a session",
      () => createNetwork(sizes),
      TypeError,
      /"session" expected a session, as network.session\(\) makes it/,
    ],
    [
      "an object for a session",
      () => ({ batch: 1, step: () => [], network: null }),
      TypeError,
      /"session" expected a session/,
    ],
    [
      "a batch of 2",
      () => createNetwork(sizes).session({ batch: 2 }),
      RangeError,
      /"session" expected a batch of 1, got 2/,
    ],
    [
      "fewer outputs than tokens",
      () => createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 2 }).session(),
      RangeError,
      /inputSize 3, outputSize 2/,
    ],
    [
      "no head",
      () => createNetwork({ inputSize: 3, hiddenSize: 3, outputSize: 0 }).session(),
      RangeError,
      /inputSize 3, outputSize 0/,
    ],
  ])("%s", (_, session, type, message) => {
    const act = (): unknown => Reflect.apply(sample, undefined, [session(), good]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("sessions and networks that were disposed of", () => {
    const ended = createNetwork(sizes);
    const sessions = [ended.session(), createNetwork(sizes).session()];
    ended.dispose();
    sessions[1].dispose();
    for (const session of sessions) expect(() => sample(session, good)).toThrow(DisposedError);
  });
});
