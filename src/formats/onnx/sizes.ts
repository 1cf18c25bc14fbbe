/** Sizes that are only known at run time, and axes made of several: what is needed to follow a value through a graph. */

/** A dimension that a graph keeps: time, batch, features, … Two are the same only if they are one object. */
export interface Atom {
  /** In the order in which they were made. */
  readonly id: number;
  /** Undefined: known at run time. Never 1: an axis of size 1 is made of no atoms. */
  readonly size: number | undefined;
}

/** An axis of a tensor: the dimensions that were merged into it, the slowest first; none where its size is 1. */
export type Axis = readonly Atom[];

/** factor · (the product of `atoms`) + plus. */
export interface Size {
  readonly factor: number;
  /** Those of sizes that are not known, by their ids. */
  readonly atoms: Axis;
  readonly plus: number;
}

/** Longer products are of no use, and would grow exponentially with a graph that squares them. */
const MOST_ATOMS = 8;

export function sizeOfNumber(value: number): Size {
  return { factor: 0, atoms: [], plus: value };
}

/** Returns the number, or undefined where it is known at run time. */
export function numberOf({ factor, plus }: Size): number | undefined {
  return factor === 0 ? plus : undefined;
}

function checked(factor: number, atoms: Axis, plus: number): Size | undefined {
  if (!Number.isSafeInteger(factor) || !Number.isSafeInteger(plus) || atoms.length > MOST_ATOMS) return;
  if (factor === 0 || atoms.length === 0) return sizeOfNumber(plus + factor);
  return { factor, atoms: atoms.toSorted((a, b) => a.id - b.id), plus };
}

/** Returns the size of an axis; undefined for one of too many dimensions. */
export function sizeOfAxis(axis: Axis): Size | undefined {
  const factor = axis.reduce((product, { size = 1 }) => product * size, 1);
  const atoms = axis.filter(({ size }) => size === undefined);
  return checked(factor, atoms, 0);
}

export function sameAxis(a: Axis, b: Axis): boolean {
  return a.length === b.length && a.every((atom, i) => atom === b[i]);
}

export function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis, i) => sameAxis(axis, b[i]));
}

export function sameSize(a: Size | undefined, b: Size | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.factor === b.factor && a.plus === b.plus && sameAxis(a.atoms, b.atoms);
}

/** Returns the sum of two sizes; undefined where it cannot be told. */
export function addSizes(a: Size, b: Size, sign: 1 | -1): Size | undefined {
  const plus = a.plus + sign * b.plus;
  if (b.factor === 0) return checked(a.factor, a.atoms, plus);
  if (a.factor === 0) return checked(sign * b.factor, b.atoms, plus);
  return sameAxis(a.atoms, b.atoms) ? checked(a.factor + sign * b.factor, a.atoms, plus) : undefined;
}

export function multiplySizes(a: Size, b: Size): Size | undefined {
  if (b.factor === 0) return checked(a.factor * b.plus, a.atoms, a.plus * b.plus);
  if (a.factor === 0) return multiplySizes(b, a);
  return a.plus === 0 && b.plus === 0 ? checked(a.factor * b.factor, [...a.atoms, ...b.atoms], 0) : undefined;
}

/** Returns the quotient of two numbers without its fraction, or of two sizes where it is a whole one. */
export function divideSizes(a: Size, b: Size): Size | undefined {
  const divisor = numberOf(b);
  if (divisor === undefined || divisor === 0) return undefined;
  const number = numberOf(a);
  if (number !== undefined) return checked(0, [], Math.trunc(number / divisor));
  if (a.factor % divisor !== 0 || a.plus % divisor !== 0) return undefined;
  return checked(a.factor / divisor, a.atoms, a.plus / divisor);
}

/** Returns how many atoms, from the start of `atoms`, make up a size; undefined: none do. */
function countFor(size: Size, atoms: Axis): number | undefined {
  for (let count = 0; count <= atoms.length; count++) {
    if (sameSize(sizeOfAxis(atoms.slice(0, count)), size)) return count;
  }
  return undefined;
}

/** Takes the atoms of each of the sizes from the start of `atoms`; undefined where they do not fit. */
function takeAxes(
  sizes: readonly (Size | undefined)[],
  atoms: Axis,
): { axes: Axis[]; rest: Axis } | undefined {
  const axes: Axis[] = [];
  let rest = atoms;
  for (const size of sizes) {
    const count = size === undefined ? undefined : countFor(size, rest);
    if (count === undefined) return undefined;
    axes.push(rest.slice(0, count));
    rest = rest.slice(count);
  }
  return { axes, rest };
}

/**
 * Returns the axes that Reshape makes of others; undefined where they cannot be told. In `shape` a 0 is the size that was there,
 * unless `zeros` are allowed, and a −1, or one size that is not known, is what the others leave.
 */
export function reshapeAxes(
  axes: readonly Axis[],
  shape: readonly (Size | undefined)[],
  zeros = false,
): Axis[] | undefined {
  const sizes = shape.map((size, i) => {
    if (size === undefined || numberOf(size) === -1) return undefined;
    if (numberOf(size) !== 0 || zeros) return size;
    return i < axes.length ? sizeOfAxis(axes[i]) : undefined;
  });
  const open = sizes.indexOf(undefined);
  const before = takeAxes(open < 0 ? sizes : sizes.slice(0, open), axes.flat());
  if (before === undefined) return undefined;
  if (open < 0) return before.rest.length === 0 ? before.axes : undefined;
  const after = takeAxes(sizes.slice(open + 1).reverse(), before.rest.toReversed());
  if (after === undefined) return undefined;
  const behind = after.axes.reverse().map((axis) => axis.toReversed());
  return [...before.axes, after.rest.toReversed(), ...behind];
}
