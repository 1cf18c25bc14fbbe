import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toOnnx } from "../../../src/entries/onnx.js";
import { createNetwork, loadNetwork, readMetadata, saveNetwork } from "../../../src/index.js";
import { small, Workplace } from "../program.js";

const fixtures = join(import.meta.dirname, "../../fixtures");
const embedding = join(fixtures, "exchange/gru_embedding.safetensors");
const ambiguous = join(fixtures, "exchange/ambiguous.safetensors");
const last = join(fixtures, "onnx/onnx_lstm_last.onnx");

let place: Workplace;
beforeAll(() => {
  place = new Workplace();
  place.run(["train", "text.txt", "--steps", "20", ...small, "--out", "model.safetensors"]);
});
afterAll(() => {
  place.dispose();
});

const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(place.path(name)));

function parametersOf(name: string): Record<string, Float32Array> {
  using network = loadNetwork(bytes(name));
  return Object.fromEntries(network.parameters.map((parameter) => [parameter.name, parameter.read()]));
}

describe("a model of bptt train", () => {
  it.each([
    ["pytorch", "model.pytorch.safetensors", []],
    ["pytorch", "named.safetensors", ["--rnn", "net.gru", "--head", "net.fc"]],
    ["onnx", "model.onnx", []],
    ["onnx", "tokens.onnx", ["--input", "tokens", "--softmax"]],
  ])("comes back from %s as %s, bit for bit, and writes the same text", (to, out, words) => {
    const options = ["--to", to, "--out", out, "--notes", "notes.json", ...words];
    const written = place.run(["export", "model.safetensors", ...options]);
    expect(written).toMatchObject({ code: 0, err: "" });
    expect(written.out.startsWith(`${out}: `)).toBe(true);
    expect(written.out).toMatch(/^notes.json: what is noted in the model \(.*vocabulary/m);
    const made = place.run(["import", out, "--notes", "notes.json", "--out", "back.safetensors"]);
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toContain("gru network");
    expect(parametersOf("back.safetensors")).toEqual(parametersOf("model.safetensors"));
    expect(readMetadata(bytes("back.safetensors"))).toEqual(readMetadata(bytes("model.safetensors")));
    const [was, is] = ["model", "back"].map((name) =>
      place.run(["sample", `${name}.safetensors`, "--length", "50"]),
    );
    expect(is).toEqual(was);
  });

  it("is named after the model, and says what the file has no place for", () => {
    const { out } = place.run(["export", "model.safetensors", "--to", "onnx"]);
    expect(out).toMatch(
      /^model\.onnx: \d+ kB\nWhat is noted in the model is not in that file \(.*vocabulary.*--notes/,
    );
    const json = place.run(["export", "model.safetensors", "--to", "pytorch", "--json"]).out;
    expect(JSON.parse(json)).toEqual({
      file: "model.pytorch.safetensors",
      bytes: bytes("model.pytorch.safetensors").length,
      format: "pytorch",
      notes: null,
    });
  });

  it("takes half the room with --half", () => {
    place.run(["export", "model.safetensors", "--to", "onnx"]);
    place.run(["import", "model.onnx", "--out", "whole"]);
    place.run(["import", "model.onnx", "--out", "half", "--half"]);
    expect(bytes("half").length).toBeLessThan(0.7 * bytes("whole").length);
    const whole = parametersOf("whole")["head.bias"];
    // Half precision has 11 bits.
    for (const [i, value] of parametersOf("half")["head.bias"].entries())
      expect(Math.abs(value - whole[i])).toBeLessThanOrEqual(Math.abs(whole[i]) / 2048);
  });
});

describe("bptt info", () => {
  it.each([
    [embedding, "PyTorch", { cell: "gru", inputSize: 7, embeddingSize: 5, outputSize: 7 }],
    [last, "ONNX", { cell: "lstm", output: "sequence", outputSize: 2 }],
  ])("says of %s which network bptt import makes of it", (file, origin, options) => {
    const told = place.run(["info", file]);
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toContain(`A file of ${origin}. To make a model of it: `);
    const json: unknown = JSON.parse(place.run(["info", file, "--json"]).out);
    expect(json).toMatchObject({ origin, options, metadata: {} });
  });
});

describe("bptt info of what bptt import makes no model of as it is", () => {
  it("lists the tensors, and says what chooses", () => {
    const told = place.run(["info", ambiguous]);
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toMatch(/^other\.weight +F32 \[2, 12\]$/m);
    expect(told.out).toMatch(
      /bptt import makes no model of it as it is: expected .*--head and --embedding choose/,
    );
  });

  it("tells of a graph with a loop", () => {
    using network = createNetwork({ cell: "mingru", inputSize: 3, hiddenSize: 4, outputSize: 2 });
    writeFileSync(place.path("loop.onnx"), toOnnx(network));
    const told = place.run(["info", "loop.onnx"]);
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toMatch(/^nodes +.*1 Scan/m);
    expect(told.out).toMatch(/^input h0 +FLOAT \[1, /m);
    const json: unknown = JSON.parse(place.run(["info", "loop.onnx", "--json"]).out);
    expect(json).toMatchObject({ origin: "ONNX", problem: expect.stringContaining("a loop") as string });
  });

  it("takes a long header for no archive, whatever its length", () => {
    using network = createNetwork({ inputSize: 3, hiddenSize: 4, outputSize: 2 });
    const lengths = [18_000, 19_000].flatMap((from) => Array.from({ length: 125 }, (_, i) => from + 8 * i));
    const archive = lengths
      .map((length) => saveNetwork(network, { note: "x".repeat(length) }))
      .find(([first, second]) => first === 0x50 && second === 0x4b);
    if (archive === undefined) throw new Error("no note makes a header that begins like an archive");
    writeFileSync(place.path("header.safetensors"), archive);
    expect(place.run(["info", "header.safetensors"])).toMatchObject({ code: 0, err: "" });
  });
});

describe("is refused, without a file left behind:", () => {
  it.each([
    [
      "a format that is not there",
      ["export", "model.safetensors", "--to", "keras"],
      /--to expects onnx, pytorch, not "keras"/,
    ],
    ["no format", ["export", "model.safetensors"], /--to is missing: --to onnx or --to pytorch/],
    [
      "an option of the other format",
      ["export", "model.safetensors", "--to", "onnx", "--rnn", "x"],
      /--rnn has no meaning with --to onnx/,
    ],
    ["no model", ["export", "model.onnx", "--to", "onnx"], /model.onnx is no model of bptt: bptt import/],
    ["no --out", ["import", ambiguous], /--out is missing/],
    [
      "several heads",
      ["import", ambiguous, "--out", "new"],
      /cannot be read as a model of PyTorch: .*"other.weight".*--head and --embedding choose/,
    ],
    ["a model of bptt", ["import", "model.safetensors", "--out", "new"], /is a model of bptt already/],
    [
      "a text",
      ["import", "text.txt", "--out", "new"],
      /text.txt is no model: neither a safetensors file, of bptt or of PyTorch, nor one of ONNX/,
    ],
    [
      "PyTorch's options for ONNX",
      ["import", "model.onnx", "--head", "x", "--out", "new"],
      /--head is for files of PyTorch/,
    ],
    [
      "two answers",
      ["import", ambiguous, "--head", "fc", "--no-head", "--out", "new"],
      /--head and --no-head contradict/,
    ],
    [
      "an archive of torch.save",
      ["import", "model.pt", "--out", "new"],
      /model.pt is an archive of torch.save.*save_model/,
    ],
    [
      "notes where the file goes",
      ["export", "model.safetensors", "--to", "onnx", "--out", "new", "--notes", "new"],
      /--notes and --out are the same file, new/,
    ],
    [
      "the model where the notes are",
      ["import", "model.onnx", "--notes", "notes.json", "--out", "notes.json"],
      /--out is the file that is read, notes.json/,
    ],
    [
      "notes that are none",
      ["import", ambiguous, "--head", "fc", "--notes", "text.txt", "--out", "new"],
      /text.txt has no notes/,
    ],
    [
      "a folder that is not there",
      ["import", ambiguous, "--head", "fc", "--out", "no/new"],
      /cannot write into the folder no/,
    ],
  ])("%s", (_, words, message) => {
    place.run(["export", "model.safetensors", "--to", "onnx", "--out", "model.onnx"]);
    writeFileSync(place.path("model.pt"), "PK\u0003\u0004");
    const before = readdirSync(place.folder);
    const { code, out, err } = place.run(words);
    expect(err).toMatch(message);
    expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
    expect(readdirSync(place.folder)).toEqual(before);
    expect(existsSync(place.path("new"))).toBe(false);
  });
});
