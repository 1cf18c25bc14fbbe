import { describe, requireInt32Array, requireInteger, requireOptions } from "../../errors.js";
import { MemoryScope } from "../../memory/memory-scope.js";
import { elementAt, vector } from "../../memory/regions.js";
import { ctcScratch, leastCtcSteps } from "../../wasm/ctc-sizes.js";
import { ctcLoss } from "../../wasm/generated/named-loss-kernels.js";
import { lossKernels } from "../../wasm/loss-kernels.js";
import type { Loss } from "../types.js";
import {
  createLoss,
  type GivenLabels,
  type LossPlace,
  type TargetSizes,
  type WholeTargets,
} from "./definition.js";

/** Configures `ctc`. */
export interface CtcOptions {
  /** The class that stands for no label; default 0. */
  blank?: number;
}

/** Returns the sum of the lengths, each checked. */
function requireLabelLengths(name: string, lengths: Int32Array): number {
  return lengths.reduce((sum, length, b) => sum + requireInteger(`${name}[${b}]`, length, 0), 0);
}

/** Returns the checked labels of all sequences. Throws a TypeError or RangeError that names what does not fit. */
function requireLabels(
  name: string,
  target: GivenLabels,
  { steps, batch, lengths, O, output, reduction }: TargetSizes,
  blank: number,
): WholeTargets {
  if (output === "sequence")
    throw new RangeError(`"loss" expected a network with an output a step for ctc(), got one a sequence`);
  if (blank >= O)
    throw new RangeError(`"loss" expected a blank below ${O}, the network's outputs, got ${blank}`);
  if (target.weights !== undefined)
    throw new RangeError(`"${name}.weights" expected none for ctc(), got ${describe(target.weights)}`);
  const labelLengths = requireInt32Array(
    `${name}.labelLengths`,
    target.labelLengths,
    batch,
    `[B=${batch}]`,
  ).slice();
  const count = requireLabelLengths(`${name}.labelLengths`, labelLengths);
  const labels = requireInt32Array(`${name}.labels`, target.labels, count, `the sum of labelLengths`).slice();
  labels.forEach((label, i) => {
    if (label < 0 || label >= O || label === blank)
      throw new RangeError(
        `"${name}.labels" expected classes from 0 to ${O - 1} without the blank ${blank}, got ${label} at ${i}`,
      );
  });
  let from = 0;
  labelLengths.forEach((own, b) => {
    const least = leastCtcSteps(labels.subarray(from, (from += own)));
    const length = lengths?.[b] ?? steps;
    if (least > length) {
      throw new RangeError(
        `"${name}.labels" expected labels that fit into their sequence's steps, got ${own} of sequence ${b}, which take ` +
          `${least} steps (one each, and one between equal ones), for a length of ${length}`,
      );
    }
  });
  // Each sequence's loss by its labels' number, as torch.nn.CTCLoss has the mean.
  const weights = Float32Array.from(labelLengths, (own) => (reduction === "mean" ? 1 / Math.max(1, own) : 1));
  return { array: labels, labelLengths, lengths: lengths?.slice(), weights, count: batch, weight: batch };
}

function apply({ engine, outputs, array, whole, batch, steps, scale }: LossPlace, blank: number): number {
  if (whole === undefined) throw new Error("labels came without their lengths");
  const { arena, constants } = engine;
  const { labelLengths, lengths, weights } = whole;
  const most = labelLengths.reduce((longest, length) => Math.max(longest, length), 0);
  const scope = new MemoryScope(arena);
  try {
    const { regions } = scope.reserve({
      losses: vector(batch),
      labels: vector(Math.max(1, array.length)),
      labelLengths: vector(batch),
      lengths: vector(batch),
      scales: vector(batch),
      variables: vector(ctcScratch(steps, most)),
    });
    arena.i32.set(array, elementAt(regions.labels.pointer));
    arena.i32.set(labelLengths, elementAt(regions.labelLengths.pointer));
    if (lengths !== undefined) arena.i32.set(lengths, elementAt(regions.lengths.pointer));
    arena.f32.set(
      weights.map((weight) => weight * scale),
      elementAt(regions.scales.pointer),
    );
    ctcLoss(lossKernels(arena.memory), {
      x: outputs.pointer,
      losses: regions.losses.pointer,
      labels: regions.labels.pointer,
      labelLengths: regions.labelLengths.pointer,
      lengths: lengths === undefined ? 0 : regions.lengths.pointer,
      scales: regions.scales.pointer,
      variables: regions.variables.pointer,
      constants,
      blank,
      T: steps,
      B: batch,
      columns: outputs.columns,
      stride: outputs.stride,
    });
    const first = elementAt(regions.losses.pointer);
    return weights.reduce((sum, weight, b) => sum + weight * arena.f32[first + b], 0);
  } finally {
    scope.releaseAll();
  }
}

/**
 * Creates the loss of connectionist temporal classification (Graves et al. 2006), as `torch.nn.CTCLoss` of a log-softmax:
 * −ln of the probability of a sequence's labels, over all ways to lay them out in its steps. Targets are `labels`, those of all
 * sequences one after another, and `labelLengths`, [B]; a sequence may have none. "mean" divides each sequence's loss by the
 * number of its labels, then averages over the sequences; "sum" does neither.
 *
 * It needs whole sequences: rules that cut them refuse it, and so do networks with one output a sequence. Labels that do not fit
 * into a sequence's steps are a RangeError. `ctcDecode` reads the labels that a network says. Throws a TypeError or RangeError for a
 * bad option.
 */
export function ctc(options: CtcOptions = {}): Loss {
  const { blank = 0 } = requireOptions("options", options, ["blank"]);
  requireInteger("blank", blank, 0);
  return createLoss(
    { blank },
    {
      name: "ctc",
      against: ["labels"],
      requireWhole: (name, target, sizes) => requireLabels(name, target, sizes, blank),
      apply: (place) => apply(place, blank),
    },
  );
}
