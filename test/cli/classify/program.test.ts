import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { afterAll, describe, expect, it } from "vitest";
import {
  createNetwork,
  loadNetwork,
  readMetadata,
  saveNetwork,
  stratifiedSplit,
} from "../../../src/index.js";
import { small, Workplace } from "../program.js";
import { letterTexts } from "./drawn.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const { sequences, labels } = letterTexts(200);
const pairs = sequences.map((sequence, i) => ({
  text: "text" in sequence ? sequence.text : "",
  label: labels[i],
}));
writeFileSync(
  place.path("letters.csv"),
  `text,label\n${pairs.map(({ text, label }) => `${text},${label}\n`).join("")}`,
);
const lines = pairs.map((pair) => `${JSON.stringify(pair)}\n`).join("");

// With kernels for which no other process is asked first.
const tiny = ["--hidden", "8", "--embedding", "4", "--build", "simd"];
const quick = [...tiny, "--learning-rate", "0.02", "--steps", "60"];
const filesBefore = readdirSync(place.folder);
const trained = place.run(["classify", "letters.csv", ...quick]);
const filesAfter = readdirSync(place.folder);

/** Runs a command that must go well; returns its output's lines. */
function output(words: readonly string[], input = ""): string[] {
  const { code, out, err } = place.run(words, {}, input);
  expect([code, err]).toEqual([0, ""]);
  return out.trimEnd().split("\n");
}

describe("bptt classify", () => {
  it("says how it did, beside the commonest label, and how to go on", () => {
    expect([trained.code, trained.err]).toEqual([0, ""]);
    expect(trained.out).toMatch(/^letters\.csv: 200 sequences, text; 2 labels; 40 held out$/m);
    expect(trained.out).toMatch(
      /^gru, 1 layer of 8 units in each direction, [\d,]+ parameters, .* kernels$/m,
    );
    expect(trained.out).toMatch(
      /^Held out: Accuracy \d+ %, macro-F1 \d\.\d{3}, loss \d\.\d{3} nats, over 40 sequences$/m,
    );
    expect(trained.out).toMatch(
      /^Always "a or same", the commonest label: accuracy \d+ %, macro-F1 0\.\d{3}$/m,
    );
    expect(trained.out).toMatch(/^a or same +\d+ +[\d.]+ +[\d.]+ +[\d.]+$/m);
    expect(trained.out).toMatch(/^ {4}.* predict letters\.safetensors new-data\.csv$/m);
    expect(trained.out).not.toMatch(/NaN|undefined|Infinity/);
    expect(trained.out).not.toContain("\x1b");
    expect(filesAfter.filter((name) => !filesBefore.includes(name))).toEqual(["letters.safetensors"]);
  });

  it("saves one file with the network and how to read data", () => {
    const bytes = readFileSync(place.path("letters.safetensors"));
    expect(Object.keys(readMetadata(bytes)).sort()).toEqual(["classifier", "sequences", "training"]);
    expect(loadNetwork(bytes).options).toMatchObject({
      cell: "gru",
      bidirectional: true,
      output: "sequence",
      outputSize: 2,
    });
  });

  it("tells machines, reads a pipe, and learns the same from the same", () => {
    const words = ["classify", "-", ...quick, "--json", "--out", "again.safetensors"];
    const events = output(words, lines).map((line) => JSON.parse(line) as Record<string, unknown>);
    const updates = events.filter(({ event }) => event === "update");
    expect(updates).toHaveLength(60);
    const [start, ...looks] = events.filter(({ event }) => event !== "update");
    const end = looks.pop();
    expect(looks.map(({ event, step }) => [event, step])).toEqual([
      ["look", 50],
      ["look", 60],
    ]);
    expect(start).toMatchObject({
      event: "start",
      command: "classify",
      units: { loss: "nats a sequence", steps: "characters" },
      details: { training: 160, heldOut: 40, sequence: ["text"], labels: ["a or same", "more b"] },
    });
    const split = stratifiedSplit(labels, { heldOut: 0.2 });
    const heldOut = ["a or same", "more b"].map((label) => ({
      label,
      rows: split.heldOut.filter((i) => labels[i] === label).length,
    }));
    expect(end).toMatchObject({
      event: "end",
      ending: "limit",
      step: 60,
      figures: { accuracy: expect.any(Number) as number, macroF1: expect.any(Number) as number },
      details: { rows: 40, majority: { label: "a or same" }, labels: heldOut },
      model: "again.safetensors",
    });
    const [first, again] = ["letters", "again"].map((name) =>
      readFileSync(place.path(`${name}.safetensors`)),
    );
    expect(again.equals(first)).toBe(true);
    expect(trained.out).toContain(`loss ${(end?.["heldOut"] as number).toFixed(3)} nats`);
  });

  it.each([
    [
      "other options",
      ["--one-way", "--cell", "lstm", "--layers", "2", "--dropout", "0.1", "--class-weights", "root"],
    ],
    [
      "an end in epochs",
      ["--epochs", "1", "--embedding", "0", "--held-out", "0.5", "--seed", "4", "--batch", "50"],
    ],
  ])("takes %s", (_, words) => {
    const shorter = words.includes("--epochs") ? [] : ["--steps", "2"];
    output(["classify", "letters.csv", ...tiny, ...shorter, ...words, "--out", "other.safetensors"]);
    expect(output(["predict", "other.safetensors", "letters.csv"])).toHaveLength(201);
  });

  it("saves the best so far on Ctrl-C", async () => {
    const program = place.start([
      "classify",
      "letters.csv",
      ...tiny,
      "--minutes",
      "5",
      "--patience",
      "100000",
      "--json",
      "--out",
      "stopped.safetensors",
    ]);
    let out = "";
    program.stdout?.on("data", (chunk: Buffer) => {
      if (!out.includes('"look"') && chunk.includes('"look"')) program.kill("SIGINT");
      out += String(chunk);
    });
    expect(await once(program, "exit")).toEqual([130, null]);
    expect(JSON.parse(out.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      event: "end",
      ending: "signal",
    });
    expect(output(["predict", "stopped.safetensors", "letters.csv"])).toHaveLength(201);
  });
});

describe("bptt predict", () => {
  it("tells the label of each row, from CSV and from JSON lines", () => {
    const told = output(["predict", "letters.safetensors", "letters.csv"]);
    expect(told[0]).toBe("line,label,probability");
    expect(told.slice(1).map((line) => Number(line.split(",")[0]))).toEqual(labels.map((_, i) => i + 2));
    const right = told.slice(1).filter((line, i) => line.split(",")[1] === labels[i]);
    expect(right.length).toBeGreaterThan(150);
    expect(told.every((line) => line === told[0] || /,(0\.[5-9]\d{3}|1\.0000)$/.test(line))).toBe(true);
    const objects = output(["predict", "letters.safetensors", "-", "--json"], lines);
    const found = objects.map(
      (line) => JSON.parse(line) as { line: number; label: string; probability: number },
    );
    expect(
      found.map(({ line, label, probability }) => `${line + 1},${label},${probability.toFixed(4)}`),
    ).toEqual(told.slice(1));
  });

  it("tells the likeliest labels, and needs none in the data", () => {
    expect(output(["predict", "letters.safetensors", "-", "--top", "9"], "text\naaaa\nbbbb\n")).toEqual([
      "line,label,probability,label 2,probability 2",
      expect.stringMatching(/^2,a or same,[01]\.\d{4},more b,0\.\d{4}$/),
      expect.stringMatching(/^3,more b,[01]\.\d{4},a or same,0\.\d{4}$/),
    ]);
  });

  it("reads rows of numbers in groups", () => {
    const rows = Array.from({ length: 24 }, (_, i) => `r${i % 8},${i % 2},${i},"k ""${i % 2}"""`);
    writeFileSync(place.path("groups.csv"), `id,x,y,kind\n${rows.join("\n")}\n`);
    output([
      "classify",
      "groups.csv",
      "--group",
      "id",
      "--label",
      "kind",
      ...tiny,
      "--steps",
      "60",
      "--learning-rate",
      "0.05",
    ]);
    const told = output(["predict", "groups.safetensors", "groups.csv"]);
    expect(told[0]).toBe("id,label,probability");
    expect(told.slice(1).map((line) => line.split(",")[0])).toEqual([
      "r0",
      "r1",
      "r2",
      "r3",
      "r4",
      "r5",
      "r6",
      "r7",
    ]);
    expect(told[1]).toMatch(/^r0,"k ""[01]""",[01]\.\d{4}$/);
    expect(JSON.parse(output(["predict", "groups.safetensors", "groups.csv", "--json"])[7])).toMatchObject({
      line: 9,
      group: "r7",
    });
  });
});

describe("bptt evaluate", () => {
  it("measures a classifier on rows with labels", () => {
    const figures = JSON.parse(
      output(["evaluate", "letters.safetensors", "letters.csv", "--json"]).join("\n"),
    ) as Record<string, number>;
    expect(figures).toMatchObject({
      model: "letters.safetensors",
      data: "letters.csv",
      kind: "classifier",
      rows: 200,
    });
    const told = output(["predict", "letters.safetensors", "letters.csv"]).slice(1);
    const right = told.filter((line, i) => line.split(",")[1] === labels[i]).length;
    expect(figures["accuracy"]).toBeCloseTo(right / 200, 12);
    const words = output(["evaluate", "letters.safetensors", "-", "--label", "label"], lines);
    expect(words[0]).toBe("letters.safetensors on -");
    expect(words[1]).toContain(
      `macro-F1 ${figures["macroF1"].toFixed(3)}, loss ${figures["loss"].toFixed(3)} nats, over 200 sequences`,
    );
  });

  it("measures a model that writes on a text", () => {
    output(["train", "text.txt", ...small, "--steps", "20", "--out", "writer.safetensors", "--json"]);
    const figures = JSON.parse(
      output(["evaluate", "writer.safetensors", "text.txt", "--json"]).join("\n"),
    ) as Record<string, number>;
    expect(figures).toMatchObject({
      kind: "text",
      token: "character",
      tokens: place.text.length - 1,
      unknown: 0,
    });
    expect(figures["bits"]).toBeCloseTo(figures["loss"] / Math.LN2, 12);
    const words = output(["evaluate", "writer.safetensors", "-"], `ÄÖ${place.text}`);
    expect(words[1]).toBe(
      `Loss: ${figures["loss"].toFixed(3)} nats (${figures["bits"].toFixed(3)} bits) a character, ` +
        `perplexity ${figures["perplexity"].toFixed(3)}, over 3,599 characters`,
    );
    expect(words[3]).toBe("2 characters are left out: the model does not know them");
  });
});

describe("what cannot be done is said in one line, with exit code 2", () => {
  const network = createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3 });
  writeFileSync(place.path("nothing.safetensors"), saveNetwork(network));
  writeFileSync(place.path("text-model.safetensors"), saveNetwork(network, { vocabulary: "abc" }));
  writeFileSync(
    place.path("torn.safetensors"),
    readFileSync(place.path("letters.safetensors")).subarray(0, -4),
  );
  writeFileSync(place.path("other-label.csv"), "text,label\naaa,a or same\nbbb,c\n");
  writeFileSync(place.path("other-column.csv"), "name,label\naaa,a or same\n");
  writeFileSync(place.path("numbers.jsonl"), '{"text": [1, 2, 3]}\n');
  writeFileSync(place.path("one.txt"), "a");

  const data = "letters.csv";
  const model = "letters.safetensors";
  const cases: [string, string[]][] = [
    ["<data> is missing; see bptt classify --help", ["classify"]],
    ["<data> is missing; see bptt predict --help", ["predict", model]],
    [
      '<model> and <data> are expected, but "x" came too; see bptt evaluate --help',
      ["evaluate", model, data, "x"],
    ],
    ["unknown option --labels; did you mean --label?", ["classify", data, "--labels", "x"]],
    [
      '--class-weights expects none, root, balanced, not "balance"; did you mean balanced?',
      ["classify", data, "--class-weights", "balance"],
    ],
    ['--held-out expects a number above 0 and below 1, not "1"', ["classify", data, "--held-out", "1"]],
    ['--patience expects a whole number of at least 0, not "-1"', ["classify", data, "--patience", "-1"]],
    [
      '--learning-rate expects a number above 0 and at most 1e30, not "1e31"',
      ["classify", data, "--learning-rate", "1e31"],
    ],
    [
      "cannot write into the folder nowhere: there is no such folder",
      ["classify", data, "--out", "nowhere/x"],
    ],
    ["--out is the file that is read, letters.csv: choose another name", ["classify", data, "--out", data]],
    ["cannot read standard input: it is empty", ["classify", "-"]],
    ['--top expects a whole number of at least 1, not "0"', ["predict", model, data, "--top", "0"]],
    ["cannot read none.safetensors: there is no such file", ["predict", "none.safetensors", data]],
    ["letters.csv is no model of bptt: ", ["predict", data, data]],
    ["torn.safetensors is no model of bptt: ", ["evaluate", "torn.safetensors", data]],
    [
      "nothing.safetensors is a network, but no model of bptt train, forecast or classify: its metadata does not say what it reads",
      ["predict", "nothing.safetensors", data],
    ],
    [
      "text-model.safetensors writes text, and tells no labels: bptt sample writes with it, bptt evaluate measures it on a text",
      ["predict", "text-model.safetensors", data],
    ],
    [
      "numbers.jsonl, line 1: expected text, as the model learned from, got one number a step",
      ["predict", model, "numbers.jsonl"],
    ],
    ["text.txt: expected rows under the header, got none", ["predict", model, "text.txt"]],
    ['other-column.csv has no column "text", but "name", "label"', ["predict", model, "other-column.csv"]],
    [
      'other-label.csv, line 3: label: expected one of "a or same", "more b", got "c"',
      ["evaluate", model, "other-label.csv"],
    ],
    ['numbers.jsonl, line 1: expected a field "label", got "text"', ["evaluate", model, "numbers.jsonl"]],
    [
      "one.txt has one character that the model knows: two are needed",
      ["evaluate", "text-model.safetensors", "one.txt"],
    ],
    ["cannot read none.txt: there is no such file", ["evaluate", "text-model.safetensors", "none.txt"]],
    ["is no model of bptt train: it is a network, but none that writes text", ["sample", model]],
  ];

  it.each(cases)("%s", (message, words) => {
    const { code, out, err } = place.run(words);
    expect(err).toContain(message);
    expect(err).toMatch(/^bptt: [^\n]+\n$/);
    expect([out, code]).toEqual(["", 2]);
  });
});
