/** A training that was saved and gone on with is the uninterrupted one, bit for bit. */

import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { Network } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { resumeTraining } from "../../src/train/resume-training.js";
import { train } from "../../src/train/train.js";
import type { Progress, Training } from "../../src/train/training.js";
import { ruleNames } from "../learn/rules.js";
import { variants } from "../optimize/variants.js";
import { drawCase, type ResumeCase } from "./resume-cases.js";
import { allParameters } from "./windows.js";

/** Trainings to draw; the whole campaign is of 2,000. */
const CASES = Number(process.env["BPTT_RESUMES"] ?? 300);
const BATCH = 50;

type Event = Omit<Progress, "tokensPerSecond">;

interface Run {
  events: Event[];
  /** What ended it, where an error did. */
  error?: string;
  parameters: number[];
}

function eventOf({ tokensPerSecond, ...event }: Progress): Event {
  expect(tokensPerSecond).toBeGreaterThanOrEqual(0);
  return event;
}

/** Runs a training to its end, or to its nth event. */
async function run(training: Training, most = Infinity): Promise<Run> {
  const events: Event[] = [];
  try {
    while (events.length < most) {
      const { done, value } = await training.next();
      if (done === true) break;
      events.push(eventOf(value));
    }
  } catch (error) {
    return { events, error: String(error), parameters: allParameters(training.network) };
  }
  return { events, parameters: allParameters(training.network) };
}

function begin({ network, build, begin }: ResumeCase): Training {
  const { data, options } = begin();
  return train(createNetwork(network, { build }), data, options);
}

/** Goes on with a checkpoint, in a new network or one that is given. */
function goOn(drawn: ResumeCase, checkpoint: Uint8Array, given: boolean): Training {
  const { data, options } = drawn.begin();
  if (!given) return resumeTraining(checkpoint, data, options, { build: drawn.build });
  const network = createNetwork(drawn.network, { build: drawn.build });
  return resumeTraining(checkpoint, data, { ...options, network });
}

/** Whether a rule takes this network and data: those that do not say so in a RangeError before the first event. */
function isRefused({ events, error = "" }: Run): boolean {
  return events.length === 0 && /^RangeError/.test(error);
}

const drawnParts = new Set<string>();
let refused = 0;
let resumed = 0;

async function compare(seed: number): Promise<void> {
  const drawn = drawCase(seed);
  let whole: Training;
  try {
    whole = begin(drawn);
  } catch (error) {
    expect(String(error)).toMatch(/^RangeError/);
    refused++;
    return;
  }
  const networks: Network[] = [whole.network];
  const expected = await run(whole);
  if (isRefused(expected)) {
    refused++;
    networks[0].dispose();
    return;
  }
  for (const part of drawn.parts) drawnParts.add(part);
  // Broken off twice: what goes on from a checkpoint can be saved like any other.
  const random = new Random(seed);
  let training = begin(drawn);
  let seen = 0;
  const stops = [random.integer(expected.events.length + 1), random.integer(expected.events.length + 1)].sort(
    (a, b) => a - b,
  );
  for (const stop of stops) {
    networks.push(training.network);
    const part = await run(training, stop - seen);
    expect(part.events, drawn.title).toEqual(expected.events.slice(seen, stop));
    seen = stop;
    if (random.integer(4) === 0) await training.return();
    training = goOn(drawn, training.save(), random.integer(2) === 0);
  }
  networks.push(training.network);
  const rest = await run(training);
  expect(rest.events, drawn.title).toEqual(expected.events.slice(seen));
  expect(rest.error, drawn.title).toBe(expected.error);
  expect(rest.parameters, drawn.title).toEqual(expected.parameters);
  resumed++;
  for (const network of networks) network.dispose();
}

describe("random trainings go on as if they had not been broken off", () => {
  const batches = Array.from({ length: Math.ceil(CASES / BATCH) }, (_, i) => i * BATCH);
  it.each(batches)("from %i on", async (first) => {
    for (let seed = first; seed < Math.min(CASES, first + BATCH); seed++) await compare(seed);
  });

  it("of all cells, rules, optimizers, data and options", () => {
    process.stdout.write(`${resumed} trainings resumed, ${refused} refused\n`);
    const kinds = [
      "windows",
      "async windows",
      "tokenStream",
      "tokenStream, pack",
      "sequenceSet",
      "sequenceSet, shuffle",
    ];
    const options = [
      "validateEvery",
      "patience",
      "keepBest",
      "accumulate",
      "averaging",
      "updateEvery",
      "cosine",
      "plateau",
    ];
    const networks = ["dropout", "bidirectional", "output", "embeddingSize", "layerNorm"];
    const titles = variants.map(({ title }) => title);
    expect(
      [...cellNames, ...ruleNames, ...titles, ...kinds, ...options, ...networks].filter(
        (part) => !drawnParts.has(part),
      ),
    ).toEqual([]);
    expect(refused).toBeLessThan(CASES / 2);
  });
});
