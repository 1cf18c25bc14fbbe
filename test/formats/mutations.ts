/** Safetensors files that are changed at random, and what reading them may give. */

import { FormatError } from "../../src/errors.js";
import type { Network, NetworkOptions } from "../../src/network/types.js";
import type { Random } from "../../src/random.js";
import { fileOf, partsOf } from "./files.js";

/** How many mutants a test reads. */
export const COUNT = 20_000;

export const networks: NetworkOptions[] = [
  { inputSize: 5, hiddenSize: 3, outputSize: 4 },
  { inputSize: 3, hiddenSize: 2, outputSize: 3, cell: "lstm", initialization: { forgetBias: 1 } },
  {
    inputSize: 3,
    hiddenSize: 1,
    outputSize: 0,
    cell: "gru",
    layers: 2,
    bidirectional: true,
    embeddingSize: 2,
  },
];

/** What headers are made of, and what they should not be. */
const words = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "\\",
    " ",
    "\0",
    "\n",
    "\ufeff",
    "é",
    "\\u0061",
    "\\ud800",
    "\\n",
    "//",
  ],
  ...["0", "1", "-1", "-0", "2.0", "1e3", "1e999", "4294967296", "9007199254740993", "1".repeat(400), "NaN"],
  ...[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    '""',
    '"a":1,',
    "[".repeat(3000),
    '{"a":'.repeat(3000),
    "__proto__",
  ],
  ...["F32", "F64", "I8", "dtype", "shape", "data_offsets", "__metadata__", "bptt.format", "bptt.options"],
  ...["F16", "BF16", "I64", "weight", "bias_hh_l0", "_l1", "_reverse", "weight_hr_l0", "99999999999"],
  ...["rnn.weight_ih_l0", "head.bias", "inputSize", "layers", "elman", "gru", "lstm"],
];

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.integer(items.length)];
}

/** A stretch of the bytes replaced by others. */
function splice(bytes: Uint8Array, at: number, drop: number, put: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes.subarray(0, at), ...put, ...bytes.subarray(at + drop));
}

/** Changes of a whole file. */
const fileMutations: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  (file, random) => {
    const at = random.integer(file.length);
    return splice(file, at, 1, Uint8Array.of(file[at] ^ (1 << random.integer(8))));
  },
  (file, random) => splice(file, random.integer(file.length), 1, Uint8Array.of(random.integer(256))),
  (file, random) => file.slice(0, random.integer(file.length)),
  (file, random) =>
    splice(file, random.integer(file.length), random.integer(9), new Uint8Array(random.integer(9))),
  (file, random) => splice(file, random.integer(9), 0, Uint8Array.of(random.integer(256))),
  // The header's length: near the right one, or anything.
  (file, random) => splice(file, 0, 1, Uint8Array.of(file[0] + random.integer(17) - 8)),
  (file, random) => splice(file, random.integer(8), 1, Uint8Array.of(random.integer(256))),
];

/** Changes of the header's text; its length is then put right. */
const headerMutations: ((header: string, random: Random) => string)[] = [
  (header, random) => {
    const at = random.integer(header.length);
    return header.slice(0, at) + pick(random, words) + header.slice(at + random.integer(4));
  },
  // Any number or name for another.
  (header, random) => {
    const places = [...header.matchAll(/\d+|\w+(?:\.\w+)*/g)];
    const { 0: found, index } = pick(random, places);
    const by = random.integer(2) === 0 ? pick(random, words) : pick(random, places)[0];
    return header.slice(0, index) + by + header.slice(index + found.length);
  },
  // A stretch left out, or twice.
  (header, random) => {
    const [from, to] = [random.integer(header.length), random.integer(header.length)];
    return header.slice(0, from) + header.slice(to);
  },
  // A member left out, twice, or elsewhere.
  (header, random) => {
    const members = header
      .trim()
      .slice(1, -1)
      .split(/,(?=")/);
    members.splice(random.integer(members.length), random.integer(2), pick(random, members));
    return `{${members.join()}}`;
  },
  (header, random) => header.trim() + pick(random, words),
];

/** One of the files, changed once or twice. */
export function mutate(random: Random, from: readonly Uint8Array[]): Uint8Array {
  let file = pick(random, from);
  for (let changes = 1 + random.integer(2); changes > 0; changes--) {
    if (file.length < 16 || random.integer(2) === 0) {
      if (file.length > 0) file = pick(random, fileMutations)(file, random);
      continue;
    }
    try {
      const { header, data } = partsOf(file);
      file = fileOf(pick(random, headerMutations)(header, random), data);
    } catch {
      // The header is gone already.
    }
  }
  return file;
}

/** What is read, or undefined where that is a FormatError; any other error fails the test. */
export function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

export const sizesOf = ({ parameters }: Network): string =>
  parameters.map(({ name, shape }) => `${name} ${shape.join("×")}`).join();

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
