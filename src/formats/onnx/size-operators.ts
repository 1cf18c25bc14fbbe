/** Operators that compute sizes, and make what has them: constants, and the zeros that states begin with. */

import { integerList, integersOf, type Call } from "./call.js";
import { constantOf, countOf, fill, type Constant } from "./constants.js";
import { DATA_TYPES, type OnnxTensor } from "./messages.js";
import type { Operator } from "./operator.js";
import { addSizes, divideSizes, multiplySizes, sizeOfAxis, sizeOfNumber, type Size } from "./sizes.js";
import type { Value } from "./values.js";

function littleEndian(count: number, width: number, set: (view: DataView) => void): Uint8Array {
  const raw = new Uint8Array(count * width);
  set(new DataView(raw.buffer));
  return raw;
}

function floatTensor(values: readonly number[], dims: readonly number[]): OnnxTensor {
  const raw = littleEndian(values.length, 4, (view) => {
    values.forEach((value, i) => {
      view.setFloat32(i * 4, value, true);
    });
  });
  return { name: "", dataType: DATA_TYPES.FLOAT, dims, raw };
}

function tensorValue(call: Call, tensor: OnnxTensor | undefined): Value {
  const constant = tensor && constantOf(tensor);
  return constant === undefined ? call.unknown() : { kind: "constant", constant };
}

/** Constant: a tensor, or numbers as attributes of other types; others (texts, sparse tensors) are not understood. */
export const constant: Operator = (call) => {
  const number = (list: readonly number[], scalar: boolean): Value =>
    integerList(list.map(sizeOfNumber), scalar) ?? call.unknown();
  if (call.has("value_int")) return [number([call.int("value_int", 0)], true)];
  const integers = call.ints("value_ints");
  if (integers !== undefined) return [number(integers, false)];
  if (call.has("value_float")) return [tensorValue(call, floatTensor([call.float("value_float", 0)], []))];
  const floats = call.floats("value_floats");
  if (floats !== undefined) return [tensorValue(call, floatTensor(floats, [floats.length]))];
  return [tensorValue(call, call.tensor("value"))];
};

const ZERO = floatTensor([0], []);

/** Returns the element that a shape is filled with; undefined for a tensor of more than one. */
function element(call: Call): Constant | undefined {
  const constant = constantOf(call.tensor("value") ?? ZERO);
  return constant !== undefined && countOf(constant.shape) === 1 ? constant : undefined;
}

export const constantOfShape: Operator = (call) => {
  const constant = element(call);
  if (constant === undefined) return [call.unknown()];
  const shape = call.numbers(0);
  if (shape?.every((size) => size >= 0) === true && shape.length <= 16 && Number.isFinite(countOf(shape)))
    return [{ kind: "constant", constant: fill(constant, shape) }];
  const number = call.walk.uniform(constant);
  return [number === undefined ? call.unknown() : { kind: "filled", value: sizeOfNumber(number) }];
};

/** Shape: all sizes, or (since opset 15) those from `start` to `end`. */
export const shape: Operator = (call) => {
  const value = call.input(0);
  const sizes =
    value.kind === "flow"
      ? value.axes.map(sizeOfAxis)
      : value.kind === "constant"
        ? value.constant.shape.map(sizeOfNumber)
        : undefined;
  if (sizes === undefined) return [{ kind: "unknown", by: call }];
  const range = sizes.slice(call.int("start", 0), call.int("end", sizes.length));
  return [integerList(range, false) ?? call.unknown()];
};

type Arithmetic = (a: Size, b: Size) => Size | undefined;

/** Returns an operator on integers, element by element; a single one goes with all of the others. */
function arithmetic(compute: Arithmetic): Operator {
  return (call) => {
    const [a, b] = [integersOf(call.input(0)), integersOf(call.input(1))];
    if (a === undefined || b === undefined) return [call.unknown()];
    const length = Math.max(a.list.length, b.list.length);
    if (![a, b].every(({ list }) => list.length === length || list.length === 1)) return [call.unknown()];
    const list = Array.from({ length }, (_, i) => {
      const [x, y] = [a, b].map((side) => side.list[side.list.length === 1 ? 0 : i]);
      return x === undefined || y === undefined ? undefined : compute(x, y);
    });
    return [integerList(list, a.scalar && b.scalar) ?? call.unknown()];
  };
}

export const addIntegers = arithmetic((a, b) => addSizes(a, b, 1));
export const subtract = arithmetic((a, b) => addSizes(a, b, -1));
export const multiply = arithmetic(multiplySizes);
export const divide = arithmetic(divideSizes);

/** ReduceProd, of a list of integers: over `axes`, an attribute before opset 18, then an input. */
export const reduceProduct: Operator = (call) => {
  const known = integersOf(call.input(0));
  const axes = call.ints("axes") ?? (call.inputs[1] === undefined ? [] : call.numbers(1));
  if (known === undefined || axes === undefined) return [call.unknown()];
  for (const axis of axes) call.axisOf(axis, known.scalar ? 0 : 1);
  if (axes.length === 0 && call.int("noop_with_empty_axes", 0) !== 0) return [call.input(0)];
  const product = known.list.reduce<Size | undefined>(
    (all, size) => all && size && multiplySizes(all, size),
    sizeOfNumber(1),
  );
  const scalar = known.scalar || call.int("keepdims", 1) === 0;
  return [integerList([product], scalar) ?? call.unknown()];
};
