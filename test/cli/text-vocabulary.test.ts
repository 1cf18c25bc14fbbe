import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureText } from "../../src/cli/text-evaluation.js";
import {
  countUnknown,
  decoderOf,
  drawn,
  encodeText,
  readVocabularyPlan,
  readWith,
} from "../../src/cli/text-vocabulary.js";
import { ByteVocabulary, CharVocabulary, createNetwork, sample, WordVocabulary } from "../../src/index.js";

const words = WordVocabulary.fromWords(["the", "fox", ", ", ",", "runs", "\n", "été"]);
const bytes = new ByteVocabulary();
const vocabularies = { words, bytes, characters: CharVocabulary.from("the fox, runs\né😀") };

describe("the options that choose a vocabulary", () => {
  it.each([
    [{}, { kind: "characters" }],
    [{ bytes: "" }, { kind: "bytes" }],
    [{ words: "" }, { kind: "words", minCount: 2, maxSize: undefined }],
    [
      { words: "", "min-count": "5", "max-words": "100" },
      { kind: "words", minCount: 5, maxSize: 100 },
    ],
  ])("%j is %j", (given, plan) => {
    expect(readVocabularyPlan(given)).toEqual(plan);
  });

  it.each([
    [{ words: "", bytes: "" }, "only one of --words and --bytes can be given"],
    [{ "min-count": "2" }, "--min-count needs --words"],
    [{ bytes: "", "max-words": "9" }, "--max-words needs --words"],
    [{ words: "", "min-count": "0" }, '--min-count expects a whole number of at least 1, not "0"'],
    [{ words: "", "max-words": "1" }, '--max-words expects a whole number of at least 2, not "1"'],
  ])("%j is refused", (given, message) => {
    expect(() => readVocabularyPlan(given)).toThrow(message);
  });
});

describe("a text of which a part is held out", () => {
  const plan = { kind: "words", minCount: 2, maxSize: undefined } as const;

  it("has words of what is learned from alone, the rest being unknown", () => {
    const text = `${"the fox runs\n".repeat(20)}${"wolf\n".repeat(10)}`;
    const { vocabulary, learned, heldOut } = encodeText(plan, text, 54 / text.length);
    expect(vocabulary.decode(learned)).toBe("the fox runs\n".repeat(20));
    expect(vocabulary.decode(heldOut)).toBe("\ufffd\n".repeat(10));
    expect(countUnknown(vocabulary, heldOut)).toBe(10);
  });

  it("is whole in both parts together, wherever it is cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "😀", "é", " ", "\n"), minLength: 2, maxLength: 40 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.constantFrom("characters", "bytes", "words"),
        (text, held, kind) => {
          const chosen = kind === "words" ? { ...plan, minCount: 1 } : { kind };
          const { vocabulary, learned, heldOut } = encodeText(chosen, text, held);
          if (kind === "words") {
            const end = text.length - Math.floor(text.length * held);
            const known = vocabulary.decode(learned);
            expect(text.startsWith(known)).toBe(true);
            expect(known.length).toBeGreaterThanOrEqual(end);
            expect(known.length).toBeLessThanOrEqual(Math.max(end + 1, (end + text.length) / 2));
            expect(heldOut).toEqual(vocabulary.encode(text.slice(known.length)));
          } else {
            expect(vocabulary.decode([...learned, ...heldOut])).toBe(text);
            expect(heldOut).toHaveLength(Math.floor((learned.length + heldOut.length) * held));
          }
        },
      ),
    );
  });

  it("is refused where no word is frequent enough", () => {
    expect(() => encodeText({ ...plan, minCount: 5000 }, "the fox", 0)).toThrow(
      "no word of the text occurs 5,000 times: choose a smaller --min-count",
    );
  });
});

describe("tokens that come in parts", () => {
  it.each(Object.entries(vocabularies))("have the text of the whole: %s", (_, vocabulary) => {
    const draw = fc.array(fc.nat(vocabulary.size - 1), { maxLength: 30 });
    const text = fc
      .constantFrom("the fox, the fox runs\n", "été 😀é")
      .map((one) => [...readWith(vocabulary, one).tokens]);
    fc.assert(
      fc.property(fc.oneof(draw, text), fc.array(fc.nat(30), { maxLength: 6 }), (tokens, cuts) => {
        const decode = decoderOf(vocabulary);
        const ends = [...cuts.sort((a, b) => a - b), tokens.length];
        const parts = ends.map((end, i) =>
          decode(Int32Array.from(tokens.slice(i === 0 ? 0 : ends[i - 1], end))),
        );
        const whole = vocabulary.decode(tokens);
        // Of bytes, a last character that is not whole waits.
        expect(parts.join("")).toBe(vocabulary === bytes ? whole.slice(0, parts.join("").length) : whole);
        expect(whole.slice(parts.join("").length)).toMatch(vocabulary === bytes ? /^\ufffd?$/ : /^$/);
      }),
    );
  });
});

describe("words that a model does not know", () => {
  const network = createNetwork({ inputSize: words.size, hiddenSize: 4, outputSize: words.size, seed: 2 });

  it("are tokens that are told like any other, and counted", async () => {
    const model = { network, vocabulary: words };
    const { figures, note } = await measureText(model, "text", "the wolf runs, the wolf");
    expect(figures).toMatchObject({ token: "word", tokens: 5, unknown: 2 });
    expect(figures.perplexity).toBeCloseTo(Math.exp(figures.loss), 4);
    expect(note).toMatch(/^2 of the words, 33 %, are unknown to the model/);
    expect((await measureText(model, "text", "the fox")).note).toBeUndefined();
    await expect(measureText(model, "t.txt", "wolf")).rejects.toThrow("t.txt has one word: two are needed");
  });

  it("are never written", () => {
    // A network that would write hardly anything else.
    const head = network.parameters.find(({ name }) => name === "head.bias");
    const bias = new Float32Array(words.size);
    bias[words.unknown] = 50;
    head?.write(bias);
    using session = network.session();
    const options = { length: 50, seed: 1 };
    expect(new Set(sample(session, options))).toEqual(new Set([words.unknown]));
    session.reset();
    expect(sample(session, { ...options, ...drawn(words) })).not.toContain(words.unknown);
    expect(drawn(bytes)).toEqual({});
  });
});
