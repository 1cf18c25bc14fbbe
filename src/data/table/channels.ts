/** What a network reads of each row. */

import { onCircle } from "../../elementary.js";
import { phaseOf, type Cycle } from "./calendar.js";
import type { Channel, ForecastRecipe } from "./recipe.js";
import { refer, rowsBefore, type Reference } from "./reference.js";
import { fitScaling, scaled, UNSCALED, type ScalingKind } from "./scaling.js";
import type { Series } from "./series.js";

/** The largest number of single precision. */
const LARGEST_FLOAT = 3.4028234663852886e38;

/** The share of the variance that a straight line explains, from which on a series is one that rises or falls. */
const TREND = 0.5;

/** Returns the first row from which a forecast can be made: all rows that it reads are known then. */
export function firstOrigin({
  channels,
  lookback,
  reference,
}: Pick<ForecastRecipe, "channels" | "lookback" | "reference">): number {
  const surprise = channels.some(({ source }) => source === "surprise");
  const firstInput = surprise ? rowsBefore(reference) + 1 : 0;
  return Math.max(firstInput + lookback - 1, rowsBefore(reference));
}

/** Returns an input's values, [N], unscaled; NaN in front of the first row for which it is known. */
function channelValues(
  { source, name }: Pick<Channel, "source" | "name">,
  reference: Reference,
  { plain, times, features }: Series,
): Float64Array {
  switch (source) {
    case "level":
      return plain;
    case "surprise": {
      const first = rowsBefore(reference) + 1;
      return plain.map((x, row) => (row < first ? NaN : x - refer(plain, row - 1, 1, reference)));
    }
    case "feature":
      return features.get(name) ?? new Float64Array(plain.length);
    case "sine":
    case "cosine": {
      const known = times ?? new Float64Array(plain.length);
      return known.map((time) => onCircle(phaseOf(time, name as Cycle))[source]);
    }
  }
}

function labelOf({ source, name }: Pick<Channel, "source" | "name">): string {
  return source === "feature" ? `features.${name}` : "target";
}

/** Returns all inputs of all rows, [N, I]. Throws a RangeError that names the column and the row for one that is too large. */
export function makeInputs({ channels, reference }: ForecastRecipe, series: Series): Float32Array {
  const width = channels.length;
  const inputs = new Float32Array(series.values.length * width);
  channels.forEach((channel, i) => {
    const name = labelOf(channel);
    scaled(name, channelValues(channel, reference, series), channel.scaling).forEach((value, row) => {
      if (Math.abs(value) > LARGEST_FLOAT) {
        throw new RangeError(
          `"${name}" expected numbers of a size with those that were learned from, got one ${value} times theirs`,
        );
      }
      inputs[row * width + i] = value;
    });
  });
  return inputs;
}

/** Returns whether a straight line explains most of how values vary. */
function hasTrend(values: Float64Array): boolean {
  const n = values.length;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, x) => sum + x / n, 0);
  let [product, spread, square] = [0, 0, 0];
  values.forEach((x, i) => {
    product += (i - middle) * (x - mean);
    spread += (i - middle) * (i - middle);
    square += (x - mean) * (x - mean);
  });
  return product * product > TREND * spread * square;
}

/** Says what inputs are to be made of. */
export interface ChannelPlan {
  readonly reference: Reference;
  readonly cycles: readonly Cycle[];
  readonly scaling: ScalingKind;
  readonly featureScaling: ScalingKind;
}

/** Returns the inputs of a series, scaled by its rows before `end`. Throws a RangeError that names a row without logarithm. */
export function planChannels(
  series: Series,
  end: number,
  { reference, cycles, scaling, featureScaling }: ChannelPlan,
): Channel[] {
  // Where a series rises or falls, its level will be where it never was.
  const steady =
    reference.kind === "none" || (reference.kind === "last" && !hasTrend(series.plain.subarray(0, end)));
  const fitted = (channel: Pick<Channel, "source" | "name">, kind: ScalingKind): Channel => {
    const values = channelValues(channel, reference, series).subarray(0, end);
    return { ...channel, scaling: fitScaling(labelOf(channel), values, kind) };
  };
  return [
    // The logarithm was taken of the target itself.
    fitted({ source: steady ? "level" : "surprise", name: "" }, scaling === "log" ? "standard" : scaling),
    ...[...series.features.keys()].map((name) => fitted({ source: "feature", name }, featureScaling)),
    ...cycles.flatMap((name): Channel[] => [
      { source: "sine", name, scaling: UNSCALED },
      { source: "cosine", name, scaling: UNSCALED },
    ]),
  ];
}
