/** Defines what every loss declares of itself, and the objects that stand for losses. */

import { describe } from "../../errors.js";
import type { Engine } from "../../memory/engine.js";
import { rowsOf, writeRegion, type Region } from "../../memory/regions.js";
import type { Window } from "../model/window.js";
import type { Loss, Reduction, Target } from "../types.js";

/** Names the fields of `Target` that say what the outputs should have been. */
export type TargetKindName = "classes" | "values" | "gradient" | "labels";

/** Says what elements of targets may be, also in words. */
export interface TargetRange {
  readonly least: number;
  readonly most: number;
  readonly words: string;
}

/** Says what targets must fit. */
export interface TargetSizes {
  /** T, B and [B] lengths, undefined where all are T. */
  readonly steps: number;
  readonly batch: number;
  readonly lengths: Int32Array | undefined;
  /** The outputs of a step. */
  readonly O: number;
  readonly output: "step" | "sequence";
  readonly reduction: Reduction;
}

/** Holds what a caller gave as targets of whole sequences. */
export type GivenLabels = Readonly<
  Record<keyof Pick<Target, "labels" | "labelLengths" | "weights">, unknown>
>;

/** Holds targets of whole sequences, which no step has a part of. */
export interface WholeTargets {
  /** The labels of all sequences, one after another. */
  readonly array: Int32Array;
  /** [B], how many each has. */
  readonly labelLengths: Int32Array;
  /** [B], each in [1, T]; undefined: all are T. */
  readonly lengths: Int32Array | undefined;
  /** [B], what each sequence's loss is multiplied by. */
  readonly weights: Float32Array;
  /** Number of targets, and what a mean divides by. */
  readonly count: number;
  readonly weight: number;
}

/** Says where a loss is taken: at the outputs of a window's first rows, against as many targets. */
export interface LossPlace {
  readonly engine: Engine;
  readonly window: Window;
  readonly kind: TargetKindName;
  /** [rows, O]; replaced by the gradient. */
  readonly outputs: Region;
  /** T and B. */
  readonly steps: number;
  readonly batch: number;
  /** One or several a row. */
  readonly array: Int32Array | Float32Array;
  /** Targets of whole sequences; undefined where rows have them. */
  readonly whole: WholeTargets | undefined;
  /** Points to the rows' weights, or is 0. */
  readonly weights: number;
  /** Factor of the gradient. */
  readonly scale: number;
}

export interface LossDefinition {
  readonly name: string;
  /** The fields of `Target` that it can be taken against. */
  readonly against: readonly TargetKindName[];
  /** Returns the targets of a step, of kind "values", that O outputs have; default O. Throws a RangeError. */
  readonly width?: (O: number) => number;
  /** Returns what the targets may be; default: classes of O, and any finite values. */
  readonly range?: (kind: TargetKindName, O: number) => TargetRange | undefined;
  /** Whether the values of a step are one target together; default: each is one. */
  readonly joint?: boolean;
  /** Checks targets of whole sequences, of losses that need those; a rule that cuts sequences then refuses the loss. */
  readonly requireWhole?: (name: string, target: GivenLabels, sizes: TargetSizes) => WholeTargets;
  /** Replaces the outputs by scale·w·dLoss/d(outputs) and returns the unscaled Σ w·loss. */
  apply(place: LossPlace): number;
}

const definitions = new WeakMap<object, LossDefinition>();

/** Returns the object that stands for a loss; it shows its name and options, which make it again. */
export function createLoss(options: object, definition: LossDefinition): Loss {
  const loss = Object.freeze({ name: definition.name, ...options });
  definitions.set(loss, definition);
  return loss;
}

/** Returns the definition of a loss that the library made; undefined for anything else. */
export function definitionOf(loss: unknown): LossDefinition | undefined {
  return typeof loss === "object" && loss !== null ? definitions.get(loss) : undefined;
}

/** Returns the loss's definition. Throws a TypeError for what the library did not make; `or` names what else may come. */
export function requireLoss(name: string, loss: unknown, or = ""): LossDefinition {
  const definition = definitionOf(loss);
  if (definition !== undefined) return definition;
  throw new TypeError(
    `"${name}" expected ${or}a loss made by crossEntropy(), meanSquaredError(), …, got ${describe(loss)}`,
  );
}

/** Takes a loss of single outputs: sums up `kernel` over rows whose targets pass through the staging region, `repeat` each. */
export function overStagedTargets(
  { engine, window, outputs, array, weights }: LossPlace,
  kernel: (part: Region, targets: number, weights: number) => number,
  repeat = 1,
): number {
  const { targetRows } = window.regions;
  const spread = repeat === 1 ? array : repeated(array, repeat);
  let sum = 0;
  for (let first = 0; first < outputs.rows; first += targetRows.rows) {
    const part = rowsOf(outputs, first, Math.min(targetRows.rows, outputs.rows - first));
    const from = first * part.columns;
    const values = spread.subarray(from, from + part.rows * part.columns);
    writeRegion(engine.arena.f32, rowsOf(targetRows, 0, part.rows), values);
    sum += kernel(part, targetRows.pointer, weights === 0 ? 0 : weights + first * 4);
  }
  return sum;
}

/** Returns each value as often as there are outputs for it, side by side. */
function repeated(values: ArrayLike<number>, times: number): Float32Array {
  return Float32Array.from({ length: values.length * times }, (_, i) => values[Math.floor(i / times)]);
}
