import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import { layer } from "./model-sketch.js";
import {
  describeRefusals,
  H,
  I,
  input,
  squeeze,
  head,
  withStates,
  withBoth,
  joined,
  type Refusal,
} from "./refusals.js";

const selections: Refusal[] = [
  [
    "the last step of two directions",
    withBoth((sketch, [y]) => {
      const last = sketch.node("Gather", [joined(sketch, y), sketch.integers(-1)], {}, "last");
      return head(sketch, last, 2 * H);
    }),
    /node "last" \(Gather\): expected the final state of the reverse direction, which is at the first step, got the last step of node "lstm" \(LSTM\)/,
  ],
  [
    "the same by Slice",
    withBoth((sketch, [y]) => {
      const range = [[-1], [2 ** 31 - 1], [0]].map((list) => sketch.integers(list));
      return head(
        sketch,
        squeeze(sketch, sketch.node("Slice", [joined(sketch, y), ...range], {}, "last"), 0),
        2 * H,
      );
    }),
    /node "last" \(Slice\): expected the final state of the reverse direction/,
  ],
  [
    "the directions' steps that are not their final ones",
    withBoth((sketch, [y]) => {
      const parts = [0, -1].map((step, direction) => {
        const taken = sketch.node("Gather", [y, sketch.integers(step)], { axis: 0 }, `step${step}`);
        return sketch.node("Gather", [taken, sketch.integers(direction)], { axis: 0 });
      });
      return head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H);
    }),
    /node "step0" \(Gather\): expected the final state of the forward direction, which is at the last step, got the first step of node "lstm"/,
  ],
  [
    "the last step of two directions without a head",
    withBoth((sketch, [y]) => sketch.node("Gather", [joined(sketch, y), sketch.integers(-1)], {}, "last")),
    /node "last" \(Gather\): expected the final state of the reverse direction/,
  ],
  [
    "the last step of two directions, behind the head",
    withBoth((sketch, [y]) =>
      sketch.node("Gather", [head(sketch, joined(sketch, y), 2 * H), sketch.integers(-1)], {}, "last"),
    ),
    /node "last" \(Gather\): expected the final state of the reverse direction/,
  ],
  [
    "one direction's last step and the other's first, where sequences have lengths",
    (sketch) => {
      const lengths = sketch.input("lengths", ["B"], DATA_TYPES.INT32);
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2, lengths });
      const parts = [-1, 0].map((step, direction) => {
        const taken = sketch.node("Gather", [y, sketch.integers(step)], { axis: 0 }, `step${step}`);
        return sketch.node("Gather", [taken, sketch.integers(direction)], { axis: 0 });
      });
      sketch.output(head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
    },
    /node "step-1" \(Gather\): expected final states, which are at the sequences' lengths/,
  ],
  [
    "the first step",
    withStates((sketch, states) =>
      head(sketch, sketch.node("Gather", [states, sketch.integers(0)], {}, "first")),
    ),
    /node "first" \(Gather\): .* the final state of the forward direction, .* got the first step of node "gru"/,
  ],
  [
    "a step in between",
    withStates((sketch, states) =>
      head(sketch, sketch.node("Gather", [states, sketch.integers(2)], {}, "third")),
    ),
    /node "third" \(Gather\): expected the first or the last step, got states of node "gru"/,
  ],
  [
    "steps by indices from elsewhere",
    withStates((sketch, states) =>
      sketch.node("Gather", [states, sketch.input("i", [], DATA_TYPES.INT64)], {}, "some"),
    ),
    /node "some" \(Gather\): expected indices that are constants/,
  ],
  [
    "some steps",
    withStates((sketch, states) =>
      sketch.node("Slice", [states, ...[[1], [3], [0]].map((list) => sketch.integers(list))], {}, "some"),
    ),
    /node "some" \(Slice\): expected all steps, the first or the last/,
  ],
  [
    "steps backwards",
    withStates((sketch, states) =>
      sketch.node(
        "Slice",
        [states, ...[[-1], [-100], [0], [-1]].map((list) => sketch.integers(list))],
        {},
        "back",
      ),
    ),
    /node "back" \(Slice\): expected a range of constants, in steps of 1/,
  ],
  [
    "half of the units",
    withStates((sketch, states) =>
      sketch.node("Slice", [states, ...[[0], [2], [2]].map((list) => sketch.integers(list))], {}, "half"),
    ),
    /node "half" \(Slice\): expected steps or directions/,
  ],
  [
    "the last step where sequences have lengths",
    (sketch) => {
      const lengths = sketch.input("lengths", ["B"], DATA_TYPES.INT32);
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, lengths });
      sketch.output(
        head(sketch, sketch.node("Gather", [squeeze(sketch, y, 1), sketch.integers(-1)], {}, "last")),
      );
    },
    /node "last" \(Gather\): expected final states, which are at the sequences' lengths, got the last step of node "gru"/,
  ],
  [
    "one direction of two",
    withBoth((sketch, [, h]) => head(sketch, sketch.node("Gather", [h, sketch.integers(0)]))),
    /node "head" .* got one of two directions of node "lstm" \(LSTM\)/,
  ],
  [
    "the reverse direction before the forward one",
    withBoth((sketch, [, h]) => {
      const parts = [1, 0].map((i) => sketch.node("Gather", [h, sketch.integers(i)]));
      return head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H);
    }),
    /node "head" .* got directions other than forward, then reverse/,
  ],
  [
    "hidden beside cell states",
    withBoth((sketch, [, h, c]) => {
      const parts = [h, c].map((state) => sketch.node("Gather", [state, sketch.integers(0)]));
      return head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H);
    }),
    /node "head" .* got states after each step beside final ones, or h beside c/,
  ],
  [
    "a head on cell states",
    (sketch) => {
      const [, , c] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      sketch.output(head(sketch, squeeze(sketch, c, 0)));
    },
    /node "head" .* hidden states, got final cell states of node "lstm"/,
  ],
  [
    "states of two layers beside one another",
    (sketch) => {
      const [y, h] = layer(sketch, input(sketch), { op: "GRU", I, H, name: "below" });
      const [, top] = layer(sketch, squeeze(sketch, y, 1), { op: "GRU", I: H, H, name: "top" });
      const both = sketch.node(
        "Concat",
        [squeeze(sketch, h, 0), sketch.node("Squeeze", [top, sketch.integers([0])])],
        { axis: 1 },
      );
      sketch.output(head(sketch, both, 2 * H));
    },
    /node "head" .* the states of one layer/,
  ],
  [
    "layers taken for directions",
    (sketch) => {
      const [y, h] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2, name: "below" });
      const [, top] = layer(sketch, joined(sketch, y), { op: "GRU", I: 2 * H, H, D: 2, name: "top" });
      const all = sketch.node("Concat", [h, top], { axis: 0 });
      const split = sketch.node("Reshape", [all, sketch.integers([2, 2, -1, H])]);
      const turned = sketch.node("Transpose", [split], { perm: [1, 0, 2, 3] });
      const last = sketch.node("Gather", [turned, sketch.integers(-1)]);
      const parts = [0, 1].map((i) => sketch.node("Gather", [last, sketch.integers(i)]));
      sketch.output(head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
    },
    /node "head" .* the states of one layer, forward then reverse, got directions other/,
  ],
  [
    "layers and directions that change places",
    (sketch) => {
      const [y, h] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2, name: "below" });
      const [, top] = layer(sketch, joined(sketch, y), { op: "GRU", I: 2 * H, H, D: 2, name: "top" });
      const all = sketch.node("Concat", [h, top], { axis: 0 });
      const split = sketch.node("Reshape", [all, sketch.integers([2, 2, -1, H])]);
      const turned = sketch.node("Transpose", [split], { perm: [1, 0, 2, 3] });
      const flat = sketch.node("Reshape", [turned, sketch.integers([4, -1, H])]);
      const parts = [2, 3].map((i) => sketch.node("Gather", [flat, sketch.integers(i)], {}, `part${i}`));
      sketch.output(head(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
    },
    /node "part2" \(Gather\): expected an axis of layers, directions or time/,
  ],
  [
    "final states in a shape that splits no layers",
    (sketch) => {
      const [y, h] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2, name: "below" });
      const [, top] = layer(sketch, joined(sketch, y), { op: "GRU", I: 2 * H, H, D: 2, name: "top" });
      const all = sketch.node("Concat", [h, top], { axis: 0 });
      sketch.output(sketch.node("Reshape", [all, sketch.integers([3, -1, H])], {}, "mix"));
    },
    /node "mix" \(Reshape\): expected a shape that merges or splits known axes/,
  ],
  [
    "directions of which the units are mixed",
    withBoth((sketch, [y]) => {
      const turned = sketch.node("Transpose", [y], { perm: [0, 2, 3, 1] });
      return head(sketch, sketch.node("Reshape", [turned, sketch.integers([0, 0, -1])]), 2 * H);
    }),
    /node "head" .* the features of the states on the last axis, got others/,
  ],
  [
    "states beside the input",
    withStates((sketch, states) => sketch.node("Concat", [states, "x"], { axis: 2 }, "both")),
    /node "both" \(Concat\): expected states of layers to put side by side/,
  ],
  [
    "states beside zeros",
    withStates((sketch, states) =>
      sketch.node("Concat", [states, sketch.floats([1, 1, H], [0, 0, 0, 0])], { axis: 0 }, "pad"),
    ),
    /node "pad" \(Concat\)/,
  ],
  [
    "a shape that mixes time and units",
    withStates((sketch, states) => sketch.node("Reshape", [states, sketch.integers([-1, 3, 2])], {}, "mix")),
    /node "mix" \(Reshape\): expected a shape that merges or splits known axes/,
  ],
  [
    "a squeezed batch of unknown size",
    withStates((sketch, states) => squeeze(sketch, states, 1)),
    /node "squeeze\d+" \(Squeeze\): expected axes of size 1 to squeeze/,
  ],
  [
    "an axis that is none",
    withStates((sketch, states) => squeeze(sketch, states, 7)),
    /node "squeeze\d+" \(Squeeze\): expected an axis of a tensor of 3 dimensions, got 7/,
  ],
  [
    "axes in no order",
    withStates((sketch, states) => sketch.node("Transpose", [states], { perm: [0, 0, 2] }, "turn")),
    /node "turn" \(Transpose\): expected "perm" to order 3 axes/,
  ],
  [
    "a cast to integers",
    withStates((sketch, states) => sketch.node("Cast", [states], { to: DATA_TYPES.INT32 }, "cast")),
    /node "cast" \(Cast\): .* got type 6/,
  ],
  [
    "repeated sequences",
    withStates((sketch, states) =>
      sketch.node("Expand", [states, sketch.integers([2, 1, 1, 1])], {}, "repeat"),
    ),
    /node "repeat" \(Expand\): expected each sequence once/,
  ],
];

describeRefusals("a choice of states that no network makes", selections);
