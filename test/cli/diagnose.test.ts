import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { createNetwork, saveNetwork } from "../../src/index.js";
import { builds } from "../builds.js";
import { small, Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

place.run(["train", "text.txt", ...small, "--cell", "lstm", "--layers", "2", "--steps", "100"]);

const quick = ["--window", "24", "--batch", "3", "--losses", "5"];
const diagnosed = (...words: string[]): string => {
  const { code, out, err } = place.run(["diagnose", "text.safetensors", "text.txt", ...quick, ...words], {
    LC_ALL: "C.UTF-8",
    TERM: "xterm",
  });
  expect([code, err]).toEqual([0, ""]);
  expect(out).not.toMatch(/NaN|undefined/);
  return out;
};

interface Figures {
  window: number;
  batch: number;
  flow: {
    loss: number;
    layers: { norms: number[]; horizon?: number; saturation: { name: string }[] }[];
    recommended?: { k1: number; k2: number; relativeBias: number };
  };
  comparison?: { rule: string; measured?: { overall: { relativeDifference: number }; draws: number } }[];
}

describe("bptt diagnose", () => {
  const out = diagnosed();

  it("plots each layer's gradients, and says how they fall", () => {
    expect(out).toMatch(/^text.safetensors: lstm, 2 layers of 16 units$/m);
    expect(out).toMatch(/^3 excerpts of 24 characters of text.txt, 5 errors followed in each/m);
    expect(out).toMatch(/^Loss: \d\.\d{3} nats/m);
    expect(out.match(/^Norm of an error's gradient, characters before it, layer \d$/gm)).toHaveLength(2);
    expect(out).toMatch(/^ +1e-?\d ┤[\u2800-\u28ff ]+$/m);
    expect(out).toMatch(/^ +0 +12 +23 back$/m);
    expect(out).toMatch(/^Falls to 0\.\d{3} of itself a character; 99 % of it/m);
    expect(out).toMatch(/^layer 2: f, forget gate, high: keeps +\d/m);
    expect(out).not.toContain("\x1b");
    for (const line of out.split("\n")) if (line.includes("┤")) expect(line.length).toBeLessThan(80);
  });

  it("ends with a command to type, which works", () => {
    const [, words = ""] = /^ {4}\S.* (train text\.txt .*)$/m.exec(out) ?? [];
    expect(words).toMatch(
      /^train text.txt --cell lstm --hidden 16 --layers 2 --rule tbptt --k1 \d+ --k2 \d+$/,
    );
    const { code, err } = place.run([
      ...words.split(" "),
      "--steps",
      "2",
      "--batch",
      "4",
      "--out",
      "b.safetensors",
    ]);
    expect([code, err.split("\n").every((line) => line === "" || line.startsWith("    "))]).toEqual([
      0,
      true,
    ]);
  });

  it("draws with ASCII where it is told to, or the terminal has no more", () => {
    const asciiOnly = /^[\x20-\x7e\n]*$/;
    const plotOf = (text: string): string =>
      text
        .split("\n")
        .filter((line) => /^ +(1e-?\d+ )?[|┤+└]/.test(line))
        .join("\n");
    expect(plotOf(diagnosed("--ascii"))).toMatch(asciiOnly);
    expect(plotOf(diagnosed("--ascii"))).toContain("*");
    const words = ["diagnose", "text.safetensors", "text.txt", ...quick];
    expect(plotOf(place.run(words, { LC_ALL: "C", TERM: "xterm" }).out)).toMatch(asciiOnly);
  });

  it("shows colours when it is told to, and none when it is told not to", () => {
    const words = ["diagnose", "text.safetensors", "text.txt", ...quick];
    expect(place.run(words, { FORCE_COLOR: "1" }).out).toContain("\x1b[1m");
    expect(place.run(words, { FORCE_COLOR: "1", NO_COLOR: "1" }).out).not.toContain("\x1b");
  });

  it("prints the figures as JSON, the same again, and compares rules", () => {
    const figures = JSON.parse(diagnosed("--json")) as Figures;
    expect(figures).toMatchObject({ window: 24, batch: 3 });
    expect(figures.flow.layers).toHaveLength(2);
    expect(figures.flow.layers[0].norms).toHaveLength(24);
    expect(figures.flow.layers[0].saturation.map(({ name }) => name)).toEqual(["i", "f", "g", "o", "c"]);
    expect(figures.flow.recommended?.relativeBias).toBeLessThanOrEqual(0.1);
    expect(figures.comparison).toBeUndefined();
    const compared = JSON.parse(diagnosed("--json", "--compare", "--draws", "2")) as Figures;
    expect(compared.flow).toEqual(figures.flow);
    const names = compared.comparison?.map(({ rule }) => rule.split(" ")[0]);
    expect(names).toEqual(["bptt", "tbptt", "tbptt", "artbp", "snap1", "kfRtrl", "uoro", "noBackTrack"]);
    const byName = new Map(compared.comparison?.map(({ rule, measured }) => [rule.split(" ")[0], measured]));
    expect(byName.get("bptt")).toMatchObject({ draws: 1, overall: { relativeDifference: 0 } });
    expect(byName.get("uoro")).toMatchObject({ draws: 2 });
  });

  it("prints the comparison as a table", () => {
    const table = diagnosed("--compare", "--draws", "2");
    expect(table).toMatch(/^--rule +bias +noise +cosine +draws +time +memory$/m);
    expect(table).toMatch(/^bptt +0 % +0 % +1\.000 +1 +\d[\d.]* ms +\d+ kB$/m);
    expect(table).toMatch(/^uoro .* 2 +\d/m);
  });

  it.each(["simd", "wide"] as const)("takes --build %s, or says why not", (build) => {
    const {
      code,
      out: printed,
      err,
    } = place.run([...["diagnose", "text.safetensors", "text.txt", ...quick], ...["--build", build]]);
    if (builds.includes(build)) expect(printed).toContain(`${build} kernels`);
    else expect(err).toMatch(new RegExp(`^bptt: "build" expected .* got "${build}"`));
    expect(code).toBe(builds.includes(build) ? 0 : 2);
  });

  it("takes a text with other characters, shorter than was asked for", () => {
    writeFileSync(place.path("other.txt"), `${place.text.slice(0, 60)}É${place.text.slice(60, 70)}ÜÖ`);
    const { code, out: printed } = place.run(["diagnose", "text.safetensors", "other.txt", ...quick]);
    expect(code).toBe(0);
    expect(printed).toMatch(/^2 excerpts of 24 characters/m);
    expect(printed).toMatch(/^3 characters are left out: the model does not know them$/m);
  });

  it("teaches with --help", () => {
    const { code, out: help } = place.run(["diagnose", "--help"]);
    expect(code).toBe(0);
    expect(help).toMatch(/^Usage: bptt diagnose <model> <text> \[options\]$/m);
    expect(help).toMatch(/^ {2}--compare {2,}\S/m);
  });
});

describe("what cannot be diagnosed is said in one line", () => {
  const network = createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3 });
  writeFileSync(place.path("wordless.safetensors"), saveNetwork(network));
  const model = "text.safetensors";
  const cases: [RegExp, string[]][] = [
    [/<model> is missing; see bptt diagnose --help/, ["diagnose"]],
    [/<text> is missing; see bptt diagnose --help/, ["diagnose", model]],
    [/<model> and <text> are expected, but "x" came too/, ["diagnose", model, "text.txt", "x"]],
    [/--compare has no value/, ["diagnose", model, "text.txt", "--compare=yes"]],
    [
      /--draws expects a whole number of at least 2, not "1"/,
      ["diagnose", model, "text.txt", "--draws", "1"],
    ],
    [/--tolerance expects a number above 0/, ["diagnose", model, "text.txt", "--tolerance", "0"]],
    [
      /unknown option --tolerence; did you mean --tolerance\?/,
      ["diagnose", model, "text.txt", "--tolerence", "1"],
    ],
    [/wordless.safetensors is no model of bptt train/, ["diagnose", "wordless.safetensors", "text.txt"]],
    [/cannot read none.txt: there is no such file/, ["diagnose", model, "none.txt"]],
    [
      /text.txt has 3600 characters, and an excerpt takes 5001: choose a smaller --window/,
      ["diagnose", model, "text.txt", "--window", "5000"],
    ],
    [/unknown command diagnos; did you mean diagnose\?/, ["diagnos"]],
  ];

  it.each(cases)("%s", (message, words) => {
    const { code, out, err } = place.run(words);
    expect(err).toMatch(message);
    expect(err).toMatch(/^bptt: [^\n]+\n$/);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});
