import { afterAll, describe, expect, it } from "vitest";
import { small, Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const found = (...words: string[]): string => {
  const { code, out, err } = place.run(["find-rate", "text.txt", ...small, "--steps", "60", ...words], {
    LC_ALL: "C.UTF-8",
    TERM: "xterm",
  });
  expect([code, err]).toEqual([0, ""]);
  expect(out).not.toMatch(/NaN|undefined/);
  return out;
};

describe("bptt find-rate", () => {
  const out = found("--cell", "gru", "--rule", "tbptt", "--k1", "8");

  it("plots losses against rates, and marks the one that it suggests", () => {
    expect(out).toMatch(/^text.txt: loss against learning rate, \d+ updates$/m);
    expect(out.match(/^ +(\d\.\d+ )?┤[\u2800-\u28ff ]+$/gm)?.length).toBeGreaterThan(5);
    expect(out).toMatch(/^ +1e-6 +1e-5 +1e-4 +1e-3 +1e-2 +1e-1/m);
    expect(out).toMatch(/^ +↑ 0\.\d+$/m);
    for (const line of out.split("\n")) if (line.includes("┤")) expect(line.length).toBeLessThan(80);
    expect(found("--ascii", "--steps", "20")).toMatch(/^ +\|\*+/m);
  });

  it("ends with a command to type, which works", () => {
    const [, least, end] = /least at (\S+?)(?:, and .*)?\. A tenth .*\n(.*)\n$/.exec(out) ?? [];
    const [, words = "", rate] = /^ {4}\S.* (train text\.txt .* --learning-rate (\S+))$/.exec(end) ?? [];
    expect(Number(rate) / Number(least)).toBeCloseTo(0.1, 2);
    expect(words).toMatch(
      / --cell gru --hidden 16 --batch 4 --window 16 --rule tbptt --k1 8 --build simd --learning-rate /,
    );
    const { code, err } = place.run([...words.split(" "), "--steps", "2", "--json"]);
    expect([code, err]).toEqual([0, ""]);
  });

  it("prints figures alone with --json, from the first rate to the last", () => {
    const figures = JSON.parse(found("--json", "--from", "1e-4", "--to", "0.1", "--steps", "12")) as {
      rates: number[];
      losses: number[];
      diverged: boolean;
      suggestion: number;
    };
    expect(figures.rates).toHaveLength(12);
    expect([figures.rates[0], figures.rates[11]]).toEqual([1e-4, 0.1]);
    expect(figures).toMatchObject({ diverged: false, text: "text.txt" });
    const least = figures.losses.indexOf(Math.min(...figures.losses));
    expect(figures.suggestion).toBe(0.1 * figures.rates[least]);
  });

  it("says where no rate makes the loss fall", () => {
    expect(found("--from", "1e29", "--to", "1e30", "--steps", "2")).toMatch(
      /\nNo rate made the loss fall: begin lower, with --from/,
    );
  });

  it("explains its options, which are those of train but for its end", () => {
    const { code, out: help } = place.run(["find-rate", "--help"]);
    expect(code).toBe(0);
    expect(help).toMatch(/^Usage: bptt find-rate <text> \[options\]/);
    for (const name of ["from", "to", "steps", "cell", "rule", "seed", "json", "ascii"])
      expect(help).toContain(`--${name}`);
    for (const name of ["minutes", "epochs", "out", "learning-rate"])
      expect(help).not.toMatch(new RegExp(`^ +--${name} `, "m"));
    expect(place.run([]).out).toMatch(/^ {2}find-rate <text> /m);
  });

  it.each<[RegExp, string[]]>([
    [/--from expects a number from 1e-30 to 1e30, not "0"/, ["--from", "0"]],
    [/--to expects a number above 0\.1, at most 1e30, not "0\.1"/, ["--from", "0.1", "--to", "0.1"]],
    [/--steps expects a whole number of at least 2, not "1"/, ["--steps", "1"]],
    [/unknown option --learning-rate/, ["--learning-rate", "1"]],
    [/--rule diagonalRtrl cannot train this network/, ["--rule", "diagonalRtrl"]],
    [/--memory is too little/, ["--memory", "0.001"]],
  ])("%s, in one line, with exit code 2", (message, words) => {
    const { code, out: printed, err } = place.run(["find-rate", "text.txt", ...small, ...words]);
    expect([code, printed]).toEqual([2, ""]);
    expect(err).toMatch(message);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
