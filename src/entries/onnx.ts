/** `bptt/onnx`: networks as ONNX models. The library itself comes from `bptt`. */

export { toOnnx, type ToOnnxOptions } from "../formats/onnx/to-onnx.js";
