/** `bptt/onnx`: networks as ONNX models. The library itself comes from `bptt`. */

export { fromOnnx } from "../formats/onnx/from-onnx.js";
export { toOnnx, type ToOnnxOptions } from "../formats/onnx/to-onnx.js";
