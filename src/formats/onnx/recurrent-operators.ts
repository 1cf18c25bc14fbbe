/** The recurrent operators: RNN, GRU and LSTM. */

import { cells } from "../../network/cells/by-name.js";
import type { Cell } from "../../network/types.js";
import { quote, type Call } from "./call.js";
import { FLOAT_TYPES, type Constant } from "./constants.js";
import { layerOf } from "./directions.js";
import type { Operator } from "./operator.js";
import { numberOf, sameAxis, sameSize, sizeOfAxis, sizeOfNumber, type Axis } from "./sizes.js";
import { describeValue, inputNameOf, type Flow, type Part, type Run, type Value } from "./values.js";

interface Directions {
  readonly count: number;
  /** Whether only the reverse one. */
  readonly reverse: boolean;
}

function readDirections(call: Call): Directions {
  const direction = call.text("direction", "forward");
  if (direction === "forward" || direction === "reverse")
    return { count: 1, reverse: direction === "reverse" };
  if (direction !== "bidirectional")
    call.fail('"direction" to be forward, reverse or bidirectional', quote(direction));
  return { count: 2, reverse: false };
}

/** Returns the one list of activations of all directions, joined with commas, in lower case; undefined: the default ones. */
function readActivations(call: Call, directions: number, perDirection: number): string | undefined {
  const given = call.texts("activations");
  if (given === undefined || given.length === 0) return undefined;
  if (given.length !== directions * perDirection)
    call.fail(`${directions * perDirection} activations`, String(given.length));
  const lists = Array.from({ length: directions }, (_, d) =>
    given.slice(d * perDirection, (d + 1) * perDirection).join(", "),
  );
  const [first] = lists;
  if (lists.some((list) => list !== first))
    call.fail("the same activations of both directions", lists.join("; "));
  return first;
}

function requireActivations(call: Call, directions: number, expected: string): void {
  const came = readActivations(call, directions, expected.split(", ").length) ?? expected;
  if (came.toLowerCase() !== expected.toLowerCase()) call.fail(`the activations ${expected}`, quote(came));
}

const cellReaders: Readonly<Record<string, (call: Call, directions: number) => Cell>> = {
  RNN(call, directions) {
    const activation = readActivations(call, directions, 1) ?? "Tanh";
    if (activation.toLowerCase() === "tanh") return "elman";
    if (activation.toLowerCase() === "relu") return "elman-relu";
    return call.fail("the activation Tanh or Relu", quote(activation));
  },
  GRU(call, directions) {
    requireActivations(call, directions, "Sigmoid, Tanh");
    if (call.int("linear_before_reset", 0) === 0) {
      call.fail(
        "linear_before_reset 1: the reset gate after the recurrent product, as in PyTorch",
        "0, the gate before it",
      );
    }
    return "gru";
  },
  LSTM(call, directions) {
    requireActivations(call, directions, "Sigmoid, Tanh, Tanh");
    if (call.int("input_forget", 0) !== 0) call.fail("input_forget 0: gates of their own", "1");
    const peepholes = call.inputs[7];
    if (peepholes !== undefined && !isZero(call, peepholes))
      call.fail("no peepholes", "input P that is not 0");
    return "lstm";
  },
};

function isZero(call: Call, value: Value): boolean {
  if (value.kind === "filled") return numberOf(value.value) === 0;
  return value.kind === "constant" && call.walk.uniform(value.constant) === 0;
}

function requireConstant(call: Call, index: number, name: string, rank: number): Constant {
  const value = call.input(index);
  if (value.kind !== "constant") return call.fail(`input ${name} to be a constant`, describeValue(value));
  const { shape, dataType } = value.constant;
  if (!FLOAT_TYPES.includes(dataType))
    call.fail(`input ${name} of floating-point numbers`, `type ${dataType}`);
  if (shape.length !== rank) call.fail(`input ${name} of ${rank} dimensions`, `shape [${shape.join(", ")}]`);
  return value.constant;
}

interface Weights {
  readonly weight: Constant;
  readonly recurrentWeight: Constant;
  readonly bias: Constant | undefined;
  readonly hiddenSize: number;
  readonly width: number;
}

function requireShape(call: Call, name: string, constant: Constant, expected: readonly number[]): void {
  const [came, wanted] = [constant.shape.join(", "), expected.join(", ")];
  if (came !== wanted) call.fail(`input ${name} of shape [${wanted}]`, `[${came}]`);
}

function readWeights(call: Call, directions: number, gates: number): Weights {
  const weight = requireConstant(call, 1, "W", 3);
  const recurrentWeight = requireConstant(call, 2, "R", 3);
  const hiddenSize = recurrentWeight.shape[2];
  const width = weight.shape[2];
  const given = call.int("hidden_size", hiddenSize);
  if (given !== hiddenSize || hiddenSize < 1) call.fail(`hidden_size ${hiddenSize}, as R has`, String(given));
  requireShape(call, "W", weight, [directions, gates * hiddenSize, width]);
  requireShape(call, "R", recurrentWeight, [directions, gates * hiddenSize, hiddenSize]);
  const bias = call.inputs[3] === undefined ? undefined : requireConstant(call, 3, "B", 2);
  if (bias !== undefined) requireShape(call, "B", bias, [directions, 2 * gates * hiddenSize]);
  return { weight, recurrentWeight, bias, hiddenSize, width };
}

/** Returns the input that holds the sequences' lengths; undefined where all have all steps. */
function readLengths(call: Call, time: Axis): string | undefined {
  const value = call.inputs[4];
  if (value === undefined) return undefined;
  const name = inputNameOf(value);
  if (name !== undefined) return name;
  const steps = sizeOfAxis(time);
  const count = value.kind === "constant" ? call.walk.uniform(value.constant) : undefined;
  const whole =
    (value.kind === "filled" && sameSize(value.value, steps)) ||
    (value.kind === "integers" && value.list.every((size) => sameSize(size, steps))) ||
    (count !== undefined && sameSize(sizeOfNumber(count), steps));
  if (!whole) call.fail("sequence_lens to be an input of the graph, or all steps", describeValue(value));
  return undefined;
}

/** Returns the input of the graph that an initial state is; undefined: zeros. */
function readState(call: Call, index: number, name: string): string | undefined {
  const value = call.inputs[index];
  if (value === undefined || isZero(call, value)) return undefined;
  const input = inputNameOf(value);
  if (input !== undefined) return input;
  const known = value.kind === "constant" || value.kind === "filled";
  return call.fail(
    `${name} to be zeros or an input of the graph`,
    known ? `${describeValue(value)} that is not 0` : describeValue(value),
  );
}

/** Returns X's axes of time, batch and features, and what it is. */
function readInput(call: Call, batchFirst: boolean): { flow: Flow; time: Axis; batch: Axis; last: Axis } {
  const flow = call.input(0);
  if (flow.kind !== "flow") {
    return call.fail("X to come from an input of the graph, or from the layer below", describeValue(flow));
  }
  if (flow.axes.length !== 3) call.fail("X of 3 dimensions", String(flow.axes.length));
  const [first, second, last] = flow.axes;
  return { flow, time: batchFirst ? second : first, batch: batchFirst ? first : second, last };
}

/** Returns what the runs of a node read, after a check that it fits them. */
function readBelow(call: Call, input: ReturnType<typeof readInput>, width: number): Run["below"] {
  const { flow, time, batch, last } = input;
  const { content } = flow;
  if (time.length > 1 || batch.length > 1) call.fail("an axis of time and one of the batch", "merged ones");
  const size = sizeOfAxis(last);
  const known = size === undefined ? undefined : numberOf(size);
  if (known !== undefined && known !== width)
    call.fail(`X to have ${width} features, as W has`, `${known}: ${describeValue(flow)}`);
  if (content.of === "input") return content;
  if (!sameAxis(last, [...flow.stack, ...flow.feature])) call.fail("the features on X's last axis", "others");
  if (content.of === "vectors") return content;
  if (content.of === "outputs") return call.fail("the states of the layer below", describeValue(flow));
  const runs = layerOf(content.entries);
  if (typeof runs === "string") return call.fail("the states of the layer below, forward then reverse", runs);
  if (content.entries[0].part !== "steps") call.fail("the states after each step", describeValue(flow));
  if (!runs.every((run) => sameAxis(run.time, time) && sameAxis(run.batch, batch)))
    call.fail("time and batch as in the layer below", "others");
  return runs;
}

/** Returns the flows of Y, Y_h and Y_c. */
function outputsOf(call: Call, runs: readonly Run[], batchFirst: boolean): Flow[] {
  const [{ time, batch, hiddenSize }] = runs;
  const stack = call.walk.axis(runs.length);
  const feature = call.walk.units(hiddenSize);
  const flowOf = (part: Part, axes: readonly Axis[]): Flow => {
    const entries = runs.map((run) => ({ run, part }));
    return { kind: "flow", content: { of: "states", entries }, axes, stack, feature };
  };
  const final = batchFirst ? [batch, stack, feature] : [stack, batch, feature];
  return [
    flowOf("steps", batchFirst ? [batch, time, stack, feature] : [time, stack, batch, feature]),
    flowOf("h", final),
    flowOf("c", final),
  ];
}

export const recurrent: Operator = (call) => {
  const { op } = call.node;
  const { count, reverse } = readDirections(call);
  const cell = cellReaders[op](call, count);
  if (call.has("clip")) call.fail('no attribute "clip"', String(call.float("clip", 0)));
  const layout = call.int("layout", 0);
  if (layout !== 0 && layout !== 1) call.fail('"layout" to be 0 or 1', String(layout));
  const input = readInput(call, layout === 1);
  const { weight, recurrentWeight, bias, hiddenSize, width } = readWeights(
    call,
    count,
    cells[cell].gates.length,
  );
  const below = readBelow(call, input, width);
  const { time, batch } = input;
  const lengths = readLengths(call, time);
  const states = [
    readState(call, 5, "initial_h"),
    op === "LSTM" ? readState(call, 6, "initial_c") : undefined,
  ];
  const runs = Array.from({ length: count }, (_, slot): Run => ({
    origin: call,
    cell,
    directions: count,
    slot,
    reverse: reverse || slot === 1,
    ...{ hiddenSize, width, below, time, batch, lengths, weight, recurrentWeight, bias },
    states: states.filter((state) => state !== undefined),
  }));
  for (const run of runs) call.walk.runs.push(run);
  return outputsOf(call, runs, layout === 1).slice(0, op === "LSTM" ? 3 : 2);
};

/** A loop over a graph of its own, which is not looked into: toOnnx has one for cells that ONNX has no operator of. */
export const loop: Operator = (call) => call.fail("layers of RNN, GRU and LSTM", "a loop");
