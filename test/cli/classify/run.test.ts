/** Trainings of `bptt classify` that last: what `--run` keeps, and how `bptt resume` goes on. */

import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { Workplace } from "../program.js";
import { courseOf, parseLine } from "../run-events.js";
import { lettersCsv } from "./drawn.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

const csv = lettersCsv(200);
writeFileSync(place.path("letters.csv"), csv);

/** Twelve epochs of an order each, with dropout's draws, weights, and a held-out part of another seed than the default. */
const words = [
  "--hidden 8 --embedding 4 --layers 2 --dropout 0.3 --one-way --class-weights root --seed 5 --build simd",
  "--batch 16 --steps 120 --checkpoint 0",
].flatMap((line) => line.split(" "));
const whole = place.run(["classify", "letters.csv", ...words, "--run", "whole"]);
const bytes = (path: string): string => readFileSync(place.path(path)).toString("hex");
const course = (run: string): string[] => courseOf(place.path(`${run}/log.jsonl`));

/** Fails unless the run is the one that nothing interrupted. */
function expectWhole(run: string): void {
  expect(course(run)).toEqual(course("whole"));
  for (const file of ["best.safetensors", "last.safetensors"])
    expect(bytes(`${run}/${file}`)).toBe(bytes(`whole/${file}`));
}

describe("bptt classify --run", () => {
  it("keeps all of it, and no other file", () => {
    expect([whole.code, whole.err]).toEqual([0, ""]);
    expect(readdirSync(place.path("whole")).sort()).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "config.json",
      "last.safetensors",
      "log.jsonl",
      "report.html",
    ]);
    expect(existsSync(place.path("letters.safetensors"))).toBe(false);
    expect(whole.out).toContain("All of it is in whole: whole/report.html has the curves.");
    const page = readFileSync(place.path("whole/report.html"), "utf8");
    expect(page).toContain(">accuracy</th>");
    expect(page).toContain(">macroF1</th>");
    const looks = course("whole").filter((event) => event.includes('"look"'));
    expect(looks.length).toBe(3);
  });

  it("learns the same as without, and its best model is a classifier", () => {
    expect(place.run(["classify", "letters.csv", ...words, "--out", "alone.safetensors"]).code).toBe(0);
    expect(bytes("alone.safetensors")).toBe(bytes("whole/best.safetensors"));
    const { code, out } = place.run(["evaluate", "whole/best.safetensors", "letters.csv", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ kind: "classifier", rows: 200 });
  });

  it("says how it stands", () => {
    const { code, out } = place.run(["info", "whole"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^whole: ended, as it was to$/m);
    expect(out).toMatch(/^checkpoint +step 120, epoch 12, /m);
  });
});

describe("bptt resume of a classifier's run", () => {
  it("goes on with nothing but its configuration", () => {
    cpSync(place.path("whole"), place.path("bare"), { recursive: true });
    for (const name of readdirSync(place.path("bare")))
      if (name !== "config.json") rmSync(place.path(`bare/${name}`));
    expect(place.run(["resume", "bare"]).code).toBe(0);
    expectWhole("bare");
  });

  // Windows has no signals to send.
  it.skipIf(process.platform === "win32").each([
    ["SIGKILL", 3000],
    ["SIGKILL", 12_000],
    ["SIGINT", 6000],
  ] as const)("goes on after %s, at %i bytes of its log", async (signal, size) => {
    const run = `after-${signal}-${size}`;
    const child = place.start(["classify", "letters.csv", ...words, "--run", run]);
    const ended = once(child, "close");
    const log = place.path(`${run}/log.jsonl`);
    while (child.exitCode === null && (statSync(log, { throwIfNoEntry: false })?.size ?? 0) < size)
      await sleep(2);
    child.kill(signal);
    child.stdout?.resume();
    await ended;
    const interrupted = course(run).filter((event) => event.includes('"update"')).length;
    expect(interrupted).toBeGreaterThan(0);
    expect(interrupted).toBeLessThan(120);
    const { code, out } = place.run(["resume", run]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Goes on after step \d+\.$/m);
    expectWhole(run);
  });

  it("goes on with what came through a pipe, a byte order mark and all", () => {
    const piped = ["classify", "-", ...words, "--run", "piped"];
    expect(place.run(piped, {}, `\ufeff${csv}`).out).toMatch(/^standard input: 200 sequences/m);
    expect(readFileSync(place.path("piped/input"), "utf8")).toBe(`\ufeff${csv}`);
    for (const name of readdirSync(place.path("piped")))
      if (!["config.json", "input"].includes(name)) rmSync(place.path(`piped/${name}`));
    expect(place.run(["resume", "piped"]).code).toBe(0);
    expectWhole("piped");
  });

  it("refuses data that are others now", () => {
    writeFileSync(place.path("changing.csv"), csv);
    place.run(["classify", "changing.csv", ...words, "--steps", "2", "--run", "changed"]);
    writeFileSync(place.path("changing.csv"), `${csv}abc,more b\n`);
    const { code, err } = place.run(["resume", "changed"]);
    expect(err).toMatch(/changing\.csv is not what it was when the run began/);
    expect(code).toBe(2);
  });

  it("tells machines the same as the log", () => {
    const { code, out } = place.run(["resume", "whole", "--json"]);
    expect(code).toBe(0);
    const events = out.trimEnd().split("\n").map(parseLine);
    expect(events.map(({ event }) => event)).toEqual(["resume", "end"]);
    expect(events[1]).toMatchObject({ step: 120, details: { rows: 40 } });
    expectWhole("whole");
  });
});
