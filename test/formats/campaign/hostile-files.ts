/** Files that say much in few bytes, or are nested, shared or chained without end. */

import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import { fileOf, withHeader } from "../files.js";
import { floatTensor, integerTensor, layer, ModelSketch } from "../onnx/model-sketch.js";
import { varint } from "../onnx/wire-tree.js";
import { readers, type Reader } from "./readers.js";

export interface HostileFile {
  readonly name: string;
  readonly reader: Reader;
  readonly make: () => Uint8Array;
}

function readerNamed(part: string): Reader {
  const found = readers.find(({ name }) => name.includes(part));
  if (found === undefined) throw new Error(`there is no reader ${part}`);
  return found;
}

/** A field of bytes, by its number. */
function field(number: number, content: Uint8Array): Uint8Array {
  return joined([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The same bytes again and again. */
function repeated(bytes: readonly number[], count: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(bytes.length * count, Uint8Array.from(bytes)));
}

const MILLION = 1_000_000;
const utf8 = new TextEncoder();

/** Graphs inside attributes of nodes of graphs. */
function nestedGraphs(depth: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    for (const number of [6, 5, 1]) {
      const head = [number * 8 + 2, ...varint(length)];
      parts.push(Uint8Array.from(head));
      length += head.length;
    }
  }
  return field(7, joined(parts.reverse()));
}

/** A network of one LSTM, whose input is what `input` makes of the graph's, and whose weights are given. */
function lstm(
  build: (sketch: ModelSketch) => { x?: string; w?: string; r?: string },
  H = 2,
): () => Uint8Array {
  return () => {
    const sketch = new ModelSketch();
    sketch.input("x", ["T", "B", 3]);
    const { x = "x", w, r } = build(sketch);
    const weights = [w ?? sketch.weights(1, 4 * H, 3), r ?? sketch.weights(1, 4 * H, H)];
    const [y] = sketch.nodeOf(1, "LSTM", [x, ...weights], { hidden_size: H }, "lstm");
    sketch.output(y);
    return sketch.file();
  };
}

/** Applies a change so many times. */
function times(count: number, from: string, next: (name: string, i: number) => string): string {
  let name = from;
  for (let i = 0; i < count; i++) name = next(name, i);
  return name;
}

const doubled =
  (op: string, count: number, first: (sketch: ModelSketch) => string) => (sketch: ModelSketch) =>
    times(count, first(sketch), (name) => sketch.node(op, [name, name], op === "Concat" ? { axis: 0 } : {}));

const huge = 2 ** 31 - 1;

const models: Record<string, () => Uint8Array> = {
  "4,000,000 nodes of two bytes": () => field(7, repeated([0x0a, 0], 4 * MILLION)),
  "99,999 nodes of two bytes": () => field(7, repeated([0x0a, 0], 99_999)),
  "4,000,000 initializers of two bytes": () => field(7, repeated([0x2a, 0], 4 * MILLION)),
  "99,999 initializers of two bytes": () => field(7, repeated([0x2a, 0], 99_999)),
  "99,999 inputs of two bytes": () => field(7, repeated([0x5a, 0], 99_999)),
  "4,000,000 attributes of two bytes": () => field(7, field(1, repeated([0x2a, 0], 4 * MILLION))),
  "99,999 nodes with one name": () => field(7, repeated([0x0a, 3, 0x12, 1, 0x61], 49_999)),
  "4,000,000 operator sets of two bytes": () => repeated([0x42, 0], 4 * MILLION),
  "4,000,000 integers in a list": () => field(7, field(1, field(5, field(8, repeated([1], 4 * MILLION))))),
  "999,999 integers in a list": () => field(7, field(1, field(5, field(8, repeated([1], 999_999))))),
  "4,000,000 dimensions": () => field(7, field(5, field(1, repeated([1], 4 * MILLION)))),
  "8,000,000 half-size numbers of a byte": () =>
    field(7, field(5, joined([Uint8Array.of(0x10, 10), field(5, repeated([1], 8 * MILLION))]))),
  "100,000 graphs inside one another": () => nestedGraphs(100_000),
  "a name of 32 MB with one wide letter": () =>
    field(7, field(2, joined([utf8.encode("λ"), repeated([0x61], 32 * MILLION)]))),
  "a tensor of 2^50 elements without bytes": lstm((sketch) => ({
    w: sketch.tensor({
      name: "w",
      dataType: DATA_TYPES.FLOAT,
      dims: [2 ** 25, 2 ** 25],
      raw: new Uint8Array(),
    }),
  })),
  "weights of ConstantOfShape": lstm(
    (sketch) => ({
      w: sketch.node("ConstantOfShape", [sketch.integers([1, 4 * 2 ** 15, 3])]),
      r: sketch.node("ConstantOfShape", [sketch.integers([1, 4 * 2 ** 15, 2 ** 15])]),
    }),
    2 ** 15,
  ),
  "weights of a number spread by Expand": lstm(
    (sketch) => ({
      r: sketch.node("Expand", [sketch.floats([], [1]), sketch.integers([1, 2 ** 15, 2 ** 13])]),
    }),
    2 ** 13,
  ),
  "a number tiled 2^31 times": lstm((sketch) => ({
    w: sketch.node("Tile", [sketch.floats([1], [1]), sketch.integers([huge])]),
  })),
  "a Range of 2^31": lstm((sketch) => ({
    x: sketch.node("Add", [
      "x",
      sketch.node(
        "Range",
        [0, huge, 1].map((n) => sketch.integers(n)),
      ),
    ]),
  })),
  "a OneHot of depth 2^31": () => {
    const sketch = new ModelSketch();
    sketch.input("x", ["T", "B"], DATA_TYPES.INT64);
    const hot = sketch.node("OneHot", ["x", sketch.integers(huge), sketch.floats([2], [0, 1])]);
    const [y] = layer(sketch, hot, { op: "LSTM", I: 3, H: 2 });
    sketch.output(y);
    return sketch.file();
  },
  "the input side by side with itself, 60 times": lstm((sketch) => ({
    x: doubled("Concat", 60, () => "x")(sketch),
  })),
  "a weight side by side with itself, 60 times": lstm((sketch) => ({
    w: doubled("Concat", 60, (one) => one.weights(1, 8, 3))(sketch),
  })),
  "a size added to itself, 2,000 times": lstm((sketch) => ({
    x: sketch.node("Expand", ["x", doubled("Add", 2000, (one) => one.node("Shape", ["x"]))(sketch)]),
  })),
  "a size times itself, 2,000 times": lstm((sketch) => ({
    x: sketch.node("Reshape", ["x", doubled("Mul", 2000, (one) => one.node("Shape", ["x"]))(sketch)]),
  })),
  "states side by side with themselves, 40 times": () => {
    const sketch = new ModelSketch();
    sketch.input("x", ["T", "B", 3]);
    const [, h] = layer(sketch, "x", { op: "LSTM", I: 3, H: 2 });
    sketch.output(doubled("Concat", 40, () => h)(sketch));
    return sketch.file();
  },
  "a chain of 20,000 nodes": lstm((sketch) => ({
    x: times(20_000, "x", (name, i) => sketch.node("Identity", [name], {}, `n${i}`)),
  })),
  "a chain of 100,000 nodes": lstm((sketch) => ({
    x: times(100_000, "x", (name, i) => sketch.node("Identity", [name], {}, `n${i}`)),
  })),
  "a constant turned 20,000 times": lstm((sketch) => ({
    w: times(20_000, sketch.weights(1, 8, 3), (name) => sketch.node("Transpose", [name])),
  })),
  "a constant cut by 5,000 nodes, each into 2": lstm((sketch) => ({
    w: times(5000, sketch.weights(1, 8, 3), (name) => {
      const parts = sketch.nodeOf(2, "Split", [name], { axis: 1 });
      return sketch.node("Concat", parts, { axis: 1 });
    }),
  })),
  "10,000 layers with the same weights": () => {
    const sketch = new ModelSketch();
    sketch.input("x", ["T", "B", 2]);
    const weights = [sketch.weights(1, 8, 2), sketch.weights(1, 8, 2)];
    const top = times(10_000, "x", (name) => {
      const [y] = sketch.nodeOf(1, "LSTM", [name, ...weights], { hidden_size: 2 });
      return sketch.node("Squeeze", [y, "axes"]);
    });
    sketch.tensor(integerTensor([1], [1], "axes"));
    sketch.output(top);
    return sketch.file();
  },
  "a large tensor looked at by 2,000 nodes": lstm((sketch) => {
    const zeros = sketch.tensor(floatTensor([MILLION], Array<number>(MILLION).fill(0)));
    return { x: times(2000, "x", (name) => sketch.node("Add", [name, zeros])) };
  }),
};

/** A header of so many members. */
const members = (count: number, member: (i: number) => string): Uint8Array =>
  fileOf(`{${Array.from({ length: count }, (_, i) => member(i)).join()}}`);

const empty = `{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
const flat = `{"dtype":"F32","shape":[0,0],"data_offsets":[0,0]}`;

const headers: Record<string, () => Uint8Array> = {
  "200,000 empty tensors": () => members(200_000, (i) => `"${i}":${empty}`),
  "99,999 empty tensors, and a byte": () =>
    joined([members(99_999, (i) => `"${i}":${empty}`), Uint8Array.of(0)]),
  "99,999 empty weights": () => members(99_999, (i) => `"${i}.weight":${flat}`),
  "99,999 empty recurrent modules": () => members(99_999, (i) => `"${i}.weight_ih_l0":${flat}`),
  "99,999 layers without numbers": () => members(99_999, (i) => `"weight_ih_l${i}":${flat}`),
  "a header of 16 MB of brackets": () =>
    fileOf(joined([utf8.encode(`{"a":`), repeated([0x5b], 16 * MILLION)])),
  "a header of 16 MB of objects": () => fileOf(`{"a":`.repeat(3 * MILLION)),
  "a name of 16 MB of escapes": () => fileOf(`{"${"\\u03bb".repeat(2.6 * MILLION)}":1}`),
  "99,999 texts": () =>
    fileOf(`{"__metadata__":{${Array.from({ length: 99_999 }, (_, i) => `"${i}":""`).join()}}}x`),
  "a header of 2^63 bytes": () => fileOf("{}", [], 2n ** 63n),
  "a tensor of 2^53 bytes": () =>
    fileOf(`{"a":{"dtype":"U8","shape":[${2 ** 53 - 1}],"data_offsets":[0,${2 ** 53 - 1}]}}`),
};

/** A right file whose metadata of the given key is another JSON text. */
function withText(reader: Reader, key: string, text: string): Uint8Array {
  return withHeader(reader.files[0], (header) => {
    const parsed = JSON.parse(header) as { __metadata__: Record<string, string> };
    parsed.__metadata__[key] = text;
    return JSON.stringify(parsed);
  });
}

/** Lists of lists of the same item. */
const lists = (item: string, count: number): string => {
  const list = `[${Array<string>(50_000).fill(item).join()}]`;
  return `[${Array<string>(count / 50_000)
    .fill(list)
    .join()}]`;
};

const networkFiles = readerNamed("loadNetwork");
const checkpoints = readerNamed("resumeTraining");
const sessions = readerNamed("session");

const texts: Record<string, [Reader, () => Uint8Array]> = {
  "a network of 10,000 layers": [
    networkFiles,
    () =>
      withText(networkFiles, "bptt.options", `{"inputSize":1,"hiddenSize":1,"outputSize":1,"layers":10000}`),
  ],
  "a network of 65,536 units": [
    networkFiles,
    () => withText(networkFiles, "bptt.options", `{"inputSize":65536,"hiddenSize":65536,"outputSize":65536}`),
  ],
  "a session of 4,000,000 counts": [
    sessions,
    () =>
      withText(
        sessions,
        "bptt.progress",
        `{"optimizerSteps":[${Array<number>(4 * MILLION)
          .fill(0)
          .join()}]}`,
      ),
  ],
  "a checkpoint of 4,000,000 empty objects": [checkpoints, () => plainText(lists("{}", 4 * MILLION))],
  "a checkpoint of 4,000,000 empty lists": [checkpoints, () => plainText(lists("[]", 4 * MILLION))],
  "a checkpoint of 8,000,000 digits": [checkpoints, () => plainText(lists("0", 8 * MILLION))],
  "a checkpoint of 4,000,000 short texts": [checkpoints, () => plainText(lists(`""`, 4 * MILLION))],
  "a checkpoint of 100,000 lists inside one another": [checkpoints, () => plainText("[".repeat(100_000))],
};

function plainText(text: string): Uint8Array {
  return withText(checkpoints, "bptt.training", text);
}

/** Four letters for a number below 456,976. */
const letters = (i: number): string =>
  [17576, 676, 26, 1].map((unit) => "abcdefghijklmnopqrstuvwxyz"[Math.floor(i / unit) % 26]).join("");

const words: Record<string, () => Uint8Array> = {
  // Words become a map, some 100 bytes each: of many more it is beyond 32 MiB, refused or not.
  "150,000 words, and one again": () =>
    utf8.encode(
      `{"kind":"words","words":[${Array.from({ length: 150_001 }, (_, i) => `"${letters(i % 150_000)}"`).join()}]}`,
    ),
  "16 MB of one letter": () => repeated([0x61], 16 * MILLION),
};

export const hostileFiles: readonly HostileFile[] = [
  ...Object.entries(models).map(([name, make]) => ({ name, make, reader: readerNamed("fromOnnx") })),
  ...readers
    .filter(({ name }) => !name.includes("Onnx") && !name.includes("Vocabulary"))
    .flatMap((reader) => Object.entries(headers).map(([name, make]) => ({ name, make, reader }))),
  ...Object.entries(texts).map(([name, [reader, make]]) => ({ name, make, reader })),
  ...Object.entries(words).map(([name, make]) => ({ name, make, reader: readerNamed("loadVocabulary") })),
];
