/** Brings a column's values to about the size of 1, and back. */

import { requireChoice, requireNumber, requireOptions } from "../../errors.js";
import { exponential } from "../../elementary.js";
import { naturalLogarithm } from "../../random.js";

/**
 * standard: mean 0, standard deviation 1. minmax: from -1 to 1. log: the logarithm, then as "standard", for what is above 0 and grows by
 * shares. none: as it is.
 */
export type ScalingKind = "standard" | "minmax" | "log" | "none";

export const scalingKinds: readonly ScalingKind[] = ["standard", "minmax", "log", "none"];

/** Says how a column is scaled, as plain data: (x − offset) / factor, of ln x for "log". */
export interface Scaling {
  readonly kind: ScalingKind;
  readonly offset: number;
  /** Above 0. */
  readonly factor: number;
}

export const UNSCALED: Scaling = { kind: "none", offset: 0, factor: 1 };

/** The smallest number that has a logarithm here. */
const LEAST = 2.2250738585072014e-308;

/** Returns ln x of each, NaN of NaN. Throws a RangeError that names a row that has none. */
export function logarithms(name: string, values: Float64Array): Float64Array {
  return values.map((x, row) => {
    if (Number.isNaN(x)) return NaN;
    if (!(x >= LEAST)) {
      throw new RangeError(`"${name}[${row}]" expected a number above 0, for its logarithm, got ${x}`);
    }
    return naturalLogarithm(x);
  });
}

/** Nothing is divided by 0, nor by what rounding left of it. */
function positive(spread: number): number {
  return spread > LEAST && spread < Infinity ? spread : 1;
}

/**
 * Finds offset and factor of values, NaN left out. Those that do not vary have the factor 1. Throws a RangeError that names the row that
 * has no logarithm.
 */
export function fitScaling(name: string, values: Float64Array, kind: ScalingKind): Scaling {
  const known = (kind === "log" ? logarithms(name, values) : values).filter((x) => !Number.isNaN(x));
  if (kind === "none" || known.length === 0) return { kind, offset: 0, factor: 1 };
  if (kind === "minmax") {
    const [least, most] = known.reduce(
      ([low, high], x) => [Math.min(low, x), Math.max(high, x)],
      [Infinity, -Infinity],
    );
    // + 0: of −0 JSON would keep the 0.
    return { kind, offset: least / 2 + most / 2 + 0, factor: positive(most / 2 - least / 2) };
  }
  const mean = known.reduce((sum, x) => sum + x / known.length, 0);
  const variance = known.reduce((sum, x) => sum + ((x - mean) * (x - mean)) / known.length, 0);
  return { kind, offset: mean, factor: positive(Math.sqrt(variance)) };
}

/** Returns values scaled; NaN stays. Throws a RangeError that names the row that has no logarithm. */
export function scaled(name: string, values: Float64Array, { kind, offset, factor }: Scaling): Float64Array {
  return (kind === "log" ? logarithms(name, values) : values).map((x) => (x - offset) / factor);
}

/** Returns what was scaled in its own units again; NaN stays. */
export function unscaled(values: Float64Array, { kind, offset, factor }: Scaling): Float64Array {
  return values.map((x) => (kind === "log" ? exponential(x * factor + offset) : x * factor + offset));
}

/** Returns a checked copy. Throws a TypeError or RangeError. */
export function requireScaling(name: string, given: Scaling): Scaling {
  const { kind, offset, factor } = requireOptions(name, given, ["kind", "offset", "factor"]);
  return {
    kind: requireChoice(`${name}.kind`, kind, scalingKinds),
    offset: requireNumber(`${name}.offset`, offset),
    factor: requireNumber(`${name}.factor`, factor, { above: 0 }),
  };
}
