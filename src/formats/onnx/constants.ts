/**
 * Constants of a graph, as views of the file: cutting, turning and joining them takes no memory, however large they are, until their
 * numbers are read.
 */

import { createResult } from "../../network/model/transfer.js";
import { widenBrainFloats, widenHalves } from "../half.js";
import { ELEMENT_BYTES } from "./decode-tensor.js";
import { DATA_TYPES, type OnnxTensor } from "./messages.js";

/** A box of a constant, out of a tensor of the file. Offset and strides are in elements. */
interface Part {
  /** Where in the constant it begins, and how large it is. */
  readonly at: readonly number[];
  readonly shape: readonly number[];
  readonly tensor: OnnxTensor;
  readonly offset: number;
  readonly strides: readonly number[];
}

export interface Constant {
  readonly shape: readonly number[];
  /** Of DATA_TYPES; the same for all parts. */
  readonly dataType: number;
  /** Boxes that cover it without overlaps. */
  readonly parts: readonly Part[];
}

/** Returns the product; Infinity where it is beyond 2^53. */
export function countOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  return shape.includes(0) ? 0 : Number.isSafeInteger(count) ? count : Infinity;
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

function whole(
  tensor: OnnxTensor,
  shape: readonly number[],
  offset: number,
  strides: readonly number[],
): Constant {
  const parts = countOf(shape) === 0 ? [] : [{ at: shape.map(() => 0), shape, tensor, offset, strides }];
  return { shape, dataType: tensor.dataType, parts };
}

/** Returns a tensor as a constant; undefined where its bytes are not those that its type and sizes need. */
export function constantOf(tensor: OnnxTensor): Constant | undefined {
  const width = ELEMENT_BYTES.get(tensor.dataType);
  const { dims, raw } = tensor;
  if (width === undefined || raw.length !== countOf(dims) * width) return undefined;
  return whole(tensor, dims, 0, rowMajor(dims));
}

/** Returns a constant of any shape whose elements all are the one of `constant`. */
export function fill(constant: Constant, shape: readonly number[]): Constant {
  const [{ tensor, offset }] = constant.parts;
  return whole(
    tensor,
    shape,
    offset,
    shape.map(() => 0),
  );
}

function mapParts(constant: Constant, shape: readonly number[], change: (part: Part) => Part): Constant {
  return { ...constant, shape, parts: constant.parts.map(change) };
}

/** Axis i of the result is axis order[i]. */
export function permute(constant: Constant, order: readonly number[]): Constant {
  const turn = (list: readonly number[]): number[] => order.map((axis) => list[axis]);
  return mapParts(constant, turn(constant.shape), (part) => ({
    ...part,
    at: turn(part.at),
    shape: turn(part.shape),
    strides: turn(part.strides),
  }));
}

/** Returns what is from `from` to `to` along an axis. */
export function cut(constant: Constant, axis: number, from: number, to: number): Constant {
  const shape = constant.shape.with(axis, to - from);
  const parts = constant.parts.flatMap((part) => {
    const first = Math.max(part.at[axis], from);
    const last = Math.min(part.at[axis] + part.shape[axis], to);
    if (first >= last) return [];
    const skipped = first - part.at[axis];
    return {
      ...part,
      at: part.at.with(axis, first - from),
      shape: part.shape.with(axis, last - first),
      offset: part.offset + skipped * part.strides[axis],
    };
  });
  return { ...constant, shape, parts };
}

/** Returns the constant without the given axes, which have a size of 1. */
export function dropAxes(constant: Constant, axes: readonly number[]): Constant {
  const keep = (list: readonly number[]): number[] => list.filter((_, axis) => !axes.includes(axis));
  return mapParts(constant, keep(constant.shape), (part) => ({
    ...part,
    at: keep(part.at),
    shape: keep(part.shape),
    strides: keep(part.strides),
  }));
}

/** Returns the constant with axes of size 1 at the given places of the result, in ascending order. */
export function insertAxes(constant: Constant, axes: readonly number[]): Constant {
  const insert = (list: readonly number[], item: number): number[] =>
    axes.reduce((all, axis) => all.toSpliced(axis, 0, item), [...list]);
  return mapParts(constant, insert(constant.shape, 1), (part) => ({
    ...part,
    at: insert(part.at, 0),
    shape: insert(part.shape, 1),
    strides: insert(part.strides, 0),
  }));
}

/** Returns constants of one type and, but for the axis, one shape side by side; undefined for others. */
export function join(constants: readonly Constant[], axis: number): Constant | undefined {
  const [{ shape, dataType }] = constants;
  const others = (sizes: readonly number[]): string => sizes.with(axis, 0).join();
  let size = 0;
  const parts: Part[] = [];
  for (const next of constants) {
    if (next.shape.length !== shape.length || others(next.shape) !== others(shape)) return undefined;
    if (next.dataType !== dataType) return undefined;
    for (const part of next.parts) parts.push({ ...part, at: part.at.with(axis, part.at[axis] + size) });
    size += next.shape[axis];
  }
  return { shape: shape.with(axis, size), dataType, parts };
}

function isContiguous({ shape, parts }: Constant): boolean {
  if (parts.length !== 1) return parts.length === 0;
  const expected = rowMajor(shape);
  return shape.every((size, i) => size === 1 || parts[0].strides[i] === expected[i]);
}

/** Returns the constant with other sizes for the same elements; undefined where that needs a copy, or is none. */
export function reshape(constant: Constant, shape: readonly number[]): Constant | undefined {
  if (countOf(shape) !== countOf(constant.shape)) return undefined;
  if (isContiguous(constant)) {
    const [first] = constant.parts;
    return constant.parts.length === 0
      ? { ...constant, shape }
      : whole(first.tensor, shape, first.offset, rowMajor(shape));
  }
  // Axes of size 1 may come and go.
  const ones = (sizes: readonly number[]): number[] => [...sizes.keys()].filter((i) => sizes[i] === 1);
  const bare = dropAxes(constant, ones(constant.shape));
  return bare.shape.join() === shape.filter((size) => size !== 1).join()
    ? insertAxes(bare, ones(shape))
    : undefined;
}

/** Returns the constant spread over a shape by the rules of broadcasting; undefined where it does not fit. */
export function broadcast(constant: Constant, shape: readonly number[]): Constant | undefined {
  const missing = shape.length - constant.shape.length;
  if (missing < 0) return undefined;
  const ahead = Array.from({ length: missing }, (_, axis) => axis);
  const full = insertAxes(constant, ahead);
  const spread = [...shape.keys()].filter((i) => full.shape[i] !== shape[i]);
  if (spread.some((i) => full.shape[i] !== 1)) return undefined;
  return mapParts(full, shape, (part) => ({
    ...part,
    shape: part.shape.map((size, i) => (spread.includes(i) ? shape[i] : size)),
    strides: part.strides.map((stride, i) => (spread.includes(i) ? 0 : stride)),
  }));
}

/** Calls `take` for each element of a part: its place in the tensor and, row-major, in the constant. */
function walkPart(part: Part, strides: readonly number[], take: (from: number, to: number) => void): void {
  const { shape, at } = part;
  const last = shape.length - 1;
  const inner = last < 0 ? 1 : shape[last];
  const [fromStep, toStep] = last < 0 ? [0, 0] : [part.strides[last], strides[last]];
  const index = shape.map(() => 0);
  let from = part.offset;
  let to = at.reduce((sum, place, i) => sum + place * strides[i], 0);
  for (;;) {
    for (let i = 0; i < inner; i++) take(from + i * fromStep, to + i * toStep);
    let axis = last - 1;
    for (; axis >= 0; axis--) {
      from += part.strides[axis];
      to += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * part.strides[axis];
      to -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function walkElements(constant: Constant, take: (view: DataView, from: number, to: number) => void): void {
  const strides = rowMajor(constant.shape);
  for (const part of constant.parts) {
    const { buffer, byteOffset, byteLength } = part.tensor.raw;
    const view = new DataView(buffer, byteOffset, byteLength);
    walkPart(part, strides, (from, to) => {
      take(view, from, to);
    });
  }
}

const { FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT32, INT64, BOOL } = DATA_TYPES;

/** The types of weights. */
export const FLOAT_TYPES: readonly number[] = [FLOAT, DOUBLE, FLOAT16, BFLOAT16];

/** Returns the values, row-major, of a constant of one of FLOAT_TYPES: float32 bit for bit, float64 rounded to it. */
export function readFloats(constant: Constant): Float32Array {
  const { dataType, shape } = constant;
  const count = countOf(shape);
  if (dataType === FLOAT16 || dataType === BFLOAT16) {
    const halves = new Uint16Array(count);
    walkElements(constant, (view, from, to) => {
      halves[to] = view.getUint16(from * 2, true);
    });
    return dataType === FLOAT16 ? widenHalves(halves) : widenBrainFloats(halves);
  }
  const values = createResult("weights", count);
  if (dataType === FLOAT) {
    const bits = new Uint32Array(values.buffer); // so that NaNs stay the ones they are
    walkElements(constant, (view, from, to) => {
      bits[to] = view.getUint32(from * 4, true);
    });
  } else {
    walkElements(constant, (view, from, to) => {
      values[to] = view.getFloat64(from * 8, true);
    });
  }
  return values;
}

/** Returns the integers of a constant of INT32 or INT64, the nearest numbers beyond 2^53; undefined for another type. */
export function readIntegers(constant: Constant): number[] | undefined {
  const { dataType, shape } = constant;
  if (dataType !== INT32 && dataType !== INT64) return undefined;
  const values = Array.from({ length: countOf(shape) }, () => 0);
  walkElements(constant, (view, from, to) => {
    values[to] =
      dataType === INT32
        ? view.getInt32(from * 4, true)
        : view.getInt32(from * 8 + 4, true) * 0x1_0000_0000 + view.getUint32(from * 8, true);
  });
  return values;
}

/** Returns the constant with one element for all those that are spread from one. */
function narrowed(constant: Constant): Constant {
  const parts = constant.parts.map((part) => ({
    ...part,
    shape: part.shape.map((size, i) => (part.strides[i] === 0 ? 1 : size)),
  }));
  return { ...constant, parts };
}

/** How many elements there are to look at in `uniformValue`. */
export function distinctCount(constant: Constant): number {
  return narrowed(constant).parts.reduce((sum, { shape }) => sum + countOf(shape), 0);
}

/** Returns the number that all elements are; undefined where they differ, or half-size numbers are not 0, or it has another type. */
export function uniformValue(constant: Constant): number | undefined {
  const read = readers.get(constant.dataType);
  if (read === undefined) return undefined;
  const found = new Set<number>();
  walkElements(narrowed(constant), (view, from) => {
    if (found.size < 2) found.add(read(view, from));
  });
  const [value] = found;
  return found.size === 1 && !Number.isNaN(value) ? value : undefined;
}

/** Half-size numbers are told from 0 alone. */
const readHalf = (view: DataView, at: number): number =>
  (view.getUint16(at * 2, true) & 0x7fff) === 0 ? 0 : NaN;

const readers: ReadonlyMap<number, (view: DataView, at: number) => number> = new Map([
  [FLOAT, (view, at) => view.getFloat32(at * 4, true)],
  [DOUBLE, (view, at) => view.getFloat64(at * 8, true)],
  [FLOAT16, readHalf],
  [BFLOAT16, readHalf],
  [BOOL, (view, at) => view.getUint8(at)],
  [INT32, (view, at) => view.getInt32(at * 4, true)],
  [INT64, (view, at) => view.getInt32(at * 8 + 4, true) * 0x1_0000_0000 + view.getUint32(at * 8, true)],
]);
