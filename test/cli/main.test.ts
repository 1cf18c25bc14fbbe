import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { createNetwork, loadNetwork, readMetadata, saveNetwork } from "../../src/index.js";
import { builds } from "../builds.js";
import { small, Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const filesBefore = readdirSync(place.folder);
const trained = place.run(["train", "text.txt", ...small, "--steps", "300", "--seed", "3"]);
const filesAfter = readdirSync(place.folder);

describe("bptt train", () => {
  it("says how it goes, and how to go on, in plain lines", () => {
    expect(trained.code).toBe(0);
    expect(trained.out).toContain("text.txt: 3,600 characters, 28 different ones");
    expect(trained.out).toMatch(/^gru, 2 layers of 16 units, 4,316 parameters, [\w-]+ kernels$/m);
    expect(trained.out).toMatch(
      /^step [\d,]+ · loss \d\.\d{3} nats \(\d\.\d{3} bits\) · held out \d\.\d{3} nats .* characters\/s · \d:\d\d left$/m,
    );
    expect(trained.out).toMatch(
      /^Saved as text.safetensors\. To read more:\n {4}.* sample text.safetensors /m,
    );
    expect(trained.out).not.toContain("\x1b");
    expect(trained.out).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("writes samples to the standard error, and nothing else there", () => {
    const samples = trained.err.split("\n").slice(0, -1);
    expect(samples.length).toBeGreaterThan(3);
    for (const sample of samples) expect(sample).toMatch(/^ {4}[a-z. ]{240}$/);
    for (const sample of samples) expect(trained.out).not.toContain(sample.trim());
  });

  it.each(["simd", "wide"] as const)("takes --build %s, or says why not", (build) => {
    const words = ["train", "text.txt", ...small, "--steps", "3", "--out", `${build}.safetensors`];
    const { code, out, err } = place.run([...words, "--build", build]);
    if (builds.includes(build)) {
      expect(code).toBe(0);
      expect(out).toContain(`${build} kernels`);
    } else {
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`^bptt: "build" expected .* got "${build}"`));
    }
  });

  it("takes the wide build by itself where it works, and says so", () => {
    const words = ["train", "text.txt", ...small, "--steps", "3", "--out", "auto.safetensors"];
    const { code, out } = place.run([...words, "--build", "auto"]);
    expect(code).toBe(0);
    const wide = builds.includes("wide");
    expect(/^Takes the wide kernels, which a process of its own has shown to work here/m.test(out)).toBe(
      wide,
    );
    expect(/ wide kernels$/m.test(out)).toBe(wide);
  });

  it("learns", () => {
    const losses = [...trained.out.matchAll(/held out (\d\.\d+) nats/gi)].map((match) => Number(match[1]));
    expect(losses.length).toBeGreaterThan(3);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 1.5);
  });

  it("saves the network with its options and characters, and leaves no other file", () => {
    const bytes = readFileSync(place.path("text.safetensors"));
    const { training, ...rest } = readMetadata(bytes);
    expect(rest).toEqual({ vocabulary: [...new Set(place.text)].sort().join("") });
    expect(JSON.parse(training)).toEqual({ steps: 300, heldOut: expect.any(Number) as number });
    const { options } = loadNetwork(bytes);
    expect(options).toMatchObject({ cell: "gru", inputSize: 28, hiddenSize: 16, outputSize: 28, seed: 3 });
    expect(filesAfter.sort()).toEqual([...filesBefore, "text.safetensors"].sort());
  });

  it("learns the same from the same seed", () => {
    place.run(["train", "text.txt", ...small, "--steps", "300", "--seed", "3", "--out", "again.safetensors"]);
    expect(
      readFileSync(place.path("again.safetensors")).equals(readFileSync(place.path("text.safetensors"))),
    ).toBe(true);
  });

  it.each([
    ["epochs", ["--epochs", "2"]],
    ["minutes", ["--minutes", "0.01"]],
    [
      "another cell",
      ["--cell", "lstm", "--layers", "2", "--dropout", "0.2", "--embedding", "5", "--steps", "3"],
    ],
    ["a memory budget", ["--window", "200", "--memory", "0.15", "--steps", "2"]],
    ["an odd size", ["--hidden", "13", "--batch", "3", "--window", "7", "--steps", "3", "--clip", "0.5"]],
  ])("takes %s", (_, words) => {
    const { code } = place.run(["train", "text.txt", ...small, ...words, "--out", "other.safetensors"]);
    expect(code).toBe(0);
    expect(place.run(["sample", "other.safetensors", "--length", "5"]).out).toHaveLength(5);
  });

  it("says how much memory it takes where --memory is too little", () => {
    const { code, err } = place.run(["train", "text.txt", ...small, "--memory", "0.0001"]);
    expect(err).toMatch(/^bptt: --memory is too little: "memoryBudget" expected at least \d+ bytes .*\n$/);
    expect(code).toBe(2);
  });

  it("shows colours when it is told to, and none when it is told not to", () => {
    const words = ["train", "text.txt", ...small, "--steps", "2", "--out", "colours.safetensors"];
    expect(place.run(words, { FORCE_COLOR: "1" }).out).toContain("\x1b[1m");
    expect(place.run(words, { FORCE_COLOR: "1", NO_COLOR: "1" }).out).not.toContain("\x1b");
  });
});

describe("bptt sample", () => {
  const sampled = (...words: string[]): string => place.run(["sample", "text.safetensors", ...words]).out;

  it("writes as many characters of the text's as asked for, the same for the same seed", () => {
    expect(sampled()).toHaveLength(400);
    expect(sampled("--length", "2500")).toHaveLength(2500);
    expect(sampled("--length", "0")).toBe("");
    expect(sampled("--seed", "7")).toBe(sampled("--seed", "7"));
    expect(sampled("--seed", "7")).not.toBe(sampled("--seed", "8"));
    expect(Array.from(sampled()).filter((character) => !place.text.includes(character))).toEqual([]);
  });

  it("goes on from a prime", () => {
    expect(sampled("--prime", "the quick ", "--length", "20")).toMatch(/^the quick .{20}$/);
  });

  it("draws as it is told", () => {
    const likeliest = sampled("--temperature", "0", "--prime", "the ");
    expect(sampled("--top-k", "1", "--prime", "the ")).toBe(likeliest);
    expect(sampled("--top-p", "1e-9", "--prime", "the ")).toBe(likeliest);
    expect(sampled("--temperature", "5", "--prime", "the ")).not.toBe(likeliest);
  });
});

describe("help", () => {
  it.each([[[]], [["--help"]], [["-h"]], [["help"]]])("is what %j prints", (words) => {
    const { code, out } = place.run(words);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: bptt <command>/);
  });

  it.each([
    ["train", "--seed <n>"],
    ["sample", "--seed <n>"],
    ["diagnose", "--seed <n>"],
    ["sweep", "--trials <n>"],
    ["resume", "--json"],
    ["info", "--json"],
    ["classify", "--class-weights <name>"],
    ["predict", "--top <n>"],
    ["evaluate", "--json"],
  ])("explains %s and all its options", (command, option) => {
    for (const words of [
      [command, "--help"],
      [command, "x", "-h"],
    ]) {
      const { code, out } = place.run(words);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^Usage: bptt ${command} <`));
      expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThan(150);
      expect(out).toContain(option);
    }
  });

  it("says what exit codes mean", () => {
    expect(place.run(["--help"]).out).toMatch(/^Exit codes: 0, .* 1, .* 2, .*\n.* 130 and 143, /m);
  });

  it("has the version", () => {
    expect(place.run(["--version"]).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("what cannot be done is said in one line, with exit code 2", () => {
  writeFileSync(place.path("empty.txt"), "");
  writeFileSync(place.path("short.txt"), "abc");
  writeFileSync(place.path("bytes.txt"), Uint8Array.of(0x61, 0xff, 0xfe));
  writeFileSync(place.path("nothing.safetensors"), "{}");
  for (const name of ["folder", "torn", "newer"]) mkdirSync(place.path(name));
  writeFileSync(place.path("folder/file"), "");
  writeFileSync(place.path("torn/config.json"), '{ "format": 1');
  writeFileSync(place.path("newer/config.json"), '{ "format": 2 }');
  const network = createNetwork({ inputSize: 3, hiddenSize: 2, outputSize: 3 });
  writeFileSync(place.path("wordless.safetensors"), saveNetwork(network));
  writeFileSync(place.path("other-size.safetensors"), saveNetwork(network, { vocabulary: "ab" }));

  const cases: [RegExp, string[]][] = [
    [/unknown command trian; did you mean train\?/, ["trian"]],
    [/unknown option --frobnicate/, ["--frobnicate"]],
    [/<text> is missing; see bptt train --help/, ["train"]],
    [/one <text> is expected, but "b.txt" came too/, ["train", "text.txt", "b.txt"]],
    [/unknown option --hiden; did you mean --hidden\?/, ["train", "text.txt", "--hiden", "5"]],
    [/unknown option -x/, ["train", "text.txt", "-x"]],
    [/--hidden needs a value: --hidden <n>/, ["train", "text.txt", "--hidden"]],
    [/--hidden needs a value/, ["train", "text.txt", "--hidden", "--seed", "1"]],
    [/--hidden expects a whole number of at least 1, not "abc"/, ["train", "text.txt", "--hidden", "abc"]],
    [/--hidden expects a whole number of at least 1, not "0"/, ["train", "text.txt", "--hidden", "0"]],
    [/--hidden expects a whole number of at least 1, not "-5"/, ["train", "text.txt", "--hidden=-5"]],
    [/--batch expects a whole number of at least 1, not "2.5"/, ["train", "text.txt", "--batch", "2.5"]],
    [
      /--learning-rate expects a number above 0 and at most 1e30, not "0"/,
      ["train", "text.txt", "--learning-rate", "0"],
    ],
    [/--clip expects a number above 0, not "Infinity"/, ["train", "text.txt", "--clip", "Infinity"]],
    [/--memory expects a number above 0, not "0"/, ["train", "text.txt", "--memory", "0"]],
    [/--dropout expects a number from 0 to below 1, not "1"/, ["train", "text.txt", "--dropout", "1"]],
    [/--cell expects elman, .*, not "lstn"; did you mean lstm\?/, ["train", "text.txt", "--cell", "lstn"]],
    [
      /--epochs expects a whole number of at least 1, not "0"/,
      ["train", "text.txt", "--steps", "1", "--epochs", "0"],
    ],
    [/--build expects auto, .*, not "wider"; did you mean wide\?/, ["train", "text.txt", "--build", "wider"]],
    [
      /--schedule expects cosine, .*, not "cosin"; did you mean cosine\?/,
      ["train", "text.txt", "--schedule", "cosin"],
    ],
    [/--warm-up expects a number from 0 to below 1, not "1"/, ["train", "text.txt", "--warm-up", "1"]],
    [/--patience expects a whole number of at least 0, not "-1"/, ["train", "text.txt", "--patience=-1"]],
    [/--checkpoint expects a number of at least 0/, ["train", "text.txt", "--checkpoint=-1"]],
    [/cannot read standard input: it is empty/, ["train", "-"]],
    [/cannot make the folder text.txt: /, ["train", "text.txt", ...small, "--run", "text.txt"]],
    [/folder is for a new run, but it has file in it/, ["train", "text.txt", ...small, "--run", "folder"]],
    [/cannot write x{300}: the name is too long/, ["train", "text.txt", ...small, "--out", "x".repeat(300)]],
    [/cannot read the folder none: there is no such folder/, ["resume", "none"]],
    [/folder has no run in it: there is no config.json/, ["resume", "folder"]],
    [/torn\/config.json is no configuration of a run: it is not JSON/, ["resume", "torn"]],
    [/newer\/config.json is no configuration of a run: its format is 2/, ["resume", "newer"]],
    [/unknown option --steps/, ["resume", "folder", "--steps", "5"]],
    [/cannot read none.safetensors: there is no such file/, ["info", "none.safetensors"]],
    [/nothing.safetensors is no model: neither a safetensors file/, ["info", "nothing.safetensors"]],
    [/folder has no run in it/, ["info", "folder"]],
    [/cannot read none.txt: there is no such file/, ["train", "none.txt"]],
    [/cannot read \.: it is a folder/, ["train", "."]],
    [/cannot read empty.txt: it is empty/, ["train", "empty.txt"]],
    [/cannot read bytes.txt: it is no UTF-8 text/, ["train", "bytes.txt"]],
    [/the text has 3 characters, and one update takes \d+ .*--batch 16, --window 32/, ["train", "short.txt"]],
    [/--out is the file that is read/, ["train", "text.txt", "--out", "text.txt"]],
    [/cannot write into the folder nowhere/, ["train", "text.txt", "--out", "nowhere/x.safetensors"]],
    [/cannot write \.: it is no file/, ["train", "text.txt", "--out", "."]],
    [/cannot read none.safetensors: there is no such file/, ["sample", "none.safetensors"]],
    [/nothing.safetensors is no model of bptt train: /, ["sample", "nothing.safetensors"]],
    [/text.txt is no model of bptt train: /, ["sample", "text.txt"]],
    [/wordless.safetensors is no model .* no vocabulary/, ["sample", "wordless.safetensors"]],
    [/other-size.safetensors is no model .* no vocabulary/, ["sample", "other-size.safetensors"]],
    [
      /--length expects a whole number of at least 0, not "1e3"/,
      ["sample", "text.safetensors", "--length", "1e3"],
    ],
    [/--temperature expects a number of at least 0/, ["sample", "text.safetensors", "--temperature=-1"]],
    [/--top-k expects a whole number of at least 1/, ["sample", "text.safetensors", "--top-k", "0"]],
    [/--prime has "é", which the model's text never had/, ["sample", "text.safetensors", "--prime", "été"]],
  ];

  it.each(cases)("%s", (message, words) => {
    const { code, out, err } = place.run(words);
    expect(err).toMatch(message);
    expect(err).toMatch(/^bptt: [^\n]+\n$/);
    expect(out).toBe("");
    expect(code).toBe(2);
  });
});
