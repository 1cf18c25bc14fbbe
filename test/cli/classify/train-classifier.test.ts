import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeClassifierData } from "../../../src/cli/classify/classifier-data.js";
import {
  fitClassifier,
  lookEvery,
  type FitOptions,
  type Fitted,
  type FitWatch,
  type Look,
} from "../../../src/cli/classify/train-classifier.js";
import { evaluate, type Network } from "../../../src/index.js";
import { letterTexts, planned, smallNetwork } from "./drawn.js";

const usual: FitOptions = { limit: { kind: "steps", amount: 20 }, learningRate: 0.01, clip: 1, patience: 3 };

interface Run {
  readonly fitted: Fitted;
  readonly looks: readonly Look[];
  readonly shares: readonly number[];
  /** Of the network afterwards. */
  readonly heldOut: number;
  readonly network: Network;
}

/** Trains on 80 texts: 60 to learn from, 8 updates an epoch; the weights of the head may be given. */
async function run(options: Partial<FitOptions>, stopAfter = Infinity, head?: number): Promise<Run> {
  const data = makeClassifierData(letterTexts(80), { ...planned, weighting: "root" });
  const network = smallNetwork(data.codec);
  if (head !== undefined) {
    const weight = network.parameter("head.weight");
    weight.write(weight.read().fill(head));
  }
  const looks: Look[] = [];
  const shares: number[] = [];
  const watch: FitWatch = {
    update: (_, share) => shares.push(share),
    look: (look) => looks.push(look),
    stopped: () => shares.length >= stopAfter,
  };
  const fitted = await fitClassifier(network, data, { ...usual, ...options }, watch);
  const heldOut = fitted.error === undefined ? (await evaluate(network, data.watched)).loss : NaN;
  return { fitted, looks, shares, heldOut, network };
}

describe("training a classifier", () => {
  it.each<[string, Partial<FitOptions>, number, number[]]>([
    ["steps between two looks", { limit: { kind: "steps", amount: 120 } }, 120, [50, 100, 120]],
    ["steps up to a look", { limit: { kind: "steps", amount: 100 } }, 100, [50, 100]],
    ["a single step", { limit: { kind: "steps", amount: 1 } }, 1, [1]],
    ["epochs", { limit: { kind: "epochs", amount: 9 } }, 72, [50, 72]],
  ])("ends after so many %s, with the best look's parameters", async (_, options, steps, at) => {
    const { fitted, looks, shares, heldOut } = await run(options);
    expect(fitted).toMatchObject({ ending: "limit", steps, looks: at.length });
    expect(looks.map(({ step }) => step)).toEqual(at);
    expect(shares).toEqual(Array.from({ length: steps }, (_, i) => (i + 1) / steps));
    const best = Math.min(...looks.map((look) => look.heldOut));
    expect(fitted.best?.heldOut).toBe(best);
    expect(heldOut).toBe(best);
  });

  it("keeps the best where it only gets worse", async () => {
    const { fitted, looks, heldOut } = await run({
      learningRate: 3,
      patience: 2,
      limit: { kind: "epochs", amount: 1000 },
    });
    expect(fitted.ending).toBe("patience");
    const best = looks.reduce((a, b) => (b.heldOut < a.heldOut ? b : a));
    expect(looks.indexOf(best)).toBe(looks.length - 3);
    expect(fitted.best).toEqual(best);
    expect(heldOut).toBe(best.heldOut);
    expect(looks.map((look) => look.best)).toEqual(
      looks.map((look, i) => looks.slice(0, i).every((before) => look.heldOut < before.heldOut)),
    );
  });

  it("ends when it is stopped, and when the minutes are over", async () => {
    const stopped = await run({ limit: { kind: "minutes", amount: 60 } }, 7);
    expect(stopped.fitted).toMatchObject({ ending: "signal", steps: 7, epochs: 1, looks: 1 });
    expect(stopped.heldOut).toBe(stopped.fitted.best?.heldOut);
    const over = await run({ limit: { kind: "minutes", amount: 1e-9 } });
    expect(over.fitted).toMatchObject({ ending: "limit", steps: 1, looks: 1 });
  });

  it("tells of divergence, with finite parameters", async () => {
    const { fitted, network } = await run({}, Infinity, 3e38);
    expect(fitted).toMatchObject({ ending: "divergence", best: undefined });
    expect(fitted.error?.message).toContain(`training diverged at step ${fitted.steps}:`);
    expect(network.parameters.every((parameter) => parameter.read().every(Number.isFinite))).toBe(true);
  });

  it("learns", async () => {
    const { looks } = await run({ limit: { kind: "steps", amount: 400 }, patience: 100 });
    expect(Math.min(...looks.map(({ heldOut }) => heldOut))).toBeLessThan(looks[0].heldOut / 2);
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
