/** A network as an ONNX model: one recurrent operator and the head, in the few messages that takes. */
import onnxProto from "onnx-proto";
import { layerOf, reorder, sizesOf, transpose, weightOf, type Job } from "./subject.js";

const { onnx } = onnxProto;
const FLOAT = onnx.TensorProto.DataType.FLOAT;
const INT64 = onnx.TensorProto.DataType.INT64;

/** PyTorch's gates in the order that ONNX has them: LSTM i, f, g, o → i, o, f, c. */
const LSTM_GATES = [0, 3, 1, 2];

function tensor(name: string, dims: readonly number[], values: Float32Array) {
  return onnx.TensorProto.create({
    ...{ name, dims: [...dims], dataType: FLOAT },
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  });
}

function indices(name: string, ...values: readonly number[]) {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return onnx.TensorProto.create({ name, dims: [values.length], dataType: INT64, rawData });
}

function value(name: string, dims: readonly number[]) {
  const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
  return onnx.ValueInfoProto.create({ name, type: { tensorType: { elemType: FLOAT, shape } } });
}

function node(opType: string, input: readonly string[], output: readonly string[], H?: number) {
  const attribute =
    H === undefined ? [] : [{ name: "hidden_size", i: H, type: onnx.AttributeProto.AttributeType.INT }];
  return onnx.NodeProto.create({
    opType,
    name: `${opType}_${output[0]}`,
    input: [...input],
    output: [...output],
    attribute,
  });
}

/** `x` [T, B, V], `h` and `c` [1, B, H] in; `y` [T, B, V], `h_n` and `c_n` out. One LSTM layer. */
export function lstmModel(job: Job): Uint8Array {
  const { H, B, T, V } = sizesOf(job);
  const { input, recurrent, inputBias, recurrentBias } = layerOf(job, 0);
  const bias = new Float32Array(8 * H);
  bias.set(reorder(inputBias, LSTM_GATES, H));
  bias.set(reorder(recurrentBias, LSTM_GATES, H), 4 * H);
  const state = [1, B, H];
  const graph = {
    name: "lstm",
    node: [
      node("LSTM", ["x", "W", "R", "B", "", "h", "c"], ["states", "h_n", "c_n"], H),
      node("Squeeze", ["states", "directions"], ["rows"]),
      node("MatMul", ["rows", "head"], ["products"]),
      node("Add", ["products", "head_bias"], ["y"]),
    ],
    initializer: [
      tensor("W", [1, 4 * H, V], reorder(input, LSTM_GATES, H * V)),
      tensor("R", [1, 4 * H, H], reorder(recurrent, LSTM_GATES, H * H)),
      tensor("B", [1, 8 * H], bias),
      tensor("head", [H, V], transpose(weightOf(job, "head.weight"), V, H)),
      tensor("head_bias", [V], weightOf(job, "head.bias")),
      indices("directions", 1),
    ],
    input: [value("x", [T, B, V]), value("h", state), value("c", state)],
    output: [value("y", [T, B, V]), value("h_n", state), value("c_n", state)],
  };
  const model = { irVersion: 8, producerName: "bptt-compare", opsetImport: [{ version: 14 }], graph };
  return onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish();
}
