import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { MOST_MEMBERS, StrictJson, type Scalar } from "../../src/formats/strict-json.js";

type Bytes = string | readonly number[];

function bytesOf(content: Bytes): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

/** A whole document: an object of scalars. */
function readScalars(content: Bytes): Map<string, Scalar> {
  const json = new StrictJson(bytesOf(content), "here");
  const members = json.readObject(() => json.readScalar());
  json.finish();
  return members;
}

/** A whole document: an object of lists of at most three sizes. */
function readLists(content: Bytes): Map<string, number[]> {
  const json = new StrictJson(bytesOf(content), "here");
  const members = json.readObject(() => json.readSizes(3));
  json.finish();
  return members;
}

function members<Value>(...entries: [string, Value][]): Map<string, Value> {
  return new Map(entries);
}

describe("StrictJson", () => {
  it.each<[string, Map<string, Scalar>]>([
    ["{}", members()],
    [" \t\r\n{ \n} ", members()],
    ['{"a":"b"}', members(["a", "b"])],
    ['\t{ "a" : 1 ,\n"b":\rtrue , "c" :false}', members<Scalar>(["a", 1], ["b", true], ["c", false])],
    ['{"":""}', members(["", ""])],
    ['{"__proto__":1,"constructor":2}', members(["__proto__", 1], ["constructor", 2])],
    ['{"a":-0.5e+2,"b":1E3,"c":0,"d":-7}', members(["a", -50], ["b", 1000], ["c", 0], ["d", -7])],
    ['{"a":1e999}', members(["a", Infinity])],
    ['{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00E9\\ud83D\\ude00"}', members(["a", '"\\/\b\f\n\r\t\0é😀'])],
    ['{"a":"é€😀\u2028\ufeff\x7f"}', members(["a", "é€😀\u2028\ufeff\x7f"])],
    ['{"\ufeffa":"\ufeff"}', members(["\ufeffa", "\ufeff"])], // decoders drop it at a text's start
    ['{"\\u0061":1,"A":2}', members(["a", 1], ["A", 2])],
  ])("reads %s", (text, expected) => {
    expect(readScalars(text)).toEqual(expected);
  });

  it.each([
    ['{"a":[]}', []],
    ['{"a":[ 0 ]}', [0]],
    ['{"a":[1,20 , 9007199254740991]}', [1, 20, Number.MAX_SAFE_INTEGER]],
  ])("reads the sizes of %s", (text, sizes) => {
    expect(readLists(text)).toEqual(members(["a", sizes]));
  });

  const string = (...content: number[]): number[] => [0x7b, 0x22, ...content, 0x22, 0x3a, 0x31, 0x7d];
  it.each<[string, Bytes, RegExp]>([
    ["nothing", "", /^here: expected \{ at byte 0, got the end$/],
    ["a list", "[]", /expected \{ at byte 0, got "\[\]"/],
    ["a byte order mark", "\ufeff{}", /expected \{ at byte 0/],
    ["no end", "{", /expected a string at byte 1, got the end/],
    ["no end behind a member", '{"a":1', /expected , or \} at byte 6, got the end/],
    ["no end of a string", '{"a', /expected " at byte 3, got the end/],
    ["a string that ends in a backslash", '{"a\\"', /expected " at byte 5, got the end/],
    ["no comma", '{"a":1"b":2}', /expected , or \} at byte 6, got "\\"b\\":2\}"/],
    ["a comma too many", '{"a":1,}', /expected a string at byte 7/],
    ["a comma first", "{,}", /expected a string at byte 1/],
    ["no colon", '{"a" 1}', /expected : at byte 5/],
    ["no value", '{"a":}', /expected a string, a number, true or false at byte 5/],
    ["a name without quotes", "{a:1}", /expected a string at byte 1/],
    ["single quotes", "{'a':1}", /expected a string at byte 1/],
    ["null", '{"a":null}', /expected a string, a number/],
    ["a list for a scalar", '{"a":[]}', /expected a string, a number/],
    ["an object for a scalar", '{"a":{}}', /expected a string, a number/],
    ["half a word", '{"a":tru}', /expected a string, a number/],
    ["a longer word", '{"a":truest}', /expected , or \} at byte 9/],
    ["a comment", '{"a":1/**/}', /expected , or \} at byte 6/],
    ["something behind", "{}x", /expected nothing more at byte 2, got "x"/],
    ["a zero behind", "{}\0", /expected nothing more at byte 2/],
    ["another space", "{\u00a0}", /expected a string at byte 1/],
    ["a name twice", '{"a":1,"b":2,"a":3}', /expected every name once at byte 13/],
    ["a name twice, once escaped", '{"a":1,"\\u0061":3}', /expected every name once at byte 7/],
    ["an empty name twice", '{"":1,"":1}', /expected every name once at byte 6/],
    ["a tab in a string", '{"a\tb":1}', /expected an escape instead of a control character at byte 3/],
    ["a line's end in a string", '{"a":"\n"}', /escape instead of a control character at byte 6/],
    ["an unknown escape", '{"\\x41":1}', /expected a string of valid escapes at byte 1/],
    ["an escape cut short", '{"\\u004":1}', /valid escapes at byte 1/],
    ["half of a surrogate pair", '{"\\ud83d":1}', /both halves of every surrogate pair at byte 1/],
    ["the other half", '{"\\ude00":1}', /both halves/],
    ["a turned pair", '{"\\ude00\\ud83d":1}', /both halves/],
    ["a half before a letter", '{"\\ud83da":1}', /both halves/],
    ["a continuation alone", string(0x80), /expected UTF-8 at byte 2/],
    ["UTF-8 cut short", string(0xe2, 0x82), /expected UTF-8 at byte 2/],
    ["UTF-8 too long for its character", string(0xc0, 0xaf), /expected UTF-8/],
    ["a surrogate in UTF-8", string(0xed, 0xa0, 0x80), /expected UTF-8/],
    ["UTF-8 beyond Unicode", string(0xf4, 0x90, 0x80, 0x80), /expected UTF-8/],
    ["bad UTF-8 beside an escape", string(0xff, 0x5c, 0x6e), /expected UTF-8 at byte 1/],
    ["bad UTF-8 outside strings", [0x7b, 0xff, 0x7d], /expected a string at byte 1, got "ÿ\}"/],
    ...["01", "+1", ".5", "1.", "1e", "0x1", "1e+", "--1", "1.5.2", "Infinity", "NaN", "1_0"].map(
      (number): [string, Bytes, RegExp] => [`the number ${number}`, `{"a":${number}}`, /at byte [56]/],
    ),
    [
      "a number of 65 digits",
      `{"a":${"1".repeat(65)}}`,
      /expected a string, a number, true or false at byte 5/,
    ],
    [
      "a number without end",
      `{"a":${"1".repeat(1e6)}`,
      /expected a string, a number, true or false at byte 5/,
    ],
  ])("refuses %s", (_, content, message) => {
    expect(() => readScalars(content)).toThrow(FormatError);
    expect(() => readScalars(content)).toThrow(message);
  });

  it.each([
    ...["-0", "-1", "2.0", "2e0", "1E1", "00", "01", "9007199254740992", "1e999", '"1"', "true", "[1]"],
    "1".repeat(65),
  ])("refuses %s as a size", (size) => {
    expect(() => readLists(`{"a":[${size}]}`)).toThrow(FormatError);
    expect(() => readLists(`{"a":[${size}]}`)).toThrow(
      "expected a whole number of at most 9007199254740991 at byte 6, got",
    );
  });

  it.each([
    ["more sizes than allowed", '{"a":[1,2,3,4]}', /expected at most 3 sizes at byte 12/],
    ["a comma too many", '{"a":[1,]}', /expected a whole number of at most 9007199254740991 at byte 8/],
    ["no end", '{"a":[1', /expected , or \] at byte 7, got the end/],
    ["the other bracket", '{"a":[1}}', /expected , or \] at byte 7/],
    ["no list", '{"a":1}', /expected \[ at byte 5/],
  ])("refuses a list with %s", (_, text, message) => {
    expect(() => readLists(text)).toThrow(FormatError);
    expect(() => readLists(text)).toThrow(message);
  });

  it("refuses more members than a file may have", () => {
    const text = (count: number): string => `{${Array.from({ length: count }, (_, i) => `"${i}":0`).join()}}`;
    expect(readScalars(text(MOST_MEMBERS)).size).toBe(MOST_MEMBERS);
    expect(() => readScalars(text(MOST_MEMBERS + 1))).toThrow(/at most 100000 members/);
  });

  it("refuses every control character in a string, and no other", () => {
    for (let code = 0; code < 0x100; code++) {
      const character = String.fromCharCode(code);
      if (character === '"' || character === "\\") continue;
      const read = (): unknown => readScalars(`{"${character}":0}`);
      if (code >= 0x20) expect(read()).toEqual(members([character, 0]));
      else expect(read).toThrow("expected an escape instead of a control character at byte 2");
    }
  });

  const scalar = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
  );

  it("reads what JSON.stringify wrote", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), scalar), fc.nat(3), (object, indent) => {
        const entries = Object.entries(object).map(([key, value]): [string, Scalar] => [
          key,
          Object.is(value, -0) ? 0 : value, // as JSON.stringify writes it
        ]);
        expect(readScalars(JSON.stringify(object, null, indent))).toEqual(new Map(entries));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("agrees with JSON.parse on whatever it takes, and never takes what JSON.parse refuses", () => {
    const base = '{"a":"x\\u0041\\n","b":-1.5e3,"c":true,"d":0}';
    const edit = fc.record({
      at: fc.nat(base.length - 1),
      drop: fc.nat(2),
      put: fc.string({
        maxLength: 2,
        unit: fc.constantFrom(...Array.from('{}[]":,\\ \t\n019.-+eEu/abtrue')),
      }),
    });
    let [taken, refused] = [0, 0];
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = base;
        for (const { at, drop, put } of edits) text = text.slice(0, at) + put + text.slice(at + drop);
        let read: Map<string, Scalar>;
        try {
          read = readScalars(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
          return;
        }
        const parsed: unknown = JSON.parse(text);
        expect(Object.fromEntries(read)).toEqual(parsed);
        taken++;
      }),
      { seed: 2, numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(2000);
  });
});
