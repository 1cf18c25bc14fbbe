import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SequenceItem } from "../../src/data/items.js";
import { seekableOf } from "../../src/data/seekable.js";
import { sequenceSet, type SequenceSet } from "../../src/data/sequence-set.js";
import { createNetwork } from "../../src/network/create-network.js";
import { adam } from "../../src/optimize/adam.js";
import { resumeTraining } from "../../src/train/resume-training.js";
import { train } from "../../src/train/train.js";

/** A sequence that is told apart by its tokens. */
function itemOf(length: number, index: number): SequenceItem {
  return { inputs: { tokens: new Uint16Array(length).fill(index) }, targets: { class: index } };
}

interface Batch {
  readonly items: number[];
  readonly padding: number;
  readonly steps: number;
}

function epochOf(data: SequenceSet): Batch[] {
  return [...data].map(({ inputs, sequenceTargets }) => ({
    items: [...(sequenceTargets?.classes ?? [])],
    padding: Array.from(inputs.lengths ?? []).reduce((sum, length) => sum + inputs.steps - length, 0),
    steps: inputs.steps,
  }));
}

const paddingOf = (epoch: readonly Batch[]): number => epoch.reduce((sum, { padding }) => sum + padding, 0);

/** The least padding that any batches of these sizes can have, each size in every place. */
function leastByHand(lengths: readonly number[], batch: number): number {
  const sorted = [...lengths].sort((a, b) => a - b);
  const count = Math.ceil(lengths.length / batch);
  const paddings = Array.from({ length: count }, (_, short) => {
    let at = 0;
    let padding = 0;
    for (let i = 0; i < count; i++) {
      const size = i === short ? lengths.length - (count - 1) * batch : batch;
      const group = sorted.slice(at, at + size);
      for (const length of group) padding += group[group.length - 1] - length;
      at += size;
    }
    return padding;
  });
  return Math.min(...paddings);
}

const cases = {
  lengths: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 40 }),
  batch: fc.integer({ min: 1, max: 6 }),
  bucket: fc.oneof(fc.constant(true), fc.integer({ min: 1, max: 10 })),
  shuffle: fc.boolean(),
  seed: fc.integer({ min: -5, max: 5 }),
};

describe("sequenceSet in buckets", () => {
  it("gives every sequence once an epoch, in as many batches and never with more padding than without", () => {
    let less = 0;
    fc.assert(
      fc.property(fc.record(cases), ({ lengths, ...options }) => {
        const items = lengths.map(itemOf);
        const data = sequenceSet(items, options);
        const plain = sequenceSet(items, { ...options, bucket: false });
        for (let epoch = 0; epoch < 3; epoch++) {
          const [batches, others] = [epochOf(data), epochOf(plain)];
          expect(batches.flatMap((batch) => batch.items).sort((a, b) => a - b)).toEqual([...lengths.keys()]);
          const byNumber = (a: number, b: number): number => a - b;
          const sizes = (list: Batch[]): number[] => list.map((batch) => batch.items.length).sort(byNumber);
          expect(sizes(batches)).toEqual(sizes(others));
          expect(paddingOf(batches)).toBeLessThanOrEqual(paddingOf(others));
          if (paddingOf(batches) < paddingOf(others)) less++;
        }
      }),
      { seed: 1, numRuns: 600 },
    );
    expect(less).toBeGreaterThan(600);
  });

  it("has the least padding of all batches where all are sorted, from short to long, and says how much", () => {
    fc.assert(
      fc.property(fc.record(cases), ({ lengths, batch }) => {
        const data = sequenceSet(lengths.map(itemOf), { batch, bucket: true });
        const batches = epochOf(data);
        expect(paddingOf(batches)).toBe(leastByHand(lengths, batch));
        expect(batches.map(({ steps }) => steps)).toEqual(
          batches.map(({ steps }) => steps).sort((a, b) => a - b),
        );
        const plain = sequenceSet(lengths.map(itemOf), { batch });
        expect(data.padding).toEqual({ ...plain.padding, bucketed: paddingOf(batches) });
        expect(plain.padding).not.toHaveProperty("bucketed");
        expect(epochOf(data)).toEqual(batches);
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it("sorts as many batches as it is told, one after another, in the epoch's order", () => {
    fc.assert(
      fc.property(
        fc.record({ ...cases, bucket: fc.integer({ min: 1, max: 10 }) }),
        ({ lengths, ...options }) => {
          const items = lengths.map(itemOf);
          const { batch, bucket } = options;
          const data = sequenceSet(items, options);
          const order = epochOf(sequenceSet(items, { ...options, bucket: false })).flatMap(
            (one) => one.items,
          );
          const pools = Array.from({ length: Math.ceil(order.length / (batch * bucket)) }, (_, i) =>
            order.slice(i * batch * bucket, (i + 1) * batch * bucket),
          );
          const poolOf = (item: number): number => pools.findIndex((pool) => pool.includes(item));
          const batches = epochOf(data);
          for (const one of batches) expect(new Set(one.items.map(poolOf)).size).toBe(1);
          for (const [i, pool] of pools.entries()) {
            const inPool = batches.filter((one) => poolOf(one.items[0]) === i);
            expect(paddingOf(inPool)).toBe(
              leastByHand(
                pool.map((item) => lengths[item]),
                batch,
              ),
            );
          }
          if (options.shuffle) return;
          expect(batches.map((one) => poolOf(one.items[0]))).toEqual(
            batches.map((one) => poolOf(one.items[0])).sort((a, b) => a - b),
          );
        },
      ),
      { seed: 1, numRuns: 400 },
    );
  });

  it("draws a new order an epoch, of batches and of what is in them, which the seed decides", () => {
    const items = Array.from({ length: 400 }, (_, i) => itemOf(1 + ((i * 7) % 23), i));
    const epochs = (seed: number): Batch[][] => {
      const data = sequenceSet(items, { batch: 4, shuffle: true, bucket: true, seed });
      return [epochOf(data), epochOf(data), epochOf(data)];
    };
    const first = epochs(3);
    expect(epochs(3)).toEqual(first);
    expect(epochs(4)).not.toEqual(first);
    const members = (epoch: Batch[]): Set<string> =>
      new Set(epoch.map((one) => [...one.items].sort().join()));
    expect(first[1]).not.toEqual(first[0]);
    const same = [...members(first[0])].filter((one) => members(first[1]).has(one));
    expect(same.length).toBeLessThan(10);
    // In random order: long and short ones on both sides.
    const half = first[0].slice(0, 50).map(({ steps }) => steps);
    const other = first[0].slice(50).map(({ steps }) => steps);
    for (const steps of [half, other]) {
      expect(Math.min(...steps)).toBeLessThan(6);
      expect(Math.max(...steps)).toBeGreaterThan(18);
    }
    // The square root of 100 batches are sorted together: at least a third of the padding is left out in each.
    const plain = sequenceSet(items, { batch: 4, shuffle: true, seed: 3 });
    for (const epoch of first) expect(paddingOf(epoch)).toBeLessThan(0.35 * paddingOf(epochOf(plain)));
  });

  it("begins anywhere in any order, as it was walked to", () => {
    fc.assert(
      fc.property(fc.record(cases), ({ lengths, ...options }) => {
        const items = lengths.map(itemOf);
        const walked = sequenceSet(items, options);
        const sought = sequenceSet(items, options);
        const place = seekableOf(sought);
        const epochs = [[...walked], [...walked], [...walked]];
        for (const order of [2, 0, 1]) {
          expect(place?.windows(order)).toBe(epochs[order].length);
          for (let first = 0; first <= epochs[order].length; first++)
            expect([...(place?.from(order, first) ?? [])]).toEqual(epochs[order].slice(first));
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("is sought by a training that goes on", async () => {
    const items = Array.from({ length: 30 }, (_, i) => itemOf(1 + ((i * 7) % 11), i));
    const make = () => sequenceSet(items, { batch: 4, shuffle: true, bucket: true, seed: 2 });
    const options = { optimizer: adam(), epochs: 3 };
    const sizes = { inputSize: 30, hiddenSize: 3, outputSize: 30, output: "sequence" as const };
    using network = createNetwork(sizes);
    const saved: Uint8Array[] = [];
    const losses: number[] = [];
    const training = train(network, make(), options);
    for await (const { loss } of training) {
      saved.push(training.save());
      losses.push(loss);
    }
    expect(losses).toHaveLength(27);
    for (const at of [0, 5, 7, 8, 9, 20, 26]) {
      const resumed = resumeTraining(saved[at], make(), { ...options, optimizer: adam() });
      const rest: number[] = [];
      for await (const { loss } of resumed) rest.push(loss);
      resumed.network.dispose();
      expect(rest).toEqual(losses.slice(at + 1));
    }
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["a word", "true", TypeError, /"bucket" expected true, false or a number of batches, got "true"/],
    ["none", 0, RangeError, /"bucket" expected an integer from 1 to .*, got 0/],
    ["half a batch", 1.5, RangeError, /"bucket" .* got 1.5/],
    ["NaN", NaN, RangeError, /"bucket" .* got NaN/],
  ])("refuses %s", (_, bucket, type, message) => {
    const act = (): unknown => Reflect.apply(sequenceSet, undefined, [[itemOf(1, 0)], { batch: 1, bucket }]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
  });

  it("refuses to fill rows as well", () => {
    expect(() => sequenceSet([itemOf(1, 0)], { batch: 1, pack: true, bucket: 2 })).toThrow(
      new RangeError(`"bucket" expected false with pack, which fills rows, got 2`),
    );
    expect(() => sequenceSet([itemOf(1, 0)], { batch: 1, pack: true, bucket: false })).not.toThrow();
  });
});
