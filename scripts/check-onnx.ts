/**
 * Checks what toOnnx writes with the standard's own checker, of Python's onnx (`npm run check:onnx`): networks of every cell, each
 * way that a graph can differ. Debian has it as python3-onnx, which `scripts/install-onnx.sh` installs as root.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "../src/wasm/inlined.js";
import { toOnnx, type ToOnnxOptions } from "../src/formats/onnx/to-onnx.js";
import { cellNames, cells } from "../src/network/cells/by-name.js";
import type { CellDefinition } from "../src/network/cells/cell.js";
import { createNetwork } from "../src/network/create-network.js";
import type { NetworkOptions } from "../src/network/types.js";

const folder = join("build", "onnx");
/** Debian's own comes second, where another stands before it. */
const pythons = ["python3", "/usr/bin/python3"];

const booleans = [false, true];

/** Every choice of one item of each list. */
function choices<Lists extends readonly (readonly unknown[])[]>(
  ...lists: Lists
): { [Place in keyof Lists]: Lists[Place][number] }[] {
  const all = lists.reduce<unknown[][]>(
    (chosen, list) => chosen.flatMap((before) => list.map((item) => [...before, item])),
    [[]],
  );
  return all as { [Place in keyof Lists]: Lists[Place][number] }[];
}

/** What a file may take, with the embedding behind it. */
const inputs: readonly (readonly [number, ToOnnxOptions["input"]])[] = [
  [0, "values"],
  [0, "tokens"],
  [2, "tokens"],
];

function writeFiles(): number {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const [
    cell,
    layerNorm,
    layers,
    bidirectional,
    output,
    outputSize,
    [embeddingSize, input],
    softmax,
  ] of choices(
    cellNames,
    booleans,
    [1, 2],
    booleans,
    ["step", "sequence"] as const,
    [0, 3],
    inputs,
    booleans,
  )) {
    const definition: CellDefinition = cells[cell];
    if (layerNorm && definition.normalized === undefined) continue;
    const options: NetworkOptions = {
      ...{ cell, layerNorm, layers, bidirectional, output, outputSize, embeddingSize },
      ...{ inputSize: 4, hiddenSize: 3 },
    };
    using network = createNetwork(options);
    const words = Object.values(options).join("-");
    writeFileSync(join(folder, `${words}-${input}-${softmax}.onnx`), toOnnx(network, { input, softmax }));
    count++;
  }
  return count;
}

function findPython(): string {
  const found = pythons.find((python) => spawnSync(python, ["-c", "import onnx"]).status === 0);
  if (found !== undefined) return found;
  throw new Error("no Python with the module onnx: scripts/install-onnx.sh installs Debian's, as root");
}

const python = findPython();
console.log(`${writeFiles()} files in ${folder}`);
const { status } = spawnSync(python, [join("scripts", "check-onnx.py"), folder], { stdio: "inherit" });
process.exitCode = status ?? 1;
