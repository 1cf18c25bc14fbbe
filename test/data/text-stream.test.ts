import { mkdtempSync, rmSync, writeFileSync, createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteVocabulary } from "../../src/data/byte-vocabulary.js";
import { readCharVocabulary, readWordVocabulary } from "../../src/data/read-vocabulary.js";
import type { TextChunk, TextSource } from "../../src/data/text-source.js";
import { textStream } from "../../src/data/text-stream.js";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { CharVocabulary, type Vocabulary } from "../../src/data/vocabulary.js";
import { WordVocabulary } from "../../src/data/word-vocabulary.js";
import { createNetwork } from "../../src/network/create-network.js";
import { adam } from "../../src/optimize/adam.js";
import { sgd } from "../../src/optimize/sgd.js";
import { evaluate } from "../../src/train/evaluate.js";
import { resumeTraining } from "../../src/train/resume-training.js";
import { train } from "../../src/train/train.js";
import type { Progress } from "../../src/train/training.js";
import { cutAt, places, wholeText } from "./texts.js";

async function windowsOf(data: AsyncIterable<TrainingWindow>): Promise<TrainingWindow[]> {
  const windows: TrainingWindow[] = [];
  for await (const window of data) windows.push(window);
  return windows;
}

/** A tokenizer from elsewhere, of two characters a token, without a way to encode parts. */
function foreign(): Vocabulary & { readonly given: string[] } {
  const given: string[] = [];
  return {
    given,
    size: 256,
    encode(text) {
      given.push(text);
      return Int32Array.from({ length: Math.ceil(text.length / 2) }, (_, i) => text.charCodeAt(2 * i) % 256);
    },
    decode: () => "",
  };
}

/** What came of a source: how often it was opened and closed, and chunks read. */
function watched(chunks: readonly TextChunk[], failsAt = Infinity) {
  const seen = { opened: 0, closed: 0, read: 0 };
  const source: TextSource = async function* () {
    seen.opened++;
    try {
      for (const [i, chunk] of chunks.entries()) {
        if (i === failsAt) throw new RangeError("the disk is gone");
        seen.read++;
        yield await Promise.resolve(chunk);
      }
    } finally {
      seen.closed++;
    }
  };
  return { seen, source };
}

const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  window: fc.integer({ min: 1, max: 6 }),
  stretch: fc.integer({ min: 1, max: 30 }),
});

describe("textStream", () => {
  it.each<[string, (text: string) => Vocabulary]>([
    ["characters", (text) => CharVocabulary.from(text)],
    ["bytes", () => new ByteVocabulary()],
    ["words", (text) => WordVocabulary.from(`a ${text}`, { minCount: 1 })],
    ["another's tokens", foreign],
  ])("gives the windows of the whole text's %s, however it is cut", async (_, make) => {
    let several = 0;
    await fc.assert(
      fc.asyncProperty(wholeText, places, sizes, fc.boolean(), async (written, at, given, asBytes) => {
        const text = `x${written}y${written}`; // no byte order mark at its start
        const { batch, window } = given;
        const least = batch * (window + 1);
        const stretch = Math.max(least, given.stretch);
        const vocabulary = make(text);
        const tokens = vocabulary.encode(text);
        const chunks = asBytes ? cutAt(new TextEncoder().encode(text), at) : cutAt(text, at);
        const data = textStream(() => chunks, vocabulary, { batch, window, stretch });
        if (tokens.length < least) {
          await expect(windowsOf(data)).rejects.toThrow(
            `"source" expected a text of at least ${least} tokens (batch ${batch} · (window ${window} + 1)), got ${tokens.length}`,
          );
          return;
        }
        // Stretches of whole windows and a last target for each cursor.
        let length = least;
        while (length + batch * window <= stretch) length += batch * window;
        const expected: TrainingWindow[] = [];
        for (let from = 0; from + least <= tokens.length; from += length)
          expected.push(...tokenStream(tokens.slice(from, from + length), { batch, window }));
        const plain = ({ inputs, ...rest }: TrainingWindow) => ({
          ...rest,
          inputs: { ...inputs, tokens: [...(inputs.tokens ?? [])] },
        });
        for (let epoch = 0; epoch < 2; epoch++)
          expect((await windowsOf(data)).map(plain)).toEqual(expected.map(plain));
        if (tokens.length > length) several++;
      }),
      { seed: 1, numRuns: 300 },
    );
    expect(several).toBeGreaterThan(30);
  });

  it("reads no chunk before it needs one, and closes what is left early", async () => {
    const chunks = Array.from({ length: 1000 }, () => "abcdefghij");
    const { seen, source } = watched(chunks);
    const data = textStream(source, CharVocabulary.from("abcdefghij"), { batch: 1, window: 9, stretch: 20 });
    expect(seen).toEqual({ opened: 0, closed: 0, read: 0 });
    const iterator = data[Symbol.asyncIterator]();
    let most = 0;
    for (let i = 0; i < 50; i++) {
      await iterator.next();
      // A stretch is of 19 tokens and two windows: of what is read, less than a chunk waits.
      most = Math.max(most, seen.read * 10 - Math.ceil((i + 1) / 2) * 19);
    }
    expect(most).toBeLessThan(10);
    expect(seen).toMatchObject({ opened: 1, closed: 0 });
    await iterator.return?.();
    expect(seen).toMatchObject({ opened: 1, closed: 1 });
    await expect(iterator.next()).resolves.toEqual({ done: true, value: undefined });
  });

  it("lets the source's errors through, with the windows before them, and can be read again", async () => {
    const chunks = ["aaaaaaaaaa", "aaaaaaaaaa", "aaaaaaaaaa"];
    for (const failsAt of [0, 1, 2]) {
      const { seen, source } = watched(chunks, failsAt);
      const data = textStream(source, CharVocabulary.from("a"), { batch: 1, window: 4, stretch: 5 });
      for (let epoch = 1; epoch <= 2; epoch++) {
        const windows: TrainingWindow[] = [];
        const reading = (async () => {
          for await (const window of data) windows.push(window);
        })();
        await expect(reading).rejects.toThrow(new RangeError("the disk is gone"));
        expect(windows).toHaveLength(2 * failsAt);
        expect(seen).toEqual({ opened: epoch, closed: epoch, read: epoch * failsAt });
      }
    }
  });

  it("lets the vocabulary's errors through, and closes the source", async () => {
    const { seen, source } = watched(["aaaaaaaaaa", "aaab", "aaaa"]);
    const data = textStream(source, CharVocabulary.from("a"), { batch: 1, window: 4 });
    await expect(windowsOf(data)).rejects.toThrow(/got "b" \(U\+0062\) at index 13/);
    expect(seen).toEqual({ opened: 1, closed: 1, read: 2 });
    const skipping = textStream(source, CharVocabulary.from("a"), { batch: 1, window: 4, unknown: "skip" });
    expect(await windowsOf(skipping)).toHaveLength(4);
  });

  it("gives a tokenizer from elsewhere long parts that begin with white space", async () => {
    const vocabulary = foreign();
    const text = "some words and more\n".repeat(20_000);
    await windowsOf(textStream(() => cutAt(text, [7, 501]), vocabulary, { batch: 2, window: 5000 }));
    expect(vocabulary.given.join("")).toBe(text);
    expect(vocabulary.given.length).toBeGreaterThan(3);
    for (const part of vocabulary.given.slice(1)) expect(part).toMatch(/^\s\S/);
    // Without any, or with nothing else, as long as it has to be.
    for (const unit of ["x", " "]) {
      const solid = foreign();
      await windowsOf(textStream(() => [unit.repeat(1_500_000)], solid, { batch: 2, window: 50_000 }));
      expect(Math.max(...solid.given.map(({ length }) => length))).toBe(0x10_0000);
    }
    const late = foreign();
    const long = `${"x".repeat(200_000)} ${"y".repeat(10)}`;
    await windowsOf(textStream(() => cutAt(long, [70_000, 140_000]), late, { batch: 2, window: 5000 }));
    expect(late.given).toEqual([long.slice(0, 200_000), long.slice(200_000)]);
  });

  it("trains, evaluates, and closes the source of a training that is left or aborted", async () => {
    const { seen, source } = watched(Array.from({ length: 40 }, () => "the quick brown fox "));
    const vocabulary = await readCharVocabulary(source);
    const options = { batch: 4, window: 8, stretch: 200 };
    const data = textStream(source, vocabulary, options);
    using network = createNetwork({ inputSize: vocabulary.size, hiddenSize: 4, outputSize: vocabulary.size });
    const { count } = await evaluate(network, data);
    expect(count).toBe((await windowsOf(data)).length * 32);
    const before = { ...seen };
    expect(before.closed).toBe(before.opened);
    let epochs = 0;
    for await (const { epochEnd } of train(network, data, {
      optimizer: sgd({ learningRate: 0.1 }),
      epochs: 3,
    }))
      if (epochEnd) epochs++;
    expect(epochs).toBe(3);
    expect(seen.opened).toBe(before.opened + 3);
    for await (const progress of train(network, data, { optimizer: sgd({ learningRate: 0.1 }), epochs: 3 }))
      if (progress.step === 5) break;
    expect(seen.closed).toBe(seen.opened);
    const stop = new AbortController();
    const training = async () => {
      const given = { optimizer: sgd({ learningRate: 0.1 }), signal: stop.signal };
      for await (const { step } of train(network, data, given))
        if (step === 3) stop.abort(new Error("enough"));
    };
    await expect(training()).rejects.toThrow("enough");
    expect(seen.closed).toBe(seen.opened);
  });

  it("is walked to its place by a training that goes on, in whichever epoch", async () => {
    const { seen, source } = watched(Array.from({ length: 40 }, () => "the quick brown fox "));
    const vocabulary = await readCharVocabulary(source);
    const data = textStream(source, vocabulary, { batch: 4, window: 8, stretch: 200 });
    const sizes = { inputSize: vocabulary.size, hiddenSize: 4, outputSize: vocabulary.size };
    const options = { optimizer: adam(), epochs: 3, patience: 9, validation: data };
    const of = ({ step, loss, validationLoss }: Progress) => ({ step, loss, validationLoss });
    using network = createNetwork(sizes);
    const saved: Uint8Array[] = [];
    const events: ReturnType<typeof of>[] = [];
    const training = train(network, data, options);
    for await (const progress of training) {
      saved.push(training.save());
      events.push(of(progress));
    }
    expect(events.length).toBeGreaterThan(60);
    for (const at of [0, 7, 24, 25, 26, 40, 65]) {
      const rest: ReturnType<typeof of>[] = [];
      const resumed = resumeTraining(saved[at], data, { ...options, optimizer: adam() });
      for await (const progress of resumed) rest.push(of(progress));
      resumed.network.dispose();
      expect(rest).toEqual(events.slice(at + 1));
    }
    expect(seen.closed).toBe(seen.opened);
  });

  it("reads a file and a blob", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bptt-text-"));
    try {
      const text = "größer ist 水 😀\n".repeat(2000);
      writeFileSync(join(folder, "text"), text);
      const expected = [...tokenStream(new ByteVocabulary().encode(text), { batch: 3, window: 400 })];
      for (const source of [
        () => createReadStream(join(folder, "text"), { highWaterMark: 1001 }),
        () => new Blob([text]).stream(),
      ]) {
        const data = textStream(source, new ByteVocabulary(), { batch: 3, window: 400 });
        expect(await windowsOf(data)).toEqual(expected);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const good = { batch: 2, window: 3 };
  const chars = CharVocabulary.from("ab");
  it.each<[string, unknown[], new () => Error, RegExp]>([
    ["a text", ["abab", chars, good], TypeError, /"source" expected a function/],
    [
      "no vocabulary",
      [() => ["ab"], undefined, good],
      TypeError,
      /"vocabulary" expected a vocabulary, got undefined/,
    ],
    [
      "half a vocabulary",
      [() => ["ab"], { size: 2, encode: () => [] }, good],
      TypeError,
      /"vocabulary" expected/,
    ],
    [
      "a vocabulary of size 0",
      [() => ["ab"], { size: 0, encode: () => [], decode: () => "" }, good],
      RangeError,
      /"vocabulary.size" .* got 0/,
    ],
    ["no options", [() => ["ab"], chars], TypeError, /"options" expected an object/],
    ["another option", [() => ["ab"], chars, { ...good, windows: 1 }], TypeError, /did you mean "window"/],
    ["a batch of 0", [() => ["ab"], chars, { batch: 0, window: 3 }], RangeError, /"batch" .* got 0/],
    ["half a window", [() => ["ab"], chars, { batch: 1, window: 0.5 }], RangeError, /"window" .* got 0.5/],
    [
      "a short stretch",
      [() => ["ab"], chars, { ...good, stretch: 7 }],
      RangeError,
      /"stretch" .* 8 .* got 7/,
    ],
    [
      "another word",
      [() => ["ab"], chars, { ...good, unknown: "keep" }],
      RangeError,
      /"options.unknown" .* "keep"/,
    ],
    [
      "a window past all memory",
      [() => ["ab"], chars, { batch: 0x1_0000, window: 0x1_0000 }],
      RangeError,
      /"batch · \(window \+ 1\)" .* got 4295032832/,
    ],
  ])("refuses %s", (_, args, type, message) => {
    const act = (): unknown => Reflect.apply(textStream, undefined, args);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["a list", [0, 1], TypeError, /"vocabulary" expected to encode to an Int32Array, got an array of 2/],
    ["a token too high", Int32Array.of(0, 2), RangeError, /"vocabulary" .* tokens from 0 to 1, got 2/],
    ["a negative token", Int32Array.of(-1), RangeError, /"vocabulary" .* got -1/],
  ])("refuses a vocabulary that encodes to %s", async (_, tokens, type, message) => {
    const vocabulary = { size: 2, encode: () => tokens as Int32Array, decode: () => "" };
    const reading = windowsOf(textStream(() => ["ab"], vocabulary, good));
    await expect(reading).rejects.toThrow(type);
    await expect(reading).rejects.toThrow(message);
  });

  it.each<[string, TextSource, string]>([
    ["an empty text", () => [], `"source" expected a text each time it is called, got an empty one`],
    ["a short text", () => ["abab"], `at least 8 tokens (batch 2 · (window 3 + 1)), got 4`],
  ])("refuses %s", async (_, source, message) => {
    await expect(windowsOf(textStream(source, chars, good))).rejects.toThrow(message);
  });
});

describe("a vocabulary that is read", () => {
  it("is that of the whole text, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(wholeText, places, async (written, at) => {
        const text = `a a ${written}`;
        const source = () => cutAt(new TextEncoder().encode(text), at);
        expect((await readCharVocabulary(source)).characters).toBe(CharVocabulary.from(text).characters);
        for (const options of [{}, { minCount: 1, maxSize: 4 }]) {
          const { words } = await readWordVocabulary(source, options);
          expect(words).toEqual(WordVocabulary.from(text, options).words);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it.each<[string, () => Promise<unknown>, new () => Error, string]>([
    ["no text", () => readCharVocabulary(() => []), RangeError, `"source" expected a text, got an empty one`],
    [
      "no text",
      () => readWordVocabulary(() => ["", ""]),
      RangeError,
      `"source" expected a text, got an empty one`,
    ],
    [
      "rare words",
      () => readWordVocabulary(() => ["a b"]),
      RangeError,
      `"source" expected a word that occurs`,
    ],
    ["half a pair", () => readCharVocabulary(() => ["ab", "c\ud83d", "d"]), RangeError, "U+D83D, at index 3"],
    ["half a pair", () => readWordVocabulary(() => ["ab", "c\ud83d"]), RangeError, "U+D83D, at index 3"],
    ["a count of 0", () => readWordVocabulary(() => ["a"], { minCount: 0 }), RangeError, `"minCount"`],
    [
      "no source",
      () => readCharVocabulary("a" as unknown as TextSource),
      TypeError,
      `"source" expected a function`,
    ],
  ])("is refused: %s", async (_, act, type, message) => {
    const reading = act();
    await expect(reading).rejects.toThrow(type);
    await expect(reading).rejects.toThrow(message);
  });
});
