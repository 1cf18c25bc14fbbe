/**
 * Searches for the likeliest labels of a sequence of logits that was trained by connectionist temporal classification (Graves
 * 2012, "Supervised sequence labelling with recurrent neural networks", 7.5; Hannun et al. 2014, "First-pass large vocabulary
 * continuous speech recognition using bi-directional recurrent DNNs", without a language model).
 */

import { addLogarithms } from "./log-sum.js";

/**
 * The labels so far: those of its parent and one more. Weights are logarithms of sums of probabilities over the paths that come
 * to these labels, each step's times a factor that all labels share: logits less the step's largest.
 */
interface Prefix {
  readonly parent: Prefix | undefined;
  /** −1 of the empty prefix. */
  readonly label: number;
  /** Those that are in the beam, or were, by their last label. */
  readonly children: Map<number, Prefix>;
  isInBeam: boolean;
  /** Of the paths that end in a blank. */
  blank: number;
  /** Of those that end in the last label. */
  ended: number;
  /** Of both. */
  total: number;
}

/** What may be in the beam after a step: a prefix that is in it, or one with a label more. */
interface Candidate {
  readonly prefix: Prefix;
  /** Undefined: none more. */
  readonly label: number | undefined;
  readonly blank: number;
  readonly ended: number;
  readonly total: number;
}

function createPrefix(parent: Prefix | undefined, label: number): Prefix {
  const none = { blank: -Infinity, ended: -Infinity, total: -Infinity };
  return { parent, label, children: new Map(), isInBeam: true, ...none };
}

/** Keeps the candidates of the largest weights, largest first; of equals those that came first. */
class Ranking {
  readonly kept: Candidate[] = [];
  private readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  /** Whether a candidate of this weight would be kept. */
  takes(total: number): boolean {
    const { kept, most } = this;
    return total > (kept.length < most ? -Infinity : kept[most - 1].total);
  }

  add(candidate: Candidate): void {
    const { kept, most } = this;
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (candidate.total > kept[middle].total) high = middle;
      else low = middle + 1;
    }
    if (kept.length === most) kept.pop();
    kept.splice(low, 0, candidate);
  }
}

/** Returns a prefix of the beam as it is after a step that adds no label to it. */
function stay(prefix: Prefix, weights: Float64Array, blankClass: number): Candidate {
  const { parent, label, total } = prefix;
  const blank = total + weights[blankClass];
  let ended = -Infinity;
  if (parent !== undefined) {
    ended = prefix.ended;
    // Its last label may also be new in this step.
    if (parent.isInBeam) ended = addLogarithms(ended, label === parent.label ? parent.blank : parent.total);
    ended += weights[label];
  }
  return { prefix, label: undefined, blank, ended, total: addLogarithms(blank, ended) };
}

/** Ranks what comes of the beam in a step of these weights. */
function rank(beam: readonly Prefix[], weights: Float64Array, blankClass: number, most: number): Ranking {
  const ranking = new Ranking(most);
  for (const prefix of beam) {
    const same = stay(prefix, weights, blankClass);
    if (ranking.takes(same.total)) ranking.add(same);
    for (let label = 0; label < weights.length; label++) {
      if (label === blankClass) continue;
      // A label right after itself is the same one, but for a blank between.
      const ended = (label === prefix.label ? prefix.blank : prefix.total) + weights[label];
      if (!ranking.takes(ended) || prefix.children.get(label)?.isInBeam === true) continue;
      ranking.add({ prefix, label, blank: -Infinity, ended, total: ended });
    }
  }
  return ranking;
}

/** Returns the prefix that a candidate stands for, with its weights. */
function settle({ prefix, label, blank, ended, total }: Candidate): Prefix {
  let settled = prefix;
  if (label !== undefined) {
    settled = prefix.children.get(label) ?? createPrefix(prefix, label);
    prefix.children.set(label, settled);
  }
  return Object.assign(settled, { isInBeam: true, blank, ended, total });
}

/** Returns the labels of the largest weight among the `most` prefixes that are kept after each of the rows of logits. */
export function searchPrefixes(rows: Iterable<Float32Array>, blankClass: number, most: number): number[] {
  let beam = [Object.assign(createPrefix(undefined, -1), { blank: 0, total: 0 })];
  for (const row of rows) {
    const largest = row.reduce((a, b) => Math.max(a, b));
    const weights = Float64Array.from(row, (logit) => logit - largest);
    const { kept } = rank(beam, weights, blankClass, most);
    for (const prefix of beam) prefix.isInBeam = false;
    beam = kept.map(settle);
  }
  const labels: number[] = [];
  for (let prefix = beam[0]; prefix.parent !== undefined; prefix = prefix.parent) labels.push(prefix.label);
  return labels.reverse();
}
