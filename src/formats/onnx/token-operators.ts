/** Operators that make vectors of tokens. */

import type { Call } from "./call.js";
import { FLOAT_TYPES, readFloats } from "./constants.js";
import type { Operator } from "./operator.js";
import { describeValue, type Flow, type Value } from "./values.js";

/** Returns the input that holds tokens. */
function tokensOf(call: Call, index: number): Flow & { content: { of: "input" } } {
  const value = call.input(index);
  if (value.kind === "flow") {
    const { content } = value;
    if (content.of === "input") return { ...value, content };
  }
  return call.fail("tokens that are an input of the graph", "others");
}

/** Gather of a constant's rows by tokens: an embedding. */
export function embed(call: Call): Value {
  const table = call.input(0);
  const tokens = tokensOf(call, 1);
  if (table.kind !== "constant" || table.constant.shape.length !== 2 || call.int("axis", 0) !== 0)
    call.fail("an embedding of shape [tokens, width]", "something else to take rows of");
  if (!FLOAT_TYPES.includes(table.constant.dataType))
    call.fail("an embedding of floating-point numbers", `type ${table.constant.dataType}`);
  const [count, width] = table.constant.shape;
  const feature = call.walk.axis(width);
  return {
    kind: "flow",
    content: { of: "vectors", input: tokens.content.input, tokens: count, embedding: table.constant },
    axes: [...tokens.axes, feature],
    stack: [],
    feature,
  };
}

function requireZeroAndOne(call: Call, value: Value): void {
  if (value.kind !== "constant" || !FLOAT_TYPES.includes(value.constant.dataType))
    call.fail("the values 0 and 1", describeValue(value));
  const values = value.constant.shape.join() === "2" ? readFloats(value.constant) : [];
  if (values[0] !== 0 || values[1] !== 1) call.fail("the values 0 and 1", values.join(" and "));
}

export const oneHot: Operator = (call) => {
  if (call.input(0).kind !== "flow") return [call.unknown()];
  const tokens = tokensOf(call, 0);
  const depth = call.numbers(1)?.at(0) ?? call.fail("a depth that is a constant", "another");
  requireZeroAndOne(call, call.input(2));
  const rank = tokens.axes.length + 1;
  const feature = call.walk.axis(depth);
  return [
    {
      kind: "flow",
      content: { of: "vectors", input: tokens.content.input, tokens: depth, embedding: undefined },
      axes: tokens.axes.toSpliced(call.axisOf(call.int("axis", -1), rank), 0, feature),
      stack: [],
      feature,
    },
  ];
};
