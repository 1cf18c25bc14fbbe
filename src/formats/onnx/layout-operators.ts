/** Operators that lay out a value otherwise: the same elements, in the same or another order. */

import type { Call } from "./call.js";
import { dropAxes, FLOAT_TYPES, insertAxes, permute, reshape, type Constant } from "./constants.js";
import type { Operator } from "./operator.js";
import { numberOf, reshapeAxes, sameSize, sizeOfNumber, type Axis, type Size } from "./sizes.js";
import { splitStack } from "./stack.js";
import type { Flow, Value } from "./values.js";

function withAxes(flow: Flow, axes: readonly Axis[]): Flow {
  return { ...flow, axes };
}

/** Returns the given order of axes, or the reverse one; undefined where it is none. */
function orderOf(call: Call, rank: number): number[] | undefined {
  const order = call.ints("perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const sorted = order.toSorted((a, b) => a - b);
  return order.length === rank && sorted.every((axis, i) => axis === i) ? [...order] : undefined;
}

export const transpose: Operator = (call) => {
  const value = call.input(0);
  if (value.kind !== "constant" && value.kind !== "flow") return [value];
  const rank = value.kind === "constant" ? value.constant.shape.length : value.axes.length;
  const order = orderOf(call, rank) ?? call.fail(`"perm" to order ${rank} axes`, "another list");
  if (value.kind === "constant") return [{ ...value, constant: permute(value.constant, order) }];
  return [
    withAxes(
      value,
      order.map((axis) => value.axes[axis]),
    ),
  ];
};

/** Returns the axes that Squeeze and Unsqueeze name, ascending, among `rank`: in an attribute before opset 13, then in an input. */
function namedAxes(call: Call, rank: number): number[] | undefined {
  const axes = call.ints("axes") ?? call.numbers(1);
  return axes?.map((axis) => call.axisOf(axis, rank)).sort((a, b) => a - b);
}

/** Returns the axes that Squeeze drops: all of size 1 where none are named; undefined where that cannot be told. */
function squeezedAxes(call: Call, isOne: readonly boolean[]): number[] | undefined {
  if (call.has("axes") || call.inputs[1] !== undefined) return namedAxes(call, isOne.length);
  return [...isOne.keys()].filter((axis) => isOne[axis]);
}

export const squeeze: Operator = (call) => {
  const value = call.input(0);
  if (value.kind === "integers")
    return [value.list.length === 1 ? { ...value, scalar: true } : call.unknown()];
  if (value.kind !== "constant" && value.kind !== "flow") return [value];
  const isOne =
    value.kind === "constant"
      ? value.constant.shape.map((size) => size === 1)
      : value.axes.map((axis) => axis.length === 0);
  const axes = squeezedAxes(call, isOne);
  if (axes === undefined) return [call.rearranged("axes that are constants")];
  if (!axes.every((axis) => isOne[axis]))
    return [call.rearranged("axes of size 1 to squeeze, whatever the input's sizes")];
  if (value.kind === "constant") return [{ ...value, constant: dropAxes(value.constant, axes) }];
  return [
    withAxes(
      value,
      value.axes.filter((_, axis) => !axes.includes(axis)),
    ),
  ];
};

export const unsqueeze: Operator = (call) => {
  const value = call.input(0);
  if (value.kind === "integers") return [value.scalar ? { ...value, scalar: false } : call.unknown()];
  if (value.kind !== "constant" && value.kind !== "flow") return [value];
  const rank = value.kind === "constant" ? value.constant.shape.length : value.axes.length;
  const count = (call.ints("axes") ?? call.integers(1))?.length ?? 0;
  const axes = namedAxes(call, rank + count);
  if (axes === undefined) return [call.rearranged("axes that are constants")];
  if (value.kind === "constant") return [{ ...value, constant: insertAxes(value.constant, axes) }];
  return [
    withAxes(
      value,
      axes.reduce<Axis[]>((all, axis) => all.toSpliced(axis, 0, []), [...value.axes]),
    ),
  ];
};

/** Returns the constant in a shape that may have a −1 and, for what was there, zeros. */
function reshapeConstant(constant: Constant, shape: readonly number[], zeros: boolean): Constant | undefined {
  const sizes = shape.map((size, i) => (size === 0 && !zeros ? (constant.shape.at(i) ?? 0) : size));
  const open = sizes.indexOf(-1);
  if (open < 0) return reshape(constant, sizes);
  const product = (list: readonly number[]): number => list.reduce((all, size) => all * size, 1);
  const left = product(constant.shape) / product(sizes.toSpliced(open, 1));
  return Number.isSafeInteger(left) && left >= 0 ? reshape(constant, sizes.with(open, left)) : undefined;
}

/** The new shape: an attribute before opset 5. */
function shapeOf(call: Call): readonly (Size | undefined)[] | undefined {
  return call.ints("shape")?.map(sizeOfNumber) ?? call.integers(1);
}

export const reshapeOperator: Operator = (call) => {
  const value = call.input(0);
  const zeros = call.int("allowzero", 0) !== 0;
  const shape = shapeOf(call);
  if (value.kind === "constant") {
    const sizes = shape?.map((size) => (size === undefined ? NaN : (numberOf(size) ?? NaN)));
    const constant = sizes && reshapeConstant(value.constant, sizes, zeros);
    return [constant === undefined ? call.unknown() : { ...value, constant }];
  }
  if (value.kind === "integers") {
    const scalar = shape?.length === 0;
    if (shape === undefined || shape.length > 1 || (scalar && value.list.length !== 1))
      return [call.unknown()];
    return [{ ...value, scalar }];
  }
  if (value.kind !== "flow") return [value];
  const axes = shape && reshapeAxes(value.axes, shape, zeros);
  if (axes !== undefined) return [withAxes(value, axes)];
  const split = shape && splitStack(call, value, shape, zeros);
  return [split ?? call.rearranged("a shape that merges or splits known axes")];
};

/** Flatten: two axes, of those before `axis` and of the others. */
export const flatten: Operator = (call) => {
  const value = call.input(0);
  if (value.kind === "integers") return [call.unknown()];
  if (value.kind !== "constant" && value.kind !== "flow") return [value];
  const rank = value.kind === "constant" ? value.constant.shape.length : value.axes.length;
  const given = call.int("axis", 1);
  const axis = given === rank ? rank : call.axisOf(given, rank);
  if (value.kind === "flow")
    return [withAxes(value, [value.axes.slice(0, axis).flat(), value.axes.slice(axis).flat()])];
  const { shape } = value.constant;
  const product = (list: readonly number[]): number => list.reduce((all, size) => all * size, 1);
  const constant = reshape(value.constant, [product(shape.slice(0, axis)), product(shape.slice(axis))]);
  return [constant === undefined ? call.unknown() : { ...value, constant }];
};

export const identity: Operator = (call) => [call.input(0)];

/** Dropout does nothing but in training; its second output, the mask, is not understood. */
export const dropout: Operator = (call) => {
  const training = call.inputs[2];
  if (training !== undefined && !(training.kind === "constant" && call.walk.uniform(training.constant) === 0))
    call.fail("a dropout that does nothing (training_mode false)", "one for training");
  return [call.input(0)];
};

/** What is computed is not rounded to the number type of the graph, and tokens may come as any. */
export const cast: Operator = (call) => {
  const value = call.input(0);
  if (value.kind !== "flow" || value.content.of === "input") return [value];
  const to = call.int("to", 0);
  if (!FLOAT_TYPES.includes(to)) call.fail("a cast to a type of floating-point numbers", `type ${to}`);
  return [value];
};

/** Expand and Tile. */
export const expand: Operator = (call) => {
  const value = call.input(0);
  if (value.kind === "filled" || value.kind === "unknown" || value.kind === "given") return [value];
  if (value.kind === "integers") {
    const [first] = value.list;
    const same = first !== undefined && value.list.every((size) => sameSize(size, first));
    return [same ? { kind: "filled", value: first } : call.unknown()];
  }
  if (value.kind === "constant") return [spread(call, value.constant)];
  return [call.rearranged("each sequence once")];
};

/** A constant that is the same everywhere stays so; another is not followed. */
function spread(call: Call, constant: Constant): Value {
  const number = call.walk.uniform(constant);
  return number === undefined ? call.unknown() : { kind: "filled", value: sizeOfNumber(number) };
}
