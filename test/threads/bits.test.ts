/** Any number of threads gives the same bits as none: in the passes, in all learning rules, and in what runs a network. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { startPool } from "../../src/threads/thread-pool.js";
import type { ThreadPool } from "../../src/threads/types.js";
import { builds } from "../builds.js";
import { ruleNames } from "../learn/rules.js";
import { variants } from "../optimize/variants.js";
import { leastBudget, outcomeOf, type Outcome } from "./all-bits.js";
import { drawTraining } from "./drawn-trainings.js";

/** Drawn trainings, in each build; the whole campaign is of 500, and of 150 every part is drawn. */
const POOLS = Number(process.env["BPTT_POOLS"] ?? 40);
const ENOUGH = 150;
const FIRST = Number(process.env["BPTT_SEED"] ?? 0);
const BATCH = 20;

const sizes = [1, 2, 3, 4, 7];
let pools: readonly ThreadPool[];
beforeAll(async () => {
  // Of 1: threads share the smallest work.
  pools = await Promise.all(sizes.map((size) => startPool(size, 1)));
});
afterAll(() => {
  for (const pool of pools) pool.dispose();
});

/** What is not the same, from where it begins. */
function differences(came: Outcome, expected: Outcome): Record<string, [came: string, expected: string]> {
  const other = Object.entries(came).filter(([name, text]) => text !== expected[name]);
  return Object.fromEntries(
    other.map(([name, text]) => {
      const at = Array.from(text).findIndex((letter, i) => letter !== expected[name][i]);
      return [name, [text.slice(at, at + 100), expected[name].slice(at, at + 100)]];
    }),
  );
}

const drawnParts = new Set<string>();
const refused = new Map<string, number>();

describe.each(builds)("networks in the %s build", (build) => {
  const batches = Array.from({ length: Math.ceil(POOLS / BATCH) }, (_, i) => i * BATCH);
  it.each(batches)(
    "give the same bits with 1, 2, 3, 4 and 7 threads as with none, from %i on",
    async (first) => {
      for (let i = first; i < Math.min(POOLS, first + BATCH); i++) {
        const drawn = drawTraining(FIRST + i);
        const { budget } = drawn;
        const memoryBudget =
          budget === undefined ? undefined : Math.ceil(budget * (await leastBudget(drawn, { build })));
        const expected = await outcomeOf(drawn, { build }, memoryBudget);
        for (const threads of pools)
          expect(
            differences(await outcomeOf(drawn, { build, threads }, memoryBudget), expected),
            `${threads.size} threads, ${drawn.title}`,
          ).toEqual({});
        for (const [name, came] of Object.entries(expected)) {
          if (!/^\w*Error: /.test(came)) continue;
          // What a network is not made for is refused; all else is an error here.
          expect(came, drawn.title).toMatch(/^RangeError/);
          refused.set(name, (refused.get(name) ?? 0) + 1);
        }
        if (!/^\w*Error: /.test(expected["training"])) for (const part of drawn.parts) drawnParts.add(part);
      }
    },
  );
});

it("were of all cells, rules, optimizers and sizes, and hardly any refused", () => {
  const all = POOLS * builds.length;
  process.stdout.write(
    `${all} trainings with each of ${sizes.length} pools, refused: ${JSON.stringify([...refused])}\n`,
  );
  const networks = ["bidirectional", "dropout", "layerNorm", "embeddingSize", "output sequence", "no head"];
  const inputs = ["tokens", "values", "lengths", "resets", "carry", "huber"];
  const options = ["updateEvery", "clipNorm", "accumulate", "memoryBudget"];
  const counts = [1, 2, 3].map((layers) => `${layers} layers`);
  const batches = Array.from({ length: 9 }, (_, i) => `batch ${i + 1}`);
  const titles = variants.map(({ title }) => title);
  const wanted = [
    ...cellNames,
    ...ruleNames,
    ...titles,
    ...networks,
    ...inputs,
    ...options,
    ...counts,
    ...batches,
  ];
  if (POOLS >= ENOUGH) expect(wanted.filter((part) => !drawnParts.has(part))).toEqual([]);
  // Rules are drawn whatever the network is, and some are for certain ones alone.
  expect(refused.get("training") ?? 0).toBeLessThan(all / 2);
  expect(refused.get("passes") ?? 0).toBe(0);
  expect(refused.get("predictions") ?? 0).toBe(0);
});
