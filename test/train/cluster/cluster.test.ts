/** Trainings of a cluster, whose ranks are trainings of this process, are those of one process with the whole batch. */

import { describe, expect, it } from "vitest";
import { createNetwork } from "../../../src/network/create-network.js";
import { sgd } from "../../../src/optimize/sgd.js";
import { Random } from "../../../src/random.js";
import { resumeTraining } from "../../../src/train/resume-training.js";
import { train } from "../../../src/train/train.js";
import type { Progress, Training } from "../../../src/train/training.js";
import { drawCase, type ResumeCase } from "../resume-cases.js";
import { TestCluster } from "./in-process.js";

const CASES = Number(process.env["BPTT_CLUSTERS"] ?? 200);
const BATCH = 50;

interface Run {
  events: Progress[];
  error?: string;
}

/** Runs a training to its end, or to its nth event. */
async function run(training: Training, most = Infinity): Promise<Run> {
  const events: Progress[] = [];
  try {
    while (events.length < most) {
      const { done, value } = await training.next();
      if (done === true) break;
      events.push(value);
    }
  } catch (error) {
    return { events, error: String(error) };
  }
  return { events };
}

/** Sums are rounded in another order, which the updates and a layer normalisation of few units grow. */
const TOLERANCE = 1e-3;

function expectClose(came: Run, expected: Run, title: string): void {
  // Where one rank alone has the sequence that is wrong, the others say what it said.
  if (expected.error !== undefined) expect(came.error, title).toContain(expected.error);
  else expect(came.error, title).toBeUndefined();
  expect(came.events.length, title).toBe(expected.events.length);
  expected.events.forEach((event, i) => {
    const own = came.events[i];
    for (const name of ["step", "epoch", "epochEnd"] as const) expect(own[name], title).toBe(event[name]);
    for (const name of ["loss", "learningRate", "validationLoss", "gradientNorm"] as const) {
      const [a, b] = [own[name] ?? -1, event[name] ?? -1];
      expect(Math.abs(a - b), `${title}: ${name} of event ${i}, ${a} for ${b}`).toBeLessThanOrEqual(
        TOLERANCE * Math.max(1e-2, Math.abs(b)),
      );
    }
  });
}

function begin(drawn: ResumeCase, cluster: TestCluster | undefined, from?: Uint8Array): Training[] {
  const { clusters } = cluster ?? { clusters: [undefined] };
  return clusters.map((one) => {
    const { data, options } = drawn.begin();
    // Whatever the optimizer, all ranks have the same gradients; of some, rounding soon makes other losses.
    const optimizer = sgd({ learningRate: 0.03, momentum: 0.5 });
    const all = { ...options, optimizer, ...(one && { cluster: one }) };
    const { network, build } = drawn;
    return from === undefined
      ? train(createNetwork(network, { build }), data, all)
      : resumeTraining(from, data, all, { build });
  });
}

function dispose(trainings: readonly Training[]): void {
  for (const { network } of trainings) network.dispose();
}

const seen = new Map<string, number>();

async function compare(seed: number): Promise<void> {
  const drawn = drawCase(seed);
  const random = new Random(seed);
  let alone: Training[];
  try {
    alone = begin(drawn, undefined);
  } catch (error) {
    expect(String(error)).toMatch(/^RangeError/);
    return;
  }
  const expected = await run(alone[0]);
  dispose(alone);
  if (expected.error !== undefined && expected.events.length === 0) return;
  // A rule may have refused the data before the ranks agreed, or diverged.
  const [first, second] = [1 + random.integer(4), 1 + random.integer(4)];
  const cluster = new TestCluster(first);
  const title = `${first} then ${second} ranks, ${drawn.title}`;
  const stop = random.integer(expected.events.length + 1);
  const trainings = begin(drawn, cluster);
  const parts = await Promise.all(trainings.map((training) => run(training, stop)));
  const before = { events: expected.events.slice(0, stop) };
  for (const part of parts) expectClose(part, before, title);
  const files = first === 1 ? [trainings[0].save()] : cluster.save(trainings);
  dispose(trainings);
  const resumed = begin(
    drawn,
    second === 1 ? undefined : new TestCluster(second),
    files[random.integer(files.length)],
  );
  const rest = await Promise.all(resumed.map((training) => run(training)));
  const after: Run = { ...expected, events: expected.events.slice(stop) };
  for (const part of rest) {
    expectClose(part, after, title);
  }
  // Ranks do not drift: not by a bit.
  for (const part of [...parts.slice(1), ...rest.slice(1)]) {
    const own = part.events.map(({ loss, gradientNorm }) => [loss, gradientNorm]);
    const other = (parts.includes(part) ? parts : rest)[0].events;
    expect(own, title).toEqual(other.map(({ loss, gradientNorm }) => [loss, gradientNorm]));
  }
  dispose(resumed);
  for (const part of [`${first} ranks`, ...drawn.parts]) seen.set(part, (seen.get(part) ?? 0) + 1);
}

describe("random trainings in a cluster, saved and gone on with by another number of ranks", () => {
  const batches = Array.from({ length: Math.ceil(CASES / BATCH) }, (_, i) => i * BATCH);
  it.each(batches)("from %i on", async (start) => {
    for (let seed = start; seed < Math.min(CASES, start + BATCH); seed++) await compare(seed);
  });

  it("are of all kinds", () => {
    const kinds = ["dropout", "tbptt", "artbp", "uoro", "noBackTrack", "kfRtrl", "rtrl", "updateEvery"];
    const options = ["validateEvery", "patience", "averaging", "accumulate", "plateau", "clipNorm", "output"];
    for (const part of [...kinds, ...options, "1 ranks", "2 ranks", "3 ranks", "4 ranks"])
      expect(seen.get(part) ?? 0, part).toBeGreaterThan(0);
  });
});
