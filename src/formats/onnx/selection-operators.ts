/** Operators that take parts of a value. */

import { integerList, integersOf, type Call } from "./call.js";
import { cut, dropAxes, join, type Constant } from "./constants.js";
import type { Operator } from "./operator.js";
import { numberOf, sameAxis, sameSize, sizeOfAxis, sizeOfNumber, type Axis, type Size } from "./sizes.js";
import { placeInStack, takeStates } from "./stack.js";
import type { Entry, Flow, Stray, Value } from "./values.js";
import { embed } from "./token-operators.js";

/** Where along time a state is taken from. */
type Place = "first" | "last";

/** Says why a state at the first or the last step is not its direction's final one; undefined: it is. */
function strayAt(call: Call, place: Place, { run }: Entry): Stray | undefined {
  const came = `the ${place} step of ${run.origin.label}`;
  if (run.reverse !== (place === "first")) {
    const expected = run.reverse
      ? "the final state of the reverse direction, which is at the first step"
      : "the final state of the forward direction, which is at the last step";
    return { by: call, expected, came };
  }
  if (place === "first" || run.lengths === undefined) return undefined;
  return { by: call, expected: "final states, which are at the sequences' lengths", came };
}

/**
 * Returns final states for those after one step: the last step of a forward direction is its final state, and the first of a reverse
 * one. No network gives the other direction's at this step, but a node behind may leave it out: a FormatError only where there is
 * nothing else, or where `all` are needed.
 */
function statesAt(call: Call, place: Place, entries: readonly Entry[], all: boolean): Entry[] {
  if (!entries.every(({ part }) => part === "steps")) call.fail("states of all steps", "final ones");
  const strays = entries.map((entry) => strayAt(call, place, entry));
  const first = strays.find((stray) => stray !== undefined);
  if (first !== undefined && (all || !strays.includes(undefined))) call.fail(first.expected, first.came);
  return entries.map(({ run }, i) => ({ run, part: "h", stray: strays[i] }));
}

/** Returns the states that a flow is made of; none of what no layer has read. */
function entriesOf({ content }: Flow): readonly Entry[] {
  if (content.of === "states") return content.entries;
  return content.of === "outputs" ? content.runs.map((run) => ({ run, part: content.part })) : [];
}

/** Returns the flow at one step; `keep`: the axis of time stays, with a size of 1. */
function takeStep(call: Call, flow: Flow, axis: number, place: Place, keep: boolean): Value {
  const entries = statesAt(call, place, entriesOf(flow), flow.content.of === "outputs");
  const axes = keep ? flow.axes.with(axis, []) : flow.axes.toSpliced(axis, 1);
  // A head makes the same of a final state whether it is taken before or after.
  if (flow.content.of === "outputs") return { ...flow, axes, content: { ...flow.content, part: "h" } };
  return { ...flow, content: { of: "states", entries }, axes };
}

/** Whether the axis is that of the time of all runs. */
function isTime(flow: Flow, axis: Axis): boolean {
  const entries = entriesOf(flow);
  return axis.length > 0 && entries.length > 0 && entries.every(({ run }) => sameAxis(run.time, axis));
}

/** Says whether an index is the first or the last along an axis. */
function placeOf(index: Size, axis: Axis): Place | undefined {
  const number = numberOf(index);
  const size = sizeOfAxis(axis);
  if (number === 0) return "first";
  if (number === -1) return "last";
  if (size === undefined) return undefined;
  if (number !== undefined && number === -(numberOf(size) ?? NaN)) return "first";
  return sameSize({ ...index, plus: index.plus + 1 }, size) ? "last" : undefined;
}

/** Returns the states that lie at the given places of a dimension that they stand side by side along. */
function selectStates(call: Call, flow: Flow, axis: number, places: readonly number[], drop: boolean): Value {
  const chosen = takeStates(call, flow, flow.axes[axis], places);
  if (chosen === undefined) return call.rearranged("an axis of layers, directions or time to take a part of");
  return drop ? { ...chosen, axes: chosen.axes.toSpliced(axis, 1) } : chosen;
}

function gatherFlow(call: Call, flow: Flow): Value {
  const axis = call.axisOf(call.int("axis", 0), flow.axes.length);
  const indices = call.inputs[1] === undefined ? undefined : integersOf(call.inputs[1]);
  if (indices === undefined) return call.rearranged("indices that are constants");
  const [index] = indices.list;
  const dims = flow.axes[axis];
  if (indices.list.length === 1 && index !== undefined) {
    const place = placeOf(index, dims);
    if (place !== undefined && dims.length === 0)
      return { ...flow, axes: indices.scalar ? flow.axes.toSpliced(axis, 1) : flow.axes };
    if (isTime(flow, dims)) {
      if (place === undefined) return call.rearranged("the first or the last step");
      return takeStep(call, flow, axis, place, !indices.scalar);
    }
  }
  const places = call.numbers(1);
  if (places === undefined || isTime(flow, dims)) return call.rearranged("indices that are constants");
  return selectStates(call, flow, axis, places, indices.scalar);
}

function gatherConstant(call: Call, constant: Constant): Value {
  const axis = call.axisOf(call.int("axis", 0), constant.shape.length);
  const places = call.numbers(1)?.map((place) => call.axisOf(place, constant.shape[axis]));
  const scalar = call.inputs[1] !== undefined && integersOf(call.inputs[1])?.scalar;
  if (places === undefined || places.length === 0) return call.unknown();
  call.walk.keepParts(places.length * constant.parts.length);
  const joined = join(
    places.map((place) => cut(constant, axis, place, place + 1)),
    axis,
  );
  if (joined === undefined) return call.unknown();
  return { kind: "constant", constant: scalar === true ? dropAxes(joined, [axis]) : joined };
}

export const gather: Operator = (call) => {
  const value = call.input(0);
  const indices = call.input(1);
  if (value.kind === "flow") return [gatherFlow(call, value)];
  if (value.kind === "given" || value.kind === "filled") return [value];
  if (indices.kind === "flow") return [embed(call)];
  const known = integersOf(value);
  const places = call.numbers(1);
  if (known !== undefined && places !== undefined) {
    const list = places.map((place) => known.list[call.axisOf(place, known.list.length)]);
    return [integerList(list, integersOf(indices)?.scalar === true) ?? call.unknown()];
  }
  return [value.kind === "constant" ? gatherConstant(call, value.constant) : call.unknown()];
};

interface Range {
  readonly axis: number;
  readonly from: Size;
  readonly to: Size;
}

/** Returns what Slice takes: in attributes before opset 10, then in inputs; undefined where it cannot be told. */
function rangesOf(call: Call, rank: number): Range[] | undefined {
  const listed = (name: string, index: number): readonly (Size | undefined)[] | undefined =>
    call.ints(name)?.map(sizeOfNumber) ?? call.integers(index);
  const starts = listed("starts", 1);
  const ends = listed("ends", 2);
  if (starts === undefined || ends?.length !== starts.length) return undefined;
  if (call.inputs[4] !== undefined && call.numbers(4)?.every((step) => step === 1) !== true) return undefined;
  const all = starts.map((_, i) => sizeOfNumber(i));
  const axes = call.has("axes") || call.inputs[3] !== undefined ? listed("axes", 3) : all;
  if (axes?.length !== starts.length) return undefined;
  const ranges: Range[] = [];
  for (const [i, from] of starts.entries()) {
    const to = ends[i];
    const axis = axes[i] === undefined ? undefined : numberOf(axes[i]);
    if (from === undefined || to === undefined || axis === undefined) return undefined;
    ranges.push({ axis: call.axisOf(axis, rank), from, to });
  }
  return ranges;
}

/** Returns a range's numbers among `size`; −1 is the last, and what is beyond is left out. */
function clampRange({ from, to }: Range, size: number): { from: number; to: number } | undefined {
  const clamp = (place: Size): number => {
    const number = numberOf(place) ?? NaN;
    return Math.min(Math.max(number < 0 ? number + size : number, 0), size);
  };
  const range = { from: clamp(from), to: clamp(to) };
  return range.from <= range.to ? range : undefined;
}

/** Whether an end is behind the last element, whatever there are. */
function isEnd(to: Size, axis: Axis): boolean {
  return (numberOf(to) ?? 0) >= 0x7fff_ffff || sameSize(to, sizeOfAxis(axis));
}

/** Returns the states [from, to) along an axis of them alone or with their features. */
function cutStates(call: Call, flow: Flow, axis: number, from: number, to: number): Value {
  const { axes, stack, feature } = flow;
  const merged = stack.length > 0 && feature.length > 0 && sameAxis(axes[axis], [...stack, ...feature]);
  const width = merged ? (feature[0].size ?? 1) : 1;
  const dims = merged ? stack : axes[axis];
  // Before the list of places, which other dimensions would make as long as a file says.
  if (placeInStack(flow, dims) === undefined) return call.rearranged("steps or directions to take, or all");
  if (from % width !== 0 || to % width !== 0) return call.rearranged("whole directions to take");
  const places = Array.from({ length: (to - from) / width }, (_, i) => from / width + i);
  return takeStates(call, flow, dims, places) ?? call.rearranged("a direction");
}

function sliceFlow(call: Call, flow: Flow, range: Range): Value {
  const { axis, from, to } = range;
  const dims = flow.axes[axis];
  const size = sizeOfAxis(dims);
  const known = size === undefined ? undefined : numberOf(size);
  if (numberOf(from) === 0 && isEnd(to, dims)) return flow;
  const numbers = known === undefined ? undefined : clampRange(range, known);
  if (numbers?.from === 0 && numbers.to === known) return flow;
  if (isTime(flow, dims)) {
    if (placeOf(from, dims) === "last" && (isEnd(to, dims) || (numbers?.to === known && known !== undefined)))
      return takeStep(call, flow, axis, "last", true);
    const one = numberOf(to) === 1 || (numbers !== undefined && numbers.to === 1);
    if (placeOf(from, dims) === "first" && one) return takeStep(call, flow, axis, "first", true);
    return call.rearranged("all steps, the first or the last");
  }
  if (numbers === undefined) return call.rearranged("steps or directions to take, or all");
  return cutStates(call, flow, axis, numbers.from, numbers.to);
}

export const slice: Operator = (call) => {
  const value = call.input(0);
  if (value.kind === "filled" || value.kind === "given" || value.kind === "unknown") return [value];
  const known = value.kind === "integers" ? value.list.length : undefined;
  const rank =
    value.kind === "constant" ? value.constant.shape.length : value.kind === "flow" ? value.axes.length : 1;
  const ranges = rangesOf(call, rank);
  if (ranges === undefined) return [call.rearranged("a range of constants, in steps of 1")];
  let result: Value = value;
  for (const range of ranges) {
    if (result.kind === "flow") result = sliceFlow(call, result, range);
    else if (result.kind === "constant") {
      const numbers = clampRange(range, result.constant.shape[range.axis]);
      if (numbers === undefined) return [call.unknown()];
      result = { kind: "constant", constant: cut(result.constant, range.axis, numbers.from, numbers.to) };
    } else if (result.kind === "integers" && known !== undefined) {
      const numbers = clampRange(range, known);
      if (numbers === undefined) return [call.unknown()];
      result = { ...result, list: result.list.slice(numbers.from, numbers.to) };
    }
  }
  return [result];
};

/** Returns the sizes of the parts that Split makes of `size`: given by an attribute before opset 13, then by an input, or equal. */
function splitSizes(call: Call, size: number): number[] | undefined {
  const given = call.ints("split") ?? call.numbers(1);
  if (given !== undefined)
    return given.reduce((sum, part) => sum + part, 0) === size ? [...given] : undefined;
  if (call.inputs[1] !== undefined) return undefined;
  const count = call.node.outputs.length;
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(Math.min(part, size - i * part), 0));
}

export const split: Operator = (call) => {
  const value = call.input(0);
  const { outputs } = call.node;
  const everywhere = (same: Value): Value[] => outputs.map(() => same);
  if (value.kind === "filled" || value.kind === "given" || value.kind === "unknown") return everywhere(value);
  if (value.kind === "integers") return everywhere(call.unknown());
  const rank = value.kind === "constant" ? value.constant.shape.length : value.axes.length;
  const axis = call.axisOf(call.int("axis", 0), rank);
  const size =
    value.kind === "constant" ? sizeOfNumber(value.constant.shape[axis]) : sizeOfAxis(value.axes[axis]);
  const known = size === undefined ? undefined : numberOf(size);
  const parts = known === undefined ? undefined : splitSizes(call, known);
  if (parts?.length !== outputs.length) return everywhere(call.rearranged("parts of known sizes"));
  let at = 0;
  return parts.map((part) => {
    const [from, to] = [at, (at += part)];
    if (value.kind === "constant") return { ...value, constant: cut(value.constant, axis, from, to) };
    return sliceFlow(call, value, { axis, from: sizeOfNumber(from), to: sizeOfNumber(to) });
  });
};
