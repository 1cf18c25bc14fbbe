import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { createNetwork, loadVocabulary, readMetadata, saveNetwork } from "../../src/index.js";
import { small, Workplace } from "./program.js";
import { courseOf } from "./run-events.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const sentences = place.text.replaceAll(". ", ".\n");
// Its last words are in the held-out part alone.
writeFileSync(place.path("text.txt"), `${sentences}a slow wolf jumps over the lazy dog.\n`);
writeFileSync(place.path("other.txt"), "the quick wolf jumps over the dog.\n");
const few = ["--embedding", "8", "--steps", "30", "--checkpoint", "0"];
const trained = place.run(["train", "text.txt", "--words", ...small, ...few, "--run", "words"]);
const model = "words/best.safetensors";

describe("bptt train --words", () => {
  it("says what it reads, and its losses a word", () => {
    expect(trained.code).toBe(0);
    expect(trained.out).toMatch(
      /^text\.txt: 890 words, symbols and white space among them; 11 different ones, of which one is for all that is rare$/m,
    );
    expect(trained.out).toMatch(
      /^Held-out loss: \d\.\d{3} nats \(\d\.\d{3} bits\) a word, perplexity \d+\.\d, with 7\.0 % rare ones/m,
    );
    expect(trained.out).toMatch(/ words\/s /);
    expect(trained.out + trained.err).not.toMatch(/character|\ufffd|NaN|undefined/);
  });

  it("keeps the words with the network", () => {
    const vocabulary = loadVocabulary(readMetadata(readFileSync(place.path(model)))["vocabulary"]);
    expect(vocabulary.size).toBe(11);
    expect(vocabulary.decode(vocabulary.encode("the lazy dog.\nthe wolf"))).toBe("the lazy dog.\nthe \ufffd");
    expect(place.run(["info", model]).out).toMatch(
      /^vocabulary +11 words, the most frequent first: "the" "/m,
    );
  });

  it("tells machines its figures, in its units", () => {
    const events = readFileSync(place.path("words/log.jsonl"), "utf8").trimEnd().split("\n");
    expect(JSON.parse(events[0])).toMatchObject({ units: { loss: "nats a word", steps: "words" } });
    const { heldOut, figures } = JSON.parse(events.at(-1) ?? "") as {
      heldOut: number;
      figures: Record<string, number>;
    };
    expect(figures["perplexity"]).toBeCloseTo(Math.exp(heldOut), 4);
    expect(figures["unknownShare"]).toBeCloseTo(3 / 43, 6);
  });

  it.each([
    ["--min-count", "200", 2],
    ["--max-words", "4", 4],
  ])("cuts by %s", (option, value, size) => {
    const words = [
      "train",
      "text.txt",
      "--words",
      option,
      value,
      ...small,
      "--steps",
      "1",
      "--out",
      "cut.safetensors",
    ];
    if (option === "--min-count") {
      expect(place.run(words).err).toBe(
        "bptt: no word of the text occurs 200 times: choose a smaller --min-count\n",
      );
      return;
    }
    expect(place.run(words).code).toBe(0);
    expect(loadVocabulary(readMetadata(readFileSync(place.path("cut.safetensors")))["vocabulary"]).size).toBe(
      size,
    );
  });

  it("has defaults of its own", () => {
    const config = JSON.parse(
      place
        .run(["train", "text.txt", "--words", ...small, "--steps", "1", "--json", "--out", "d.safetensors"])
        .out.split("\n")[0],
    ) as object;
    expect(config).toMatchObject({ settings: { cell: "gru", embedding: "160", batch: "4", words: "" } });
  });

  it.each([
    ["after its checkpoint", () => undefined],
    [
      "before its first one",
      () => {
        rmSync(place.path("resumed/checkpoint.safetensors"));
        truncateSync(place.path("resumed/log.jsonl"), 900);
      },
    ],
  ])("is resumed %s, bit for bit", (_, spoil) => {
    cpSync(place.path("words"), place.path("resumed"), { recursive: true });
    spoil();
    expect(place.run(["resume", "resumed"]).code).toBe(0);
    expect(courseOf(place.path("resumed/log.jsonl"))).toEqual(courseOf(place.path("words/log.jsonl")));
    for (const name of ["best", "last"])
      expect(
        readFileSync(place.path(`resumed/${name}.safetensors`)).equals(
          readFileSync(place.path(`words/${name}.safetensors`)),
        ),
      ).toBe(true);
  });
});

describe("a model of words", () => {
  const sampled = (...words: string[]): string =>
    place.run(["sample", model, "--temperature", "1.5", ...words]).out;

  it("writes words that it knows, and goes on from a text", () => {
    expect(sampled("--length", "300")).not.toContain("\ufffd");
    // In parts of a thousand, with the blanks between them.
    expect(
      sampled("--length", "1500")
        .match(/[a-z]+/g)
        ?.every((word) => sentences.includes(word)),
    ).toBe(true);
    const primed = sampled("--length", "5", "--prime", "the wolf");
    expect(primed).toMatch(/^the wolf[ .\n]/);
    expect(sampled("--length", "5", "--prime", "the wolf ")).toBe(primed);
  });

  it("is measured with the words that it does not know", () => {
    const { out } = place.run(["evaluate", model, "other.txt"]);
    expect(out).toMatch(/ a word, perplexity \d+\.\d+, over 8 words$/m);
    expect(out).toMatch(/^1 of the words, 11 %, are unknown to the model: /m);
    const figures = JSON.parse(place.run(["evaluate", model, "other.txt", "--json"]).out) as object;
    expect(figures).toMatchObject({ kind: "text", token: "word", tokens: 8, unknown: 1 });
  });

  it("is diagnosed in words", () => {
    const { code, out } = place.run(["diagnose", model, "text.txt", "--window", "12", "--batch", "3"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^3 excerpts of 12 words of text\.txt/m);
    expect(out).toMatch(/^3 of the words, 0\.3 %, are unknown/m);
    expect(out).toMatch(/ train text\.txt --words --cell gru|Look further/);
    expect(out).not.toContain("character");
  });

  it("has its learning rate found, and typed with its flags", () => {
    const { out } = place.run([
      "find-rate",
      "text.txt",
      "--words",
      "--min-count",
      "3",
      ...small,
      "--steps",
      "60",
    ]);
    expect(out).toMatch(/train text\.txt --words --min-count 3 --hidden 16 .* --learning-rate /);
  });
});

describe("bptt train --bytes", () => {
  it("reads and writes every character of every script", () => {
    writeFileSync(place.path("scripts.txt"), "été 😀 日本\n".repeat(100));
    const words = [
      "train",
      "scripts.txt",
      "--bytes",
      ...small,
      "--cell",
      "elman",
      "--learning-rate",
      "0.02",
      "--steps",
      "150",
    ];
    const { code, out } = place.run(words);
    expect(code).toBe(0);
    expect(out).toContain("scripts.txt: 1,800 bytes, 256 different ones");
    expect(out).toMatch(/^Held-out loss: .* a byte\. It now writes:$/m);
    const sampled = (...more: string[]): string =>
      place.run(["sample", "scripts.safetensors", "--temperature", "0", ...more]).out;
    // Parts of a thousand bytes end within characters.
    expect(sampled("--length", "1993", "--prime", "ét")).toMatch(/^été 😀 日本\n(été 😀 日本\n)+[^\ufffd]*$/);
    const figures = JSON.parse(
      place.run(["evaluate", "scripts.safetensors", "other.txt", "--json"]).out,
    ) as object;
    expect(figures).toMatchObject({ token: "byte", tokens: 34, unknown: 0 });
  });
});

describe("a model of characters from before", () => {
  it("still writes", () => {
    const network = createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 3 });
    writeFileSync(place.path("old.safetensors"), saveNetwork(network, { vocabulary: "abé" }));
    expect(place.run(["sample", "old.safetensors", "--length", "9"]).out).toMatch(/^[abé]{9}$/);
  });
});

describe("what is refused", () => {
  writeFileSync(
    place.path("torn.safetensors"),
    saveNetwork(createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 3 }), {
      vocabulary: '{"kind":"words","words":["a","a"]}',
    }),
  );
  it.each([
    [/^bptt: only one of --words and --bytes can be given\n$/, ["train", "text.txt", "--words", "--bytes"]],
    [/^bptt: --min-count needs --words\n$/, ["train", "text.txt", "--min-count", "2"]],
    [/^bptt: the text has 9 words, and one update takes 413 /, ["train", "other.txt", "--words"]],
    [
      /^bptt: torn.safetensors is no model of bptt train: the vocabulary: .*again\n$/,
      ["sample", "torn.safetensors"],
    ],
  ])("%s", (message, words) => {
    const { code, err } = place.run(words);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
