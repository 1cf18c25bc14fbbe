import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readText, type TextChunk, type TextSource } from "../../src/data/text-source.js";
import { FormatError } from "../../src/errors.js";
import { anyString, cutAt, places, wholeText } from "./texts.js";

async function textOf(source: TextSource): Promise<string> {
  let text = "";
  for await (const part of readText(source)) {
    expect(part).not.toBe("");
    expect(part.length).toBeLessThanOrEqual(0x1_0002);
    text += part;
  }
  return text;
}

async function* streamed(chunks: readonly TextChunk[]): AsyncGenerator<TextChunk> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** A stream of the web that cannot be iterated, as Safari's. */
function readable(chunks: readonly TextChunk[]) {
  const stream = new ReadableStream<TextChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  return { getReader: () => stream.getReader() };
}

const kinds = [
  ["an array", (chunks: readonly TextChunk[]) => chunks],
  ["a generator", streamed],
  [
    "a web stream",
    (chunks: readonly TextChunk[]) =>
      new ReadableStream({
        pull(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          controller.close();
        },
      }),
  ],
  ["a web stream without an iterator", readable],
  ["a promise", (chunks: readonly TextChunk[]) => Promise.resolve(chunks)],
] as const;

describe("readText", () => {
  it.each(kinds)("gives the text of %s, wherever characters and bytes are cut", async (_, open) => {
    await fc.assert(
      fc.asyncProperty(wholeText, places, fc.boolean(), async (text, at, bom) => {
        const bytes = new TextEncoder().encode((bom ? "\ufeff" : "") + text);
        const expected = !bom && text.startsWith("\ufeff") ? text.slice(1) : text;
        expect(await textOf(() => open(cutAt(bytes, at)))).toBe(expected);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it("gives any string back, half of a pair where it has one", async () => {
    await fc.assert(
      fc.asyncProperty(anyString, places, async (text, at) => {
        const expected = text.startsWith("\ufeff") ? text.slice(1) : text;
        expect(await textOf(() => cutAt(text, at))).toBe(expected);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("takes chunks of both kinds, and long ones piece by piece", async () => {
    const long = "añ😀".repeat(50_000);
    const bytes = new TextEncoder().encode(long);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect(await textOf(() => [long, bytes, shared, new Uint8Array(), "", Buffer.from(bytes)])).toBe(
      long.repeat(4),
    );
    expect(await textOf(() => "a text by itself")).toBe("a text by itself");
  });

  // Of the standard's table of well-formed sequences (Unicode, table 3-7): what may follow, and what not.
  it("refuses malformed UTF-8 where a strict decoder does, and says the byte", async () => {
    const byte = fc.oneof(
      fc.constantFrom(0x61, 0x80, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
      fc.integer({ min: 0, max: 255 }),
    );
    const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        strict.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(byte, { maxLength: 12 }), places, async (list, at) => {
        const bytes = Uint8Array.from(list);
        const reading = textOf(() => cutAt(bytes, at));
        if (accepts(bytes)) {
          const text = strict.decode(bytes);
          expect(await reading).toBe(text.startsWith("\ufeff") ? text.slice(1) : text);
          return;
        }
        refused++;
        const error: unknown = await reading.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(FormatError);
        const { message } = error as FormatError;
        const place = Number(/at byte (\d+)/.exec(message)?.[1]);
        // All before it is well-formed, and no more of it can be.
        expect(accepts(bytes.subarray(0, place))).toBe(true);
        expect(message).toContain(`0x${bytes[place].toString(16).padStart(2, "0")}`);
        const cutOff = message.includes("cut off");
        for (let end = place + 1; end <= bytes.length; end++)
          expect(accepts(bytes.subarray(0, end))).toBe(false);
        const completed = [
          [0x80],
          [0xa0],
          [0x90],
          [0x80, 0x80],
          [0xa0, 0x80],
          [0x90, 0x80],
          [0x80, 0x80, 0x80],
          [0x90, 0x80, 0x80],
        ];
        expect(completed.some((tail) => accepts(Uint8Array.of(...bytes, ...tail)))).toBe(cutOff);
      }),
      { seed: 1, numRuns: 1200 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it.each<[string, () => unknown, new () => Error, RegExp]>([
    ["a text for a source", () => "text", TypeError, /"source" expected a function .* got "text"/],
    ["a stream for a source", () => streamed([]), TypeError, /"source" expected a function .* got an object/],
    [
      "nothing opened",
      () => () => undefined,
      TypeError,
      /"source" expected to return chunks .* got undefined/,
    ],
    ["bytes opened", () => () => new Uint8Array(2), TypeError, /"source" .* got Uint8Array\(2\)/],
    ["a number among the chunks", () => () => ["a", 5], TypeError, /"source" expected chunks .* got 5/],
    ["an array among the chunks", () => () => [Uint16Array.of(97)], TypeError, /got Uint16Array\(1\)/],
    ["a rejection", () => () => Promise.reject(new RangeError("no such file")), RangeError, /^no such file$/],
    [
      "a text within a character",
      () => () => [Uint8Array.of(0xe2), "a"],
      FormatError,
      /cut off at byte 0 \(0xe2\)/,
    ],
  ])("rejects for %s", async (_, source, type, message) => {
    const reading: Promise<unknown> = textOf(source() as TextSource);
    await expect(reading).rejects.toThrow(type);
    await expect(reading).rejects.toThrow(message);
  });

  it.each([
    ["iterated", (stream: ReadableStream<string>) => stream],
    ["read", (stream: ReadableStream<string>) => ({ getReader: () => stream.getReader() })],
  ])("cancels a web stream that is %s when it is left", async (_, open) => {
    let cancelled = 0;
    const make = () =>
      new ReadableStream<string>(
        {
          pull(controller) {
            controller.enqueue("text");
          },
          cancel() {
            cancelled++;
          },
        },
        { highWaterMark: 0 },
      );
    for await (const part of readText(() => open(make()))) {
      expect(part).toBe("text");
      break;
    }
    expect(cancelled).toBe(1);
    const fails = () =>
      open(new ReadableStream<string>({ pull: () => Promise.reject(new RangeError("broken off")) }));
    await expect(textOf(fails)).rejects.toThrow("broken off");
  });
});
