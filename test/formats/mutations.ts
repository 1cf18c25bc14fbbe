/** Files that are changed at random: bytes of any, and the headers of safetensors files. */

import type { Network, NetworkOptions } from "../../src/network/types.js";
import type { Random } from "../../src/random.js";
import { fileOf, partsOf } from "./files.js";

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
  return new Uint8Array(Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)]));
}

/** What lengths and places should not be, in eight bytes or in four: least and greatest numbers, with a sign and without. */
const extremes = [4, 8].flatMap((width) =>
  [
    [0, 0],
    [0xff, 0xff],
    [0xff, 0x7f],
    [0, 0x80],
  ].map(([each, last]) => new Uint8Array(width).fill(each).fill(last, width - 1)),
);

/** Changes of any bytes, at least one. */
const byteMutations: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  (file, random) => {
    const at = random.integer(file.length);
    return splice(file, at, 1, Uint8Array.of(file[at] ^ (1 << random.integer(8))));
  },
  (file, random) => splice(file, random.integer(file.length), 1, Uint8Array.of(random.integer(256))),
  (file, random) => file.slice(0, random.integer(file.length)),
  (file, random) =>
    splice(file, random.integer(file.length), random.integer(9), new Uint8Array(random.integer(9))),
  (file, random) => {
    const put = pick(random, extremes);
    return splice(file, random.integer(file.length), put.length, put);
  },
  // A stretch again, elsewhere; or the file twice.
  (file, random) => {
    const from = random.integer(file.length);
    const stretch = file.subarray(from, from + random.integer(64));
    return splice(file, random.integer(file.length), random.integer(2) * stretch.length, stretch);
  },
  (file) => splice(file, file.length, 0, file),
];

/** The bytes, of which there must be one, changed once. */
export function changeBytes(file: Uint8Array, random: Random): Uint8Array {
  return pick(random, byteMutations)(file, random);
}

/** Changes of a whole safetensors file. */
const fileMutations: ((file: Uint8Array, random: Random) => Uint8Array)[] = [
  ...byteMutations,
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

export const sizesOf = ({ parameters }: Network): string =>
  parameters.map(({ name, shape }) => `${name} ${shape.join("×")}`).join();

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
