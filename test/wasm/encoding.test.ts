import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { difference } from "../../scripts/difference.js";
import { toText } from "../../scripts/to-text.js";
import { applyDifference, fromText } from "../../src/wasm/encoding.js";

const bytes = fc.uint8Array({ maxLength: 400 });
/** Few values, so that much of one is found in the other. */
const alike = fc
  .array(fc.constantFrom(0, 1, 127, 128, 255), { maxLength: 400 })
  .map((list) => Uint8Array.from(list));

describe("fromText", () => {
  it("gives all bytes back", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(fromText(toText(all))).toEqual(all);
  });

  it("gives the bytes back", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = toText(value);
        expect(text).toMatch(/^[ !#-;=-[\]-~]*$/);
        expect(fromText(text)).toEqual(Uint8Array.from(value));
      }),
    );
  });
});

describe("applyDifference", () => {
  it.each([
    ["unlike binaries", bytes],
    ["binaries with much in common", alike],
  ])("makes the other of one of two: %s", (_, binaries) => {
    fc.assert(
      fc.property(binaries, binaries, (base, target) => {
        expect(applyDifference(base, difference(base, target))).toEqual(Uint8Array.from(target));
      }),
    );
  });

  it("takes copies from anywhere, longer than one byte of a number says", () => {
    const base = Uint8Array.from({ length: 40_000 }, (_, i) => (i * 7919) >> 5);
    const target = Uint8Array.from([...base.subarray(20_000), 1, 2, 3, ...base.subarray(0, 20_000)]);
    const short = difference(base, target);
    expect(short.length).toBeLessThan(40);
    expect(applyDifference(base, short)).toEqual(target);
  });
});
