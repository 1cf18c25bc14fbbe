/** Reads labels from the outputs of a network that was trained by connectionist temporal classification. */

import { describe, requireInteger, requireOptions } from "../errors.js";
import { LARGEST, requireLengths, settled } from "../network/arguments.js";
import { searchPrefixes } from "./prefix-beam.js";

/** Configures `ctcDecode`. */
export interface CtcDecodeOptions {
  /** T: steps of the window. */
  steps: number;
  /** B: sequences in it. */
  batch: number;
  /** [B], each in [1, T]; default all T. Whatever stands past a length is ignored. */
  lengths?: Int32Array;
  /** The class that stands for no label, in [0, O); default 0. */
  blank?: number;
  /**
   * The most labellings that are followed at a time, at least 1. The more there are, the likelier the one found; with all that are
   * possible it is the likeliest. Default: none, the best path's labels.
   */
  beam?: number;
}

/** Returns the number of outputs of a step, after a check of the array's length. */
function requireOutputs(
  outputs: Float32Array,
  T: number,
  B: number,
): { values: Float32Array; width: number } {
  const values = settled(outputs);
  if (!(values instanceof Float32Array && ArrayBuffer.isView(values)))
    throw new TypeError(`"outputs" expected a Float32Array, got ${describe(outputs)}`);
  const { length } = values;
  if (length === 0 || length % (T * B) !== 0)
    throw new RangeError(
      `"outputs" expected a multiple of ${T * B} values ([T=${T}, B=${B}, O]), got ${length}`,
    );
  return { values, width: length / (T * B) };
}

function requireFinite(rows: readonly Float32Array[], b: number): void {
  for (const [t, row] of rows.entries()) {
    const bad = row.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new RangeError(`"outputs" expected finite numbers, got ${row[bad]} at [${t}, ${b}, ${bad}]`);
  }
}

/** Returns the labels of the likeliest path: each step's likeliest class, repeats merged, blanks left out. */
function followBestPath(rows: readonly Float32Array[], blank: number): number[] {
  const path = rows.map((row) => row.indexOf(row.reduce((a, b) => Math.max(a, b))));
  return path.filter((label, t) => label !== blank && label !== path[t - 1]);
}

/**
 * Returns the labels of each of the B sequences in `outputs`, logits [T, B, O] as `forward` returns them, of a network that was
 * trained by connectionist temporal classification (Graves et al. 2006). Without `beam` they are those of the likeliest path: each
 * step's likeliest class, the first of equals, repeats merged and blanks left out. With `beam` they are found by prefix beam search,
 * which adds up the probabilities of all paths to the same labels (Graves 2012; Hannun et al. 2014, without a language model) and
 * takes time proportional to T·B·O·beam. The same arguments give the same labels on every engine, those of equal probability too.
 *
 * Throws a TypeError for an argument of another type, an option that does not exist, or no `steps` or `batch`, and a RangeError for
 * a number out of range, outputs that are not [T, B, O], or an output within its sequence's length that is not finite.
 */
export function ctcDecode(outputs: Float32Array, options: CtcDecodeOptions): Int32Array[] {
  const given = requireOptions("options", options, ["steps", "batch", "lengths", "blank", "beam"]);
  const T = requireInteger("steps", given.steps, 1, LARGEST);
  const B = requireInteger("batch", given.batch, 1, LARGEST);
  const { values, width } = requireOutputs(outputs, T, B);
  const lengths = requireLengths("lengths", given.lengths, T, B, 1);
  const { blank: none = 0, beam: most } = given;
  const blank = requireInteger("blank", none, 0, width - 1);
  const beam = most === undefined ? undefined : requireInteger("beam", most, 1);
  const sequences = Array.from({ length: B }, (_, b) =>
    Array.from({ length: lengths?.[b] ?? T }, (_, t) => {
      const start = (t * B + b) * width;
      return values.subarray(start, start + width);
    }),
  );
  for (const [b, rows] of sequences.entries()) requireFinite(rows, b);
  return sequences.map((rows) =>
    Int32Array.from(beam === undefined ? followBestPath(rows, blank) : searchPrefixes(rows, blank, beam)),
  );
}
