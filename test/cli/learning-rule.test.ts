import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { learnerOf, readRule, stretchOf, type Rule, type TypedRule } from "../../src/cli/learning-rule.js";
import { small, Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

describe("--rule", () => {
  const read: [TypedRule, Rule, number][] = [
    [{}, { name: "bptt" }, 64],
    [{ rule: "tbptt" }, { name: "tbptt", k1: 64, k2: 128 }, 64],
    [{ rule: "tbptt", k1: "8" }, { name: "tbptt", k1: 8, k2: 16 }, 8],
    [{ rule: "tbptt", k1: "8", k2: "8" }, { name: "tbptt", k1: 8, k2: 8 }, 8],
    [{ rule: "artbp" }, { name: "artbp", meanLength: 64 }, 64],
    [{ rule: "artbp", "mean-length": "12.5" }, { name: "artbp", meanLength: 12.5 }, 12.5],
    [{ rule: "uoro" }, { name: "uoro", block: 1 }, 64],
    [{ rule: "blockRtrl", block: "4" }, { name: "blockRtrl", block: 4 }, 64],
    [{ rule: "rtrl" }, { name: "rtrl" }, 64],
    [{ rule: "kfRtrl" }, { name: "kfRtrl" }, 64],
    [{ rule: "noBackTrack" }, { name: "noBackTrack" }, 64],
    [{ rule: "snap1" }, { name: "snap1" }, 64],
  ];

  it.each(read)("%j", (given, rule, stretch) => {
    expect(readRule(given, 64)).toEqual(rule);
    expect(learnerOf(rule).name).toBe(rule.name);
    expect(stretchOf(rule, 64)).toBe(stretch);
  });

  const refused: [TypedRule, RegExp][] = [
    [{ rule: "tbtt" }, /--rule expects bptt, .*; did you mean tbptt\?/],
    [{ k1: "4" }, /--k1 is for --rule tbptt, not for bptt/],
    [{ rule: "uoro", k2: "4" }, /--k2 is for --rule tbptt, not for uoro/],
    [{ rule: "bptt", block: "4" }, /--block is for --rule blockRtrl and uoro, not for bptt/],
    [{ rule: "tbptt", k1: "0" }, /--k1 expects a whole number of at least 1/],
    [{ rule: "tbptt", k1: "8", k2: "4" }, /--k2 expects a whole number of at least 8, not "4"/],
    [{ rule: "artbp", "mean-length": "1" }, /--mean-length expects a number above 1, not "1"/],
  ];

  it.each(refused)("%j is refused", (given, message) => {
    expect(() => readRule(given, 64)).toThrow(message);
  });

  it("learns differently by another rule, and the same by the same", () => {
    const model = (...words: string[]): string => {
      const { code, err } = place.run([
        "train",
        "text.txt",
        ...small,
        "--steps",
        "5",
        "--out",
        "m",
        "--json",
        ...words,
      ]);
      expect([code, err]).toEqual([0, ""]);
      return readFileSync(place.path("m")).toString("base64");
    };
    const plain = model();
    expect(model("--rule", "tbptt", "--k1", "16", "--k2", "16")).toBe(plain);
    const uoro = model("--rule", "uoro");
    expect(uoro).not.toBe(plain);
    expect(model("--rule", "uoro")).toBe(uoro);
  });

  it("says in one line which rule cannot train a network", () => {
    const { code, err } = place.run(["train", "text.txt", ...small, "--embedding", "3", "--rule", "snap1"]);
    expect(err).toMatch(/^bptt: --rule snap1 cannot train this network: [^\n]*embedding[^\n]*\n$/);
    expect(code).toBe(2);
  });
});
