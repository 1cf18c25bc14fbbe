/** Files that say much with few bytes take no more memory than the project promises. `BPTT_PRINT=1` prints how much. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Json } from "../../fixtures/json.js";
import { ModelSketch } from "./model-sketch.js";

const printed: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "bptt-onnx-"));
const program = join(folder, "read-one.mjs");

beforeAll(() => {
  buildSync({
    entryPoints: [join(import.meta.dirname, "read-one.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    ignoreAnnotations: true, // "sideEffects" of package.json names the built files
    logLevel: "error",
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** A field of bytes, or of a message. */
function field(number: number, content: Uint8Array | readonly number[]): Uint8Array {
  return Buffer.concat([
    Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]),
    Uint8Array.from(content),
  ]);
}

function many(count: number, bytes: Uint8Array | readonly number[]): Uint8Array {
  return Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
}

function nodes(count: number, op: string, inputs: 1 | 2): Uint8Array {
  const sketch = new ModelSketch();
  let value = sketch.input("x", ["T", "B", 3]);
  for (let i = 0; i < count; i++) value = sketch.node(op, inputs === 1 ? [value] : [value, value]);
  sketch.output(value);
  return sketch.file();
}

/** Parts of constants, twice as many with each node. */
function parts(): Uint8Array {
  const sketch = new ModelSketch();
  let value = sketch.floats([1], [1]);
  for (let i = 0; i < 40; i++) value = sketch.node("Concat", [value, value], { axis: 0 });
  sketch.output(value);
  return sketch.file();
}

function huge(): Uint8Array {
  const sketch = new ModelSketch();
  const dims = [
    [1, 4_000, 1_000],
    [1, 4_000, 1_000],
  ];
  const weights = dims.map((shape) => sketch.node("ConstantOfShape", [sketch.integers(shape)]));
  sketch.output(sketch.nodeOf(3, "LSTM", [sketch.input("x", ["T", "B", 1_000]), ...weights])[0]);
  return sketch.file();
}

const attribute = field(5, [...field(1, [65]), 0x18, 1, 0xa0, 1, 2]);

describe("a hostile file", () => {
  it.each<[string, () => Uint8Array]>([
    ["empty nodes", () => field(7, many(5_000_000, [0x0a, 0]))],
    ["as many empty nodes as there may be", () => field(7, many(79_900, [0x0a, 0]))],
    ["nodes with attributes", () => field(7, many(19_900, field(1, attribute)))],
    ["empty tensors", () => field(7, many(79_900, [0x2a, 0]))],
    ["tensors of a byte", () => field(7, many(26_000, [0x2a, 3, 0x4a, 1, 7]))],
    ["texts", () => field(7, field(1, many(79_900, field(1, many(200, [65])))))],
    ["integers", () => field(7, field(1, field(5, field(8, many(799_000, [1])))))],
    ["too many integers", () => field(7, field(1, field(5, field(8, many(50_000_000, [1])))))],
    [
      "half-size numbers as integers",
      () => field(7, field(5, [0x10, 10, ...field(5, many(5_000_000, [1]))])),
    ],
    ["a long chain", () => nodes(14_000, "Identity", 1)],
    ["sizes that are squared", () => nodes(8_000, "Mul", 2)],
    ["states that double", () => nodes(8_000, "Concat", 2)],
    ["parts of constants that double", parts],
    ["a network that is not in the file", huge],
  ])("takes at most twice its size and 32 MiB: %s", (name, make) => {
    const path = join(folder, "hostile.onnx");
    const file = make();
    writeFileSync(path, file);
    const { stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", program, path], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const said = Json.parse(stdout, "read-one");
    const grown = said.get("grown").number();
    printed.push(`${name}: ${file.length} bytes, ${(grown / 2 ** 20).toFixed(1)} MiB more`);
    expect(said.get("outcome").string()).toMatch(/^FormatError: ONNX/);
    expect(grown).toBeLessThanOrEqual(2 * file.length + 32 * 2 ** 20);
  });
});
