import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { createNetwork } from "../../src/network/create-network.js";
import { evaluate } from "../../src/train/evaluate.js";

/** Parts, windows and steps by slices of lists: [window][step][cursor]. */
function byHand(tokens: readonly number[], B: number, T: number) {
  const length = Math.floor(tokens.length / B);
  const parts = Array.from({ length: B }, (_, b) => tokens.slice(b * length, (b + 1) * length));
  const windows: { inputs: number[][]; targets: number[][] }[] = [];
  for (let start = 0; start + T < length; start += T) {
    const steps = Array.from({ length: T }, (_, t) => start + t);
    windows.push({
      inputs: steps.map((t) => parts.map((part) => part[t])),
      targets: steps.map((t) => parts.map((part) => part[t + 1])),
    });
  }
  return windows;
}

function tokensOf({ inputs }: TrainingWindow): number[] {
  return [...(inputs.tokens ?? [])];
}

const arrays = { Uint8Array, Uint16Array, Int32Array };
const largest = { Uint8Array: 0xff, Uint16Array: 0xffff, Int32Array: 0x7fff_ffff };

describe("tokenStream", () => {
  it.each(["Uint8Array", "Uint16Array", "Int32Array"] as const)("reads B parts side by side: %s", (type) => {
    const cases = fc.record({
      B: fc.integer({ min: 1, max: 5 }),
      T: fc.integer({ min: 1, max: 6 }),
      tokens: fc.array(fc.oneof(fc.integer({ min: 0, max: largest[type] }), fc.nat(9)), { maxLength: 60 }),
    });
    let epochs = 0;
    fc.assert(
      fc.property(cases, ({ B, T, tokens }) => {
        const expected = byHand(tokens, B, T);
        const source = arrays[type].from(tokens);
        if (tokens.length < B * (T + 1)) {
          expect(expected).toEqual([]);
          const message = `at least ${B * (T + 1)} tokens (batch ${B} · (window ${T} + 1)), got ${tokens.length}`;
          expect(() => tokenStream(source, { batch: B, window: T })).toThrow(message);
          return;
        }
        const stream = tokenStream(source, { batch: B, window: T });
        source.fill(0);
        for (let epoch = 0; epoch < 2; epoch++, epochs++) {
          const windows = [...stream];
          expect(stream.windows).toBe(windows.length);
          expect(windows.map(tokensOf)).toEqual(expected.map(({ inputs }) => inputs.flat()));
          const targets = expected.map(({ targets }) => ({ classes: Int32Array.from(targets.flat()) }));
          expect(windows.map((window) => window.targets)).toEqual(targets);
          expect(windows.map(({ carry }) => carry)).toEqual(expected.map((_, i) => i > 0));
          for (const { inputs, targets } of windows) {
            expect(inputs).toMatchObject({ steps: T, batch: B });
            inputs.tokens?.fill(0); // the caller's own: the next epoch is not touched
            targets.classes?.fill(0);
          }
        }
      }),
      { seed: 1, numRuns: 400 },
    );
    expect(epochs).toBeGreaterThan(100);
  });

  it("lays documents one after another: each begins anew, and none has the next one's token for a target", () => {
    const documents = fc.array(fc.array(fc.nat(300), { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 12,
    });
    let within = 0;
    fc.assert(
      fc.property(
        documents,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (given, B, T) => {
          const tokens = given.flat();
          fc.pre(tokens.length >= B * (T + 1));
          const first = given.flatMap((document) => document.map((_, i) => Number(i === 0)));
          const plain = tokenStream(Int32Array.from(tokens), { batch: B, window: T });
          const source = given.map((document) => Uint16Array.from(document));
          const stream = tokenStream(source, { batch: B, window: T, pack: true });
          for (const document of source) document.fill(0);
          expect(stream.windows).toBe(plain.windows);
          const starts = byHand(first, B, T);
          const windows = [...stream];
          let none = 0;
          [...plain].forEach((window, w) => {
            const { inputs, targets, carry } = windows[w];
            expect(inputs).toEqual({ ...window.inputs, resets: Uint8Array.from(starts[w].inputs.flat()) });
            expect(carry).toBe(window.carry);
            const ends = starts[w].targets.flat();
            expect([...(targets.classes ?? [])]).toEqual(
              Array.from(window.targets.classes ?? [], (token, i) => (ends[i] === 1 ? -1 : token)),
            );
            none += ends.reduce((sum, end) => sum + end, 0);
          });
          const unpacked = given.reduce((sum, document, i) => {
            const from = Math.floor(i / B) * B;
            const longest = Math.max(...given.slice(from, from + B).map(({ length }) => length));
            return sum + longest - document.length;
          }, 0);
          expect(stream.padding).toEqual({ packed: none, unpacked });
          expect(plain.padding).toBeUndefined();
          within += none;
        },
      ),
      { seed: 2, numRuns: 300 },
    );
    expect(within).toBeGreaterThan(100);
  });

  it("may be iterated twice at once", () => {
    const stream = tokenStream(
      Uint8Array.from({ length: 21 }, (_, i) => i),
      { batch: 2, window: 3 },
    );
    const [one, other] = [stream[Symbol.iterator](), stream[Symbol.iterator]()];
    const first: unknown = one.next().value;
    one.next();
    expect(other.next().value).toEqual(first);
  });

  it.each([
    ["Uint8Array", 255],
    ["Uint16Array", 256],
    ["Uint16Array", 65535],
    ["Int32Array", 65536],
    ["Int32Array", 0x7fff_ffff],
  ])("hands tokens out as %s where the largest is %d", (type, most) => {
    const [window] = tokenStream(Int32Array.of(0, most, 0), { batch: 1, window: 2 });
    expect(window.inputs.tokens?.constructor.name).toBe(type);
    expect(tokensOf(window)).toEqual([0, most]);
  });

  it("reads memory shared with other threads, and subclasses", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set([1, 2, 3]);
    class Liar extends Int32Array {
      override get length(): number {
        return 1e9;
      }
    }
    for (const tokens of [shared, Buffer.of(1, 2, 3), Liar.of(1, 2, 3)]) {
      expect([...tokenStream(tokens, { batch: 1, window: 2 })].map(tokensOf)).toEqual([[1, 2]]);
    }
  });

  it("is data that networks take", async () => {
    const network = createNetwork({ inputSize: 5, hiddenSize: 3, outputSize: 5 });
    const tokens = Uint8Array.from({ length: 103 }, (_, i) => i % 5);
    const { count } = await evaluate(network, tokenStream(tokens, { batch: 4, window: 6 }));
    expect(count).toBe(4 * 6 * 4); // parts of 25 tokens: 4 windows of 6 steps
    network.dispose();
  });

  const good = Uint8Array.of(1, 2, 3, 4);
  const detached = new Uint8Array(9);
  structuredClone(detached, { transfer: [detached.buffer] });
  it.each<[string, unknown, unknown, new () => Error, RegExp]>([
    ["a list", [1, 2, 3], { batch: 1, window: 1 }, TypeError, /"tokens" .* an array of 3/],
    ["floats", Float32Array.of(1, 2, 3), { batch: 1, window: 1 }, TypeError, /"tokens" .* Float32Array\(3\)/],
    ["clamped bytes", Uint8ClampedArray.of(1, 2), { batch: 1, window: 1 }, TypeError, /Uint8ClampedArray/],
    ["text", "abc", { batch: 1, window: 1 }, TypeError, /"tokens" .* "abc"/],
    ["nothing", undefined, { batch: 1, window: 1 }, TypeError, /"tokens" .* undefined/],
    ["a pretender", Object.create(Uint8Array.prototype), { batch: 1, window: 1 }, TypeError, /"tokens"/],
    ["a proxy", new Proxy(good, {}), { batch: 1, window: 1 }, TypeError, /"tokens"/],
    ["a detached array", detached, { batch: 1, window: 1 }, RangeError, /"tokens" .* got 0/],
    ["a negative token", Int32Array.of(1, 2, -3), { batch: 1, window: 1 }, RangeError, /"tokens" .* -3 at 2/],
    ["no tokens", new Uint8Array(), { batch: 1, window: 1 }, RangeError, /at least 2 tokens .* got 0/],
    ["no options", good, undefined, TypeError, /"options" .* undefined/],
    ["no batch", good, { window: 1 }, TypeError, /"batch" .* undefined/],
    ["a batch of 0", good, { batch: 0, window: 1 }, RangeError, /"batch" .* 0/],
    ["half a batch", good, { batch: 1.5, window: 1 }, RangeError, /"batch" .* 1.5/],
    ["no window", good, { batch: 1 }, TypeError, /"window" .* undefined/],
    ["a window of NaN", good, { batch: 1, window: NaN }, RangeError, /"window" .* NaN/],
    ["a window too long", good, { batch: 1, window: 4 }, RangeError, /at least 5 tokens .* got 4/],
    ["too many parts", good, { batch: 3, window: 1 }, RangeError, /at least 6 tokens .* got 4/],
    ["pack of 1", good, { batch: 1, window: 1, pack: 1 }, TypeError, /"pack" expected true or false, got 1/],
    [
      "tokens for documents",
      good,
      { batch: 1, window: 1, pack: true },
      TypeError,
      /array of documents, .* Uint8Array\(4\)/,
    ],
    [
      "a document of text",
      [good, "a"],
      { batch: 1, window: 1, pack: true },
      TypeError,
      /"tokens\[1\]" .* "a"/,
    ],
    [
      "an empty document",
      [good, new Uint8Array()],
      { batch: 1, window: 1, pack: true },
      RangeError,
      /"tokens\[1\]" .* at least one token, got none/,
    ],
    [
      "a document's negative token",
      [Int32Array.of(1, -1)],
      { batch: 1, window: 1, pack: true },
      RangeError,
      /"tokens\[0\]" .* -1 at 1/,
    ],
    ["no documents", [], { batch: 1, window: 1, pack: true }, RangeError, /at least 2 tokens .* got 0/],
    ["documents without pack", [good], { batch: 1, window: 1 }, TypeError, /"tokens" .* an array of 1/],
    ["huge sizes", good, { batch: 2 ** 53 - 1, window: 2 ** 53 - 1 }, RangeError, /got 4/],
  ])("refuses %s", (_, tokens, options, type, message) => {
    const act = (): unknown => Reflect.apply(tokenStream, undefined, [tokens, options]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });
});
