import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import { layer } from "./model-sketch.js";
import {
  describeRefusals,
  H,
  I,
  O,
  input,
  squeeze,
  head,
  withLayer,
  withStates,
  type Refusal,
} from "./refusals.js";

const heads: Refusal[] = [
  [
    "a second layer of the head",
    withStates((sketch, states) =>
      sketch.node("MatMul", [head(sketch, states), sketch.weights(O, O)], {}, "second"),
    ),
    /node "second" \(MatMul\): expected the states of a layer, got outputs of the head/,
  ],
  [
    "a weight of a wrong size",
    withStates((sketch, states) => head(sketch, states, H + 1)),
    /node "head" .* a weight for 4 states, got one of shape \[5, 2\]/,
  ],
  [
    "a weight that is an input",
    withStates((sketch, states) => sketch.node("MatMul", [states, sketch.input("w", [H, O])], {}, "head")),
    /node "head" .* the second factor to be a constant, got input "w"/,
  ],
  [
    "a stack of weights",
    withStates((sketch, states) => sketch.node("MatMul", [states, sketch.weights(3, H, O)], {}, "head")),
    /node "head" .* one matrix for the second factor, got one of shape \[3, 4, 2\]/,
  ],
  [
    "a vector of weights",
    withStates((sketch, states) => sketch.node("MatMul", [states, sketch.weights(H)], {}, "head")),
    /node "head" .* one matrix for the second factor, got one of shape \[4\]/,
  ],
  [
    "a product of the states",
    withStates((sketch, states) => sketch.node("ReduceProd", [states], { axes: [0] }, "product")),
    /node "product" \(ReduceProd\): expected an operator of a recurrent network/,
  ],
  [
    "a weight before the states",
    withStates((sketch, states) => sketch.node("MatMul", [sketch.weights(O, H), states], {}, "head")),
    /node "head" \(MatMul\)/,
  ],
  [
    "two biases",
    withStates((sketch, states) => {
      const once = sketch.node("Add", [head(sketch, states), sketch.weights(O)]);
      return sketch.node("Add", [once, sketch.weights(O)], {}, "again");
    }),
    /node "again" \(Add\): expected one bias of the head, got another/,
  ],
  [
    "a bias of a wrong size",
    withStates((sketch, states) => sketch.node("Add", [head(sketch, states), sketch.weights(3)], {}, "bias")),
    /node "bias" \(Add\): expected a bias for 2 outputs, got one of shape \[3\]/,
  ],
  [
    "a bias for each step",
    withStates((sketch, states) =>
      sketch.node("Add", [head(sketch, states), sketch.weights(5, 1, O)], {}, "bias"),
    ),
    /node "bias" \(Add\): expected a bias for 2 outputs/,
  ],
  [
    "a bias that is an input",
    withStates((sketch, states) =>
      sketch.node("Add", [head(sketch, states), sketch.input("b", [O])], {}, "bias"),
    ),
    /node "bias" \(Add\): expected the bias to be a constant, got input "b"/,
  ],
  [
    "turned states",
    withStates((sketch, states) =>
      sketch.node(
        "Gemm",
        [sketch.node("Gather", [states, sketch.integers(-1)]), sketch.weights(H, O)],
        { transA: 1 },
        "head",
      ),
    ),
    /node "head" \(Gemm\): expected the states as they are \(transA 0\), got transA 1/,
  ],
  [
    "a sigmoid",
    withStates((sketch, states) => sketch.node("Sigmoid", [head(sketch, states)], {}, "sigmoid")),
    /node "sigmoid" \(Sigmoid\): expected an operator of a recurrent network, got it for outputs of the head/,
  ],
  [
    "a softmax over time",
    withStates((sketch, states) => sketch.node("Softmax", [head(sketch, states)], { axis: 0 }, "softmax")),
    /node "softmax" \(Softmax\): expected a softmax over the outputs of each step, got one over axis 0 of 3/,
  ],
  [
    "a softmax of opset 11 over two axes",
    (sketch) => {
      sketch.opset = 11;
      withLayer({ op: "GRU" })(sketch);
      const [{ name }] = sketch.outputs.splice(0);
      sketch.nodes.forEach((node, i) => {
        if (node.op !== "Squeeze") return;
        const axes = { type: "INTS", value: [1] } as const;
        sketch.nodes[i] = { ...node, inputs: node.inputs.slice(0, 1), attributes: new Map([["axes", axes]]) };
      });
      sketch.output(sketch.node("Softmax", [name], {}, "softmax"));
    },
    /node "softmax" \(Softmax\): .* got one over axis 1 of 3/,
  ],
  [
    "a bias after a softmax",
    withStates((sketch, states) =>
      sketch.node("Add", [sketch.node("Softmax", [head(sketch, states)]), sketch.weights(O)], {}, "late"),
    ),
    /node "late" \(Add\): .* got it for a softmax/,
  ],
  [
    "a dropout for training",
    withStates((sketch, states) => {
      const yes = sketch.tensor({ name: "yes", dataType: DATA_TYPES.BOOL, dims: [], raw: Uint8Array.of(1) });
      return sketch.node("Dropout", [states, "", yes], {}, "drop");
    }),
    /node "drop" \(Dropout\): .* got one for training/,
  ],
  [
    "two heads",
    (sketch) => {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const states = squeeze(sketch, y, 1);
      for (const name of ["a", "b"])
        sketch.output(sketch.node("MatMul", [states, sketch.weights(H, O)], {}, name));
    },
    /^ONNX output "b:0": expected one head, got another than that of "a:0"/,
  ],
];

describeRefusals("a head that no network has", heads);
