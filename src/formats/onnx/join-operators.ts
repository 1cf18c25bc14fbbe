/** Concat: values side by side. */

import { integerList, integersOf, type Call } from "./call.js";
import { join, type Constant } from "./constants.js";
import type { Operator } from "./operator.js";
import { numberOf, sameAxes, sameAxis, sizeOfNumber, type Axis } from "./sizes.js";
import { inputNameOf, type Entry, type Flow, type Value } from "./values.js";

/** Returns the states of several flows side by side, on the axis of runs or on that of their features; undefined where they are not. */
function joinFlows(call: Call, flows: readonly Flow[], place: number): Flow | undefined {
  const [first] = flows;
  const axis = call.axisOf(place, first.axes.length);
  const bare = ({ axes, stack }: Flow): Axis[] =>
    axes.map((each, i) => (i === axis ? each.filter((atom) => !stack.includes(atom)) : each));
  const entries: Entry[] = [];
  for (const flow of flows) {
    if (flow.content.of !== "states" || !sameAxes(bare(flow), bare(first))) return undefined;
    // The axis has all of them, the slowest; or all of one and, it may be, its features.
    if (!sameAxis(flow.axes[axis].slice(0, flow.stack.length), flow.stack)) return undefined;
    call.walk.keep(flow.content.entries.length); // now: a node may join one long list many times
    for (const entry of flow.content.entries) entries.push(entry);
  }
  const rest = bare(first)[axis];
  if (rest.length > 0 && !sameAxis(rest, first.feature)) return undefined;
  const stack = call.walk.axis(entries.length);
  const axes = bare(first).with(axis, [...stack, ...rest]);
  return { ...first, content: { of: "states", entries }, axes, stack };
}

function joinConstants(call: Call, constants: readonly Constant[], axis: number): Value {
  call.walk.keepParts(constants.reduce((sum, { parts }) => sum + parts.length, 0));
  const constant = join(constants, call.axisOf(axis, constants[0].shape.length));
  return constant === undefined ? call.unknown() : { kind: "constant", constant };
}

/** Returns the number that all of the values are everywhere; undefined where they differ. */
function commonNumber(call: Call, values: readonly Value[]): number | undefined {
  const numbers = values.map((value) => {
    if (value.kind === "filled") return numberOf(value.value);
    return value.kind === "constant" ? call.walk.uniform(value.constant) : undefined;
  });
  return numbers.every((number) => number === numbers[0]) ? numbers[0] : undefined;
}

export const concat: Operator = (call) => {
  const values = call.inputs.map((_, i) => call.input(i));
  if (values.length === 0) return [call.unknown()];
  if (values.length === 1) return values;
  const axis = call.int("axis", 0);
  const flows = values.filter((value) => value.kind === "flow");
  const names = new Set(values.map(inputNameOf));
  const [name] = names;
  if (names.size === 1 && name !== undefined) return [{ kind: "given", input: name, by: call }];
  if (flows.length === values.length)
    return [joinFlows(call, flows, axis) ?? call.rearranged("states of layers to put side by side")];
  if (flows.length > 0) return [call.unknown()];
  const constants = values.flatMap((value) => (value.kind === "constant" ? [value.constant] : []));
  if (constants.length === values.length && constants[0].shape.length > 0)
    return [joinConstants(call, constants, axis)];
  const lists = values.map((value) => integersOf(value));
  if (lists.every((list) => list !== undefined)) {
    const count = lists.reduce((sum, { list }) => sum + list.length, 0);
    call.walk.keep(count);
    return [
      integerList(
        lists.flatMap(({ list }) => list),
        false,
      ) ?? call.unknown(),
    ];
  }
  const number = commonNumber(call, values);
  return [number === undefined ? call.unknown() : { kind: "filled", value: sizeOfNumber(number) }];
};
