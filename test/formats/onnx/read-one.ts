/** A program for memory.test.ts: reads one ONNX file, and prints by how many bytes the process grew at most, and what came of it. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import "../../../src/wasm/inlined.js";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { createNetwork } from "../../../src/network/create-network.js";

/** Without a second copy, behind whose memory that of the reader would not be seen. */
function readOnce(path: string): Uint8Array {
  const descriptor = openSync(path, "r");
  const bytes = new Uint8Array(fstatSync(descriptor).size);
  readSync(descriptor, bytes);
  closeSync(descriptor);
  return bytes;
}

// What every reader needs is there before: kernels, memory, compiled code.
using small = createNetwork({ cell: "lstm", inputSize: 3, hiddenSize: 3, outputSize: 3 });
fromOnnx(toOnnx(small)).dispose();
const file = readOnce(process.argv[2]);
globalThis.gc?.();

const highest = (): number => process.resourceUsage().maxRSS * 1024;
const before = highest();
let outcome = "a network";
try {
  fromOnnx(file).dispose();
} catch (error) {
  outcome = String(error);
}
process.stdout.write(JSON.stringify({ grown: highest() - before, outcome }));
