/** How `bptt classify` trains: when it looks, when it ends, which model it keeps. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { makeClassifierData } from "../../../src/cli/classify/classifier-data.js";
import { loadClassifier } from "../../../src/cli/classify/classifier-file.js";
import { runClassify } from "../../../src/cli/classify/classify-command.js";
import { classifyCommand } from "../../../src/cli/classify/classify-options.js";
import { parseArguments } from "../../../src/cli/arguments.js";
import { Failure } from "../../../src/cli/failure.js";
import type { EndEvent, FitEvent, LookEvent } from "../../../src/cli/fit/events.js";
import { lookEvery } from "../../../src/cli/fit/looks.js";
import { evaluate, readMetadata } from "../../../src/index.js";
import { lettersCsv, letterTexts } from "./drawn.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-fit-classifier-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** 80 texts: 60 to learn from, 8 updates an epoch. */
const texts = letterTexts(80);
const path = join(folder, "letters.csv");
writeFileSync(path, lettersCsv(80));
const plan = { heldOut: 0.25, batch: 8, seed: 1, weighting: "root" } as const;
const usual = [
  "--held-out 0.25 --batch 8 --seed 1 --class-weights root --hidden 8 --embedding 4 --learning-rate 0.01",
  "--build simd --json",
].flatMap((line) => line.split(" "));

interface Run {
  readonly updates: number;
  readonly looks: readonly LookEvent[];
  readonly end: EndEvent | undefined;
  /** What was thrown. */
  readonly failure: Failure | undefined;
  /** The weighed held-out loss of the model that was saved. */
  readonly kept: number;
  readonly out: string;
}

async function run(...words: string[]): Promise<Run> {
  const out = join(folder, "model.safetensors");
  const given = parseArguments(classifyCommand, [path, ...usual, ...words, "--out", out]);
  if (given === undefined) throw new Error("help was asked for");
  const events: FitEvent[] = [];
  const stdout = { write: (line: string) => events.push(JSON.parse(line) as FitEvent) };
  let failure: Failure | undefined;
  try {
    await runClassify(given, undefined, { stdout, stderr: stdout, env: {}, platform: process.platform });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = error;
  }
  const { network } = loadClassifier(out, readFileSync(out), { build: "simd" });
  const { watched } = makeClassifierData(texts, plan);
  return {
    updates: events.filter(({ event }) => event === "update").length,
    looks: events.filter((event) => event.event === "look"),
    end: events.find((event) => event.event === "end"),
    failure,
    kept: (await evaluate(network, watched)).loss,
    out,
  };
}

describe("training a classifier", () => {
  it.each<[string, string[], number, number[]]>([
    ["steps between two looks", ["--steps", "120"], 120, [50, 100, 120]],
    ["steps up to a look", ["--steps", "100"], 100, [50, 100]],
    ["a single step", ["--steps", "1"], 1, [1]],
    ["epochs", ["--epochs", "9"], 72, [50, 72]],
  ])("ends after so many %s, and keeps the best look's model", async (_, words, steps, at) => {
    const { updates, looks, end, kept, out } = await run(...words);
    expect(updates).toBe(steps);
    expect(end).toMatchObject({ ending: "limit", step: steps });
    expect(looks.map(({ step }) => step)).toEqual(at);
    const best = looks.reduce((a, b) => ((b.heldOut ?? NaN) < (a.heldOut ?? NaN) ? b : a));
    expect(kept).toBe(best.heldOut);
    expect(end?.modelStep).toBe(best.step);
    expect(JSON.parse(readMetadata(readFileSync(out))["training"])).toEqual({
      steps: best.step,
      heldOut: best.heldOut,
    });
  });

  it("keeps the best where it only gets worse", async () => {
    const words = ["--learning-rate", "3", "--patience", "2", "--epochs", "1000"];
    const { end, looks, kept } = await run(...words);
    expect(end?.ending).toBe("patience");
    const losses = looks.map(({ heldOut = NaN }) => heldOut);
    const least = losses.indexOf(Math.min(...losses));
    expect(least).toBe(looks.length - 3);
    expect(kept).toBe(losses[least]);
    expect(looks.map(({ best }) => best)).toEqual(
      losses.map((loss, i) => losses.slice(0, i).every((before) => loss < before)),
    );
  });

  it("ends when the minutes are over", async () => {
    const { end, looks } = await run("--minutes", "0.005");
    expect(end).toMatchObject({ ending: "limit" });
    expect(looks.at(-1)?.step).toBe(end?.step);
  });

  it("tells of divergence, once a model that gives numbers is saved", async () => {
    const words = ["--cell", "elman-relu", "--learning-rate", "1e30", "--steps", "50"];
    const { end, failure, kept } = await run(...words);
    expect(end?.ending).toBe("divergence");
    expect(failure?.exitCode).toBe(1);
    expect(failure?.message).toContain(`training diverged at step ${end?.step ?? 0}`);
    expect(kept).toBeGreaterThan(0);
  });

  it("learns", async () => {
    const { looks } = await run("--steps", "400", "--patience", "0");
    const losses = looks.map(({ heldOut = NaN }) => heldOut);
    expect(Math.min(...losses)).toBeLessThan(losses[0] / 2);
  });

  it("looks about once an epoch, after 50 to 500 updates", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (epoch) => {
        const every = lookEvery(epoch);
        expect(every).toBeGreaterThanOrEqual(50);
        expect(every).toBeLessThanOrEqual(500);
        if (epoch >= 50) expect(every * Math.ceil(epoch / 500)).toBeGreaterThanOrEqual(epoch);
        if (epoch >= 50 && epoch <= 500) expect(every).toBe(epoch);
      }),
    );
  });
});
