/** Chooses what to measure by the loss and the targets. */

import { ctcDecode } from "../../infer/ctc-decode.js";
import { editDistance } from "../../infer/edit-distance.js";
import type { Inputs } from "../../network/model/batch.js";
import type { Targets } from "../../network/model/targets.js";
import type { Loss } from "../../network/types.js";
import { BinaryMetrics } from "./binary.js";
import { ClassificationMetrics } from "./classification.js";
import { QuantileCoverage } from "./coverage.js";
import { bits, perplexity } from "./information.js";
import { LabelMetrics } from "./labels.js";
import { RegressionMetrics, type OutputErrors } from "./regression.js";

/** Holds what was measured beside the loss; each only where it means something. Targets count by their weights. */
export interface Measurements {
  /**
   * Classes: the share of targets whose output was the largest, the first of equals. Binary cross-entropy: the share of targets on
   * whose side of one half the output's probability is.
   */
  accuracy?: number;
  /** Classes, without label smoothing: e^loss, as many classes as would be as hard to guess among. */
  perplexity?: number;
  /** The same: loss/ln 2, the bits that a target takes to write down. */
  bits?: number;
  /** Classes, where `topK` was asked for: the share of targets among the k largest outputs. */
  topK?: number;
  /** Classes, up to 1024: [C, C], a row for each true class, a column for each one said. */
  confusion?: Float64Array;
  /** Classes: [C] each: how many targets, TP/(TP + FP), TP/(TP + FN), and 2TP/(2TP + FP + FN); NaN where a class has none. */
  support?: Float64Array;
  precision?: Float64Array;
  recall?: Float64Array;
  f1?: Float64Array;
  /** Classes: the mean of `f1` over the classes that were a target or said. */
  macroF1?: number;
  /** Values: over all of them; of quantiles, the median's or that of the level nearest to ½. */
  meanAbsoluteError?: number;
  rootMeanSquaredError?: number;
  /** Values: 1 − Σ(o − y)²/Σ(y − ȳ)², the mean over the outputs whose targets vary. */
  rSquared?: number;
  /** Values: the same three of each output. */
  perOutput?: OutputErrors;
  /** Quantiles: [Q], the share of targets at or below each level's outputs: about the level, where they are right. */
  coverage?: Float64Array;
  /** `ctc()`: the mean edit distance between a sequence's labels and those of the best path. */
  editDistance?: number;
  /** `ctc()`: all edits by all labels. */
  labelErrorRate?: number;
  /** `ctc()`: the share of sequences without any error. */
  exact?: number;
}

/** Takes outputs as they come by, and says what they amount to. */
interface Meter {
  add(outputs: Float32Array, targets: Targets, inputs: Inputs): void;
  read(loss: number): Measurements;
}

/** What options a loss may show. */
type ShownLoss = Partial<Loss & { labelSmoothing: number; levels: readonly number[]; blank: number }>;

function floats({ array }: Targets): Float32Array {
  return array instanceof Float32Array ? array : Float32Array.from(array);
}

function integers({ array }: Targets): Int32Array {
  return array instanceof Int32Array ? array : Int32Array.from(array);
}

function classMeter(O: number, topK: number | undefined, { labelSmoothing = 0 }: ShownLoss): Meter {
  const metrics = new ClassificationMetrics({ classes: O, topK });
  return {
    add: (outputs, targets) => {
      metrics.add(outputs, integers(targets), targets.weights);
    },
    read(loss) {
      const { count: _count, weight: _weight, ...measured } = metrics.result();
      return {
        ...measured,
        ...(labelSmoothing === 0 && { perplexity: perplexity(loss), bits: bits(loss) }),
      };
    },
  };
}

function binaryMeter(): Meter {
  const metrics = new BinaryMetrics();
  return {
    add: (outputs, targets) => {
      metrics.add(outputs, floats(targets), targets.weights);
    },
    read: () => ({ accuracy: metrics.result() }),
  };
}

function valueMeter(O: number, { levels }: ShownLoss): Meter {
  const Q = levels?.length ?? 1;
  const K = O / Q;
  const from = (level: number): number => Math.abs(level - 0.5);
  const middle = levels?.reduce((best, level, q) => (from(level) < from(levels[best]) ? q : best), 0);
  const metrics = new RegressionMetrics({ targets: K, stride: Q, offset: middle });
  const coverage = levels && new QuantileCoverage(K, Q);
  return {
    add(outputs, targets) {
      metrics.add(outputs, floats(targets), targets.weights);
      coverage?.add(outputs, floats(targets), targets.weights);
    },
    read() {
      const { count: _count, weight: _weight, ...measured } = metrics.result();
      return { ...measured, ...(coverage && { coverage: coverage.result() }) };
    },
  };
}

function labelMeter({ blank }: ShownLoss): Meter {
  const metrics = new LabelMetrics(editDistance);
  return {
    add(outputs, { array, whole, steps, batch }, { lengths }) {
      const decoded = ctcDecode(outputs, { steps, batch, blank, ...(lengths && { lengths }) });
      let from = 0;
      decoded.forEach((labels, b) => {
        const own = whole?.labelLengths[b] ?? 0;
        metrics.add(labels, array.subarray(from, (from += own)));
      });
    },
    read() {
      const { count, edits, labelErrorRate, exact } = metrics.result();
      return { editDistance: edits / count, labelErrorRate, exact };
    },
  };
}

/** Measures the outputs of an evaluation's windows. */
export class Metrics {
  private readonly O: number;
  private readonly loss: ShownLoss;
  private readonly topK: number | undefined;
  private meter: Meter | undefined;
  /** The kind of targets so far; "mixed": nothing can be said of them together. */
  private kind: string | undefined;

  constructor(O: number, loss: unknown, topK: number | undefined) {
    this.O = O;
    this.loss = typeof loss === "object" && loss !== null ? loss : {};
    this.topK = topK;
  }

  /** Adds rows of outputs, [rows, O], and their targets; is an `Observer`. */
  observe(outputs: Float32Array, targets: Targets, inputs: Inputs): void {
    if (targets.count === 0) return;
    const { kind } = targets;
    if (this.kind === undefined) this.meter = this.meterFor(targets);
    this.kind = this.kind === undefined || this.kind === kind ? kind : "mixed";
    if (this.kind !== "mixed") this.meter?.add(outputs, targets, inputs);
  }

  /** Returns what was measured, beside the mean loss. */
  read(loss: number): Measurements {
    return this.kind === "mixed" ? {} : (this.meter?.read(loss) ?? {});
  }

  /** Returns what measures these targets; undefined for probabilities, of which the loss says all. */
  private meterFor({ kind, loss }: Targets): Meter | undefined {
    if (kind === "labels") return labelMeter(this.loss);
    if (kind === "classes") return classMeter(this.O, this.topK, this.loss);
    if (loss.name === "binaryCrossEntropy") return binaryMeter();
    return loss.joint === true ? undefined : valueMeter(this.O, this.loss);
  }
}
