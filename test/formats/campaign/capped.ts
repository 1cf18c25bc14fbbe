/** Reads the file at a path by the reader of a name, and prints whether it was refused; without them, what the heap has. */

import "../../../src/wasm/inlined.js"; // first: the readers make networks
import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { readers } from "./readers.js";

const [name, path] = process.argv.slice(2);
globalThis.gc?.();
if (process.argv.length < 4) process.stdout.write(String(getHeapStatistics().used_heap_size));
else {
  const reader = readers.find((one) => one.name === name);
  if (reader === undefined) throw new Error(`there is no reader ${name}`);
  try {
    reader.read(new Uint8Array(readFileSync(path)));
    process.stdout.write("read");
  } catch (error) {
    if (!reader.refuses(error)) throw error;
    process.stdout.write("refused");
  }
}
