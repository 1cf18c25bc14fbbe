/**
 * Times work beside the peak of the same moment. The machine may be shared and have slow phases of seconds to
 * minutes. So a figure comes from pairs, the peak being sampled just before and just after the work, and is
 * the median of its pairs; work that is measured several times, some seconds apart, gets its best median.
 */
import { Bench, type Statistics } from "tinybench";
import { median } from "./median.js";
import type { Peak } from "./peak.js";

/** Milliseconds of a sample; shorter work is repeated, so that the clock is exact to a thousandth. */
const SAMPLE = 1.5;
/** Milliseconds of runs before the first sample of each work, in which the engine compiles it at its best. */
const WARM_UP = 150;

/** Describes work to time. */
export interface Work {
  readonly name: string;
  /** Floating-point operations of one run; a multiply-add counts as two. */
  readonly flop: number;
  readonly run: () => void;
}

/** Holds the figures of one work. */
export interface Figure {
  /** Time of one run. */
  readonly milliseconds: number;
  readonly gflops: number;
  /** Share of the peak, 0 to 1. */
  readonly share: number;
  /** Relative median absolute deviation of the time. */
  readonly spread: number;
}

/** Returns the milliseconds of one run, from `repeats` of them. */
function time(run: () => void, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return (performance.now() - start) / repeats;
}

/** Returns the number of runs that make a sample. */
function repeatsOf(run: () => void): number {
  let repeats = 1;
  while (time(run, repeats) * repeats < SAMPLE) repeats *= 2;
  return Math.max(1, Math.ceil(SAMPLE / time(run, repeats)));
}

/** Returns the statistics that tinybench makes of a sample that times itself, in milliseconds. */
function sampled(name: string, samples: number, sample: () => number): Statistics {
  const bench = new Bench({
    iterations: samples,
    time: 0,
    warmupIterations: 1,
    warmupTime: WARM_UP,
    throws: true,
  });
  bench.add(name, () => {
    const start = performance.now();
    const overriddenDuration = sample();
    return { overriddenDuration, overriddenIterationCost: performance.now() - start };
  });
  const [{ result }] = bench.runSync();
  if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
  return result.latency;
}

/** Measures the work as it is now, over so many pairs. */
export function measure({ name, flop, run }: Work, peak: Peak, pairs: number): Figure {
  const repeats = repeatsOf(run);
  const shares: number[] = [];
  const latency = sampled(name, pairs, () => {
    const before = peak.sample();
    const milliseconds = time(run, repeats);
    // The better of the two counts: one of them may have been interrupted.
    shares.push(flop / milliseconds / 1e6 / Math.max(before, peak.sample()));
    return milliseconds;
  });
  const milliseconds = latency.p50;
  return {
    milliseconds,
    gflops: flop / milliseconds / 1e6,
    share: median(shares.slice(-pairs)),
    spread: latency.mad / milliseconds,
  };
}

/** Measures every work once a round; returns for each the round that reached the largest share. */
export function measureAll(works: readonly Work[], peak: Peak, rounds: number, pairs: number): Figure[] {
  const best: Figure[] = [];
  for (let round = 0; round < rounds; round++) {
    works.forEach((work, i) => {
      const figure = measure(work, peak, pairs);
      if (round === 0 || figure.share > best[i].share) best[i] = figure;
    });
  }
  return best;
}

/**
 * Returns the milliseconds of each run, for work that takes microseconds: the least of many short samples,
 * taken in turns, since other work of the machine can only add to one.
 */
export function leastTimes(runs: readonly (() => void)[], samples: number, repeats: number): number[] {
  for (const run of runs) time(run, samples * repeats);
  const least = runs.map(() => Infinity);
  for (let sample = 0; sample < samples; sample++) {
    runs.forEach((run, i) => (least[i] = Math.min(least[i], time(run, repeats))));
  }
  return least;
}

/**
 * Returns the milliseconds of processor time of one run: the least of so many samples, each of `runs` runs or
 * more, since other work of the machine can only add. It is for work that is compared with itself at other
 * sizes, not with the peak.
 */
export function leastProcessorTime(run: () => void, samples: number, runs = 1): number {
  const repeats = Math.max(runs, repeatsOf(run));
  const warm = performance.now() + WARM_UP;
  while (performance.now() < warm) run();
  let least = Infinity;
  for (let sample = 0; sample < samples; sample++) {
    const before = process.cpuUsage();
    for (let i = 0; i < repeats; i++) run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000 / repeats);
  }
  return least;
}

/** Returns how many times as long as `other` a run takes, of each pair, and the milliseconds of both. */
export function timeRatios(name: string, run: () => void, other: () => void, pairs: number) {
  const repeats = repeatsOf(run);
  const otherRepeats = repeatsOf(other);
  const ratios: number[] = [];
  const others: number[] = [];
  const latency = sampled(name, pairs, () => {
    const reference = time(other, otherRepeats);
    const milliseconds = time(run, repeats);
    ratios.push(milliseconds / reference);
    others.push(reference);
    return milliseconds;
  });
  return {
    milliseconds: latency.p50,
    otherMilliseconds: median(others.slice(-pairs)),
    ratios: ratios.slice(-pairs),
  };
}

/** Returns the median of how many times as long as `other` a run takes, and the milliseconds of both. */
export function timeRatio(name: string, run: () => void, other: () => void, pairs: number) {
  const { ratios, ...milliseconds } = timeRatios(name, run, other, pairs);
  return { ...milliseconds, ratio: median(ratios) };
}

/** Returns the least-squares slope of log y over log x: y ~ x^slope. */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mu, mv] = [mean(u), mean(v)];
  const above = u.reduce((sum, a, i) => sum + (a - mu) * (v[i] - mv), 0);
  return above / u.reduce((sum, a) => sum + (a - mu) ** 2, 0);
}
