/** Operators that the head is made of: a product, a bias, and a softmax at the end. */

import type { Call } from "./call.js";
import { broadcast, dropAxes, FLOAT_TYPES, permute, reshape, type Constant } from "./constants.js";
import { layerOf } from "./directions.js";
import type { Operator } from "./operator.js";
import { sameAxis } from "./sizes.js";
import { addIntegers } from "./size-operators.js";
import { describeValue, type Flow, type Head, type Outputs, type Run, type Value } from "./values.js";

function requireWeights(call: Call, what: string, value: Value): Constant {
  if (value.kind !== "constant") return call.fail(`${what} to be a constant`, describeValue(value));
  if (!FLOAT_TYPES.includes(value.constant.dataType))
    call.fail(`${what} of floating-point numbers`, `type ${value.constant.dataType}`);
  return value.constant;
}

/** Returns the layer that a flow's last axis has all states of. */
function requireStates(
  call: Call,
  flow: Flow,
): { readonly runs: readonly Run[]; readonly part: Outputs["part"] } {
  if (flow.content.of !== "states") return call.fail("the states of a layer", describeValue(flow));
  const runs = layerOf(flow.content.entries);
  if (typeof runs === "string") return call.fail("the states of one layer, forward then reverse", runs);
  const [{ part }] = flow.content.entries;
  if (part === "c") call.fail("hidden states", describeValue(flow));
  const last = flow.axes.at(-1);
  if (last === undefined || !sameAxis(last, [...flow.stack, ...flow.feature]))
    call.fail("the features of the states on the last axis", "others");
  return { runs, part };
}

/** Returns the outputs of a head with the given weight, [D*H, O]. */
function applyHead(call: Call, flow: Flow, head: Head): Flow {
  const { runs, part } = requireStates(call, flow);
  const [rows, columns] = head.weight.shape;
  const width = runs.length * runs[0].hiddenSize;
  if (rows !== width) call.fail(`a weight for ${width} states`, `one of shape [${rows}, ${columns}]`);
  const feature = call.walk.axis(columns);
  return {
    kind: "flow",
    content: { of: "outputs", runs, part, head, softmax: false },
    axes: [...flow.axes.slice(0, -1), feature],
    stack: [],
    feature,
  };
}

/** MatMul: a matrix, or one in a stack of its own, whose further dimensions the product has too. */
export const matMul: Operator = (call) => {
  const value = call.input(0);
  if (value.kind !== "flow" || value.content.of === "input") return [call.unknown()];
  const given = requireWeights(call, "the second factor", call.input(1));
  const { shape } = given;
  if (shape.length < 2 || shape.slice(0, -2).some((size) => size !== 1))
    call.fail("one matrix for the second factor", `one of shape [${shape.join(", ")}]`);
  const weight = dropAxes(given, [...shape.slice(0, -2).keys()]);
  const outputs = applyHead(call, value, { weight, bias: undefined, weightScale: 1, biasScale: 1 });
  // States of one dimension stand for a matrix of one row, which the product has not.
  const more = Math.max(shape.length - Math.max(value.axes.length, 2), 0);
  return [{ ...outputs, axes: [...Array.from({ length: more }, () => []), ...outputs.axes] }];
};

/** Returns a bias of [O] for the given axes of outputs, of which the last is not always that of the outputs. */
function biasFor(call: Call, flow: Flow, value: Value): Constant {
  const bias = requireWeights(call, "the bias", value);
  const { axes, feature } = flow;
  const size = feature[0]?.size ?? 1;
  const place = axes.findLastIndex((axis) => sameAxis(axis, feature));
  // The same for each step and sequence: of size 1 on all other axes.
  const shape = axes.map((_, axis) => (axis === place ? size : 1));
  const spread = broadcast(bias, shape.slice(-Math.max(bias.shape.length, shape.length - place)));
  const flat = spread && reshape(spread, [size]);
  return flat ?? call.fail(`a bias for ${size} outputs`, `one of shape [${bias.shape.join(", ")}]`);
}

function requireMatrix(call: Call, index: number): Constant {
  const constant = requireWeights(call, "the second factor", call.input(index));
  if (constant.shape.length !== 2)
    call.fail("a matrix for the second factor", `one of shape [${constant.shape.join(", ")}]`);
  return constant;
}

export const gemm: Operator = (call) => {
  const value = call.input(0);
  if (value.kind !== "flow" || value.content.of === "input") return [call.unknown()];
  if (call.int("transA", 0) !== 0) call.fail("the states as they are (transA 0)", "transA 1");
  if (value.axes.length !== 2) call.fail("states of 2 dimensions", String(value.axes.length));
  const given = requireMatrix(call, 1);
  const weight = call.int("transB", 0) === 0 ? given : permute(given, [1, 0]);
  const scales = { weightScale: call.float("alpha", 1), biasScale: call.float("beta", 1) };
  const outputs = applyHead(call, value, { weight, bias: undefined, ...scales });
  const [, , third] = call.inputs;
  if (third === undefined || outputs.content.of !== "outputs") return [outputs];
  const head: Head = { weight, bias: biasFor(call, outputs, third), ...scales };
  return [{ ...outputs, content: { ...outputs.content, head } }];
};

/** Add: a bias of the head, or sizes. */
export const add: Operator = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  const [flow, bias] = a.kind === "flow" ? [a, b] : [b, a];
  if (flow.kind !== "flow" || flow.content.of === "input") return addIntegers(call);
  const { content } = flow;
  if (content.of !== "outputs" || content.head === undefined || content.softmax) return [call.unknown()];
  if (content.head.bias !== undefined) call.fail("one bias of the head", "another");
  if (call.has("axis")) call.fail('a bias without an attribute "axis"', "one");
  const head: Head = { ...content.head, bias: biasFor(call, flow, bias), biasScale: 1 };
  return [{ ...flow, content: { ...content, head } }];
};

/** Softmax and LogSoftmax, over the outputs: left to what reads them. */
export const softmax: Operator = (call) => {
  const value = call.input(0);
  if (value.kind !== "flow") return [call.unknown()];
  const { axes, feature, stack, content } = value;
  const old = call.walk.opset < 13;
  const axis = call.axisOf(call.int("axis", old ? 1 : -1), axes.length);
  // Before opset 13 it goes over all axes from this one on.
  if (
    !sameAxis(axes[axis], [...stack, ...feature]) ||
    (old && axes.slice(axis + 1).some(({ length }) => length > 0))
  )
    call.fail("a softmax over the outputs of each step", `one over axis ${axis} of ${axes.length}`);
  if (content.of === "outputs" && !content.softmax)
    return [{ ...value, content: { ...content, softmax: true } }];
  if (content.of !== "states") return [call.unknown()];
  const { runs, part } = requireStates(call, value);
  return [{ ...value, content: { of: "outputs", runs, part, head: undefined, softmax: true } }];
};
