import { beforeAll, describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { tokenStream } from "../../../src/data/token-stream.js";
import { CharVocabulary } from "../../../src/data/vocabulary.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import { estimateGradient } from "../../../src/learn/measure/estimate-gradient.js";
import { gradientFlow, type GradientFlow } from "../../../src/learn/flow/gradient-flow.js";
import type { Learner } from "../../../src/learn/learner.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { Network, Sequence, Target } from "../../../src/network/types.js";
import { adam } from "../../../src/optimize/adam.js";
import { train } from "../../../src/train/train.js";

const T = 48;
const B = 6;
const TOLERANCE = 0.1;

/** A text whose words follow from far back: each sentence ends as it began. */
function writeText(): string {
  const names = ["anna", "bertram", "cleo", "dmitri", "esther"];
  const verbs = ["sees", "hears", "likes", "knows"];
  return Array.from({ length: 700 }, (_, i) => {
    const name = names[(i * i + 3 * i) % 5];
    return `${name} ${verbs[(i * 7 + ((i * i) % 3)) % 4]} ${names[(i * 3 + 1) % 5]}, ${name} says. `;
  }).join("");
}

const vocabulary = CharVocabulary.from(writeText());
const tokens = vocabulary.encode(writeText());

/** B stretches of T steps, from the `number`-th place on. */
function windowAt(number: number): { sequence: Sequence; target: Target } {
  const at = (i: number, ahead: number): number =>
    tokens[(number * B + (i % B)) * 900 + Math.floor(i / B) + ahead];
  const take = (ahead: number): Int32Array => Int32Array.from({ length: T * B }, (_, i) => at(i, ahead));
  return { sequence: { steps: T, batch: B, tokens: take(0) }, target: { classes: take(1) } };
}

/** ‖g − g*‖ / ‖g*‖ of all parameters but the head's. */
function biasOf(network: Network, learner: Learner, number: number): number {
  const { sequence, target } = windowAt(number);
  const [given, full] = [learner, bptt()].map((rule) => {
    const { gradients } = estimateGradient(network, sequence, target, rule);
    return [...gradients].filter(([name]) => !name.startsWith("head.")).flatMap(([, values]) => [...values]);
  });
  return Math.hypot(...given.map((x, i) => x - full[i])) / Math.hypot(...full);
}

const kinds = cellNames.flatMap((cell) =>
  [1, 2].flatMap((layers) => [0, 150].map((updates) => ({ cell, layers, updates }))),
);

/** By `kinds`. */
const subjects: { network: Network; flow: GradientFlow }[] = [];

beforeAll(async () => {
  for (const { cell, layers, updates } of kinds) {
    const sizes = { inputSize: vocabulary.size, hiddenSize: 24, outputSize: vocabulary.size };
    const network = createNetwork({ cell, layers, ...sizes, seed: 1 });
    const options = { optimizer: adam({ learningRate: 5e-3 }), clipNorm: 1, maxSteps: Math.max(1, updates) };
    const data = tokenStream(tokens, { batch: 8, window: 32 });
    for await (const { step } of train(network, data, options)) if (updates === 0 || step === updates) break;
    const { sequence, target } = windowAt(0);
    subjects.push({ network, flow: gradientFlow(network, sequence, target, { tolerance: TOLERANCE }) });
  }
});

/** The same gradient, summed in another order. */
const rounding = 1e-4;

describe.each(kinds.map((kind, index) => ({ ...kind, index })))(
  "a truncation for $cell, $layers layers, after $updates updates",
  ({ index }) => {
    it("is the shortest within the tolerance on its sequence", () => {
      const { network, flow } = subjects[index];
      const { recommended, truncations } = flow;
      for (const { k1, k2, relativeBias } of truncations) {
        expect(k2).toBe(2 * k1);
        expect(Math.abs(relativeBias - biasOf(network, tbptt({ k1, k2 }), 0))).toBeLessThan(rounding);
      }
      // It exists: errors of these networks are gone after 48 steps.
      if (recommended === undefined) throw new Error("none is recommended");
      expect(truncations).toContainEqual(recommended);
      expect(recommended.relativeBias).toBeLessThanOrEqual(TOLERANCE);
      if (recommended.k1 > 1) {
        const half = tbptt({ k1: recommended.k1 / 2, k2: recommended.k2 / 2 });
        expect(biasOf(network, half, 0)).toBeGreaterThan(TOLERANCE);
      }
    });

    it("is predicted from the norms, and takes the less memory the shorter it is", () => {
      const { truncations, bytes } = subjects[index].flow;
      for (const { predictedBias, relativeBias, k2, bytes: less } of truncations) {
        // What `predictBias` says of itself.
        if (relativeBias > 0.01 && relativeBias < 0.5) {
          expect(predictedBias / relativeBias).toBeGreaterThan(1 / 5);
          expect(predictedBias / relativeBias).toBeLessThan(5);
        }
        if (k2 < T / 2) expect(less).toBeLessThan(bytes);
      }
      const sizes = truncations.map((one) => one.bytes);
      expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    });
  },
);

describe("on a text that it was not measured on", () => {
  it("is within twice the tolerance, and half of it is mostly not within it", () => {
    let shorter = 0;
    let above = 0;
    for (const { network, flow } of subjects) {
      const { k1 = 0, k2 = 0 } = flow.recommended ?? {};
      // One window's bias is off another's by some tens of per cent: so many sequences do not average it out.
      expect(biasOf(network, tbptt({ k1, k2 }), 1)).toBeLessThan(2 * TOLERANCE);
      if (k1 === 1) continue;
      shorter++;
      if (biasOf(network, tbptt({ k1: k1 / 2, k2: k2 / 2 }), 1) > TOLERANCE) above++;
    }
    expect(shorter).toBeGreaterThan(kinds.length / 2);
    expect(above / shorter).toBeGreaterThan(0.75);
  });

  it("differs between these networks", () => {
    expect(new Set(subjects.map(({ flow }) => flow.recommended?.k1)).size).toBeGreaterThan(1);
  });
});

it("reaches as far as it must", () => {
  // Those that learned.
  for (const { network, flow } of subjects.filter((_, i) => kinds[i].updates > 0)) {
    const { sequence, target } = windowAt(0);
    const strict = gradientFlow(network, sequence, target, { tolerance: 0.01, losses: 2 });
    const loose = gradientFlow(network, sequence, target, { tolerance: 0.5, losses: 2 });
    const [a, b, c] = [loose, flow, strict].map(({ recommended }) => recommended?.k1 ?? Infinity);
    expect([a, b, c]).toEqual([a, b, c].sort((x, y) => x - y));
    expect(a).toBeLessThan(c);
  }
});
