/** Measures memory and speed over a text that is far larger than memory should be, read as a stream of bytes. */
import { readCharVocabulary, readWordVocabulary } from "../src/data/read-vocabulary.js";
import { textStream } from "../src/data/text-stream.js";
import type { TrainingWindow } from "../src/data/training-data.js";
import type { Vocabulary } from "../src/data/vocabulary.js";
import { createNetwork } from "../src/network/create-network.js";
import { adam } from "../src/optimize/adam.js";
import { Random } from "../src/random.js";
import { train } from "../src/train/train.js";
import { fixed, type Section, type Table } from "./report.js";

const MEGABYTE = 1e6;
/** Bytes of a chunk, as `createReadStream` gives them. */
const CHUNK = 65_536;
const MARKS = 10;
/** The most megabytes by which resident memory may be above the first mark's at any other. */
const REQUIRED = 50;
const B = 32;
const T = 64;
const H = 8;

interface Task {
  readonly name: string;
  /** Bytes of the text. */
  readonly length: number;
  readonly vocabulary: Vocabulary;
  /** One window of so many is learned from, so that the whole takes minutes; 0 for none. */
  readonly every: number;
}

interface Mark {
  readonly gigabytes: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
}

const letters = Array.from("etaoinshrdlucmfwypvbgkjqxzéàü");

/** Makes some megabytes of words: the text is of chunks of it, and no file has to hold it. */
function makeStock(): Uint8Array {
  const random = new Random(1);
  const words = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 2 + random.integer(8) }, () => letters[random.integer(letters.length)]).join(""),
  );
  const ends = [" ", " ", " ", " ", ", ", ".\n"];
  const parts: string[] = [];
  for (let i = 0; i < 600_000; i++) {
    // Squared, so that some words are more frequent than others.
    parts.push(words[Math.floor(random.uniform() ** 2 * words.length)], ends[random.integer(ends.length)]);
  }
  return new TextEncoder().encode(parts.join(""));
}

/** Yields the stock again and again, in chunks that end within words and characters, and takes a mark now and then. */
async function* readStock(
  stock: Uint8Array,
  length: number,
  marks: Mark[],
): AsyncGenerator<Uint8Array, void> {
  let next = length / MARKS;
  let at = 0;
  for (let read = 0; read < length;) {
    // A chunk of its own, as a file's are, given when it is asked for.
    const chunk = await Promise.resolve(stock.slice(at, at + CHUNK));
    yield chunk;
    read += chunk.length;
    at = at + CHUNK < stock.length ? at + CHUNK : 0;
    if (read < next) continue;
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    marks.push({ gigabytes: read / 1e9, rss, heapUsed, arrayBuffers });
    console.error(`${fixed(read / 1e9)} GB: ${fixed(rss / MEGABYTE)} MB resident`);
    next += length / MARKS;
  }
}

async function run(task: Task, stock: Uint8Array) {
  const { name, length, vocabulary, every } = task;
  const { size } = vocabulary;
  const marks: Mark[] = [];
  let tokens = 0;
  const windows = textStream(() => readStock(stock, length, marks), vocabulary, { batch: B, window: T });
  async function* counted(taken: number): AsyncGenerator<TrainingWindow, void> {
    let index = 0;
    for await (const window of windows) {
      tokens += B * T;
      if (taken > 0 && index++ % taken === 0) yield window;
    }
  }
  const start = process.cpuUsage();
  const losses: number[] = [];
  if (every === 0) await counted(0).next();
  else {
    using network = createNetwork({ inputSize: size, hiddenSize: H, outputSize: size });
    const data = { [Symbol.asyncIterator]: () => counted(every) };
    for await (const { loss } of train(network, data, { optimizer: adam({ learningRate: 0.01 }) }))
      losses.push(loss);
  }
  const { user, system } = process.cpuUsage(start);
  return {
    name,
    size,
    length,
    marks,
    tokens,
    seconds: (user + system) / 1e6,
    updates: losses.length,
    loss: losses.at(-1) ?? NaN,
  };
}

function tableOf({
  name,
  size,
  length,
  marks,
  tokens,
  seconds,
  updates,
  loss,
}: Awaited<ReturnType<typeof run>>): Table {
  const megabytes = (bytes: number): string => fixed(bytes / MEGABYTE);
  const growth = (Math.max(...marks.map(({ rss }) => rss)) - marks[0].rss) / MEGABYTE;
  const learned =
    updates === 0
      ? "Without training"
      : `With training on one window of ${Math.round(tokens / (B * T) / updates)}, an Elman network of ${H} units, ` +
        `${updates} updates to ${fixed(loss, 2)} nats a token`;
  return {
    title: `A text of ${fixed(length / 1e9)} GB as ${name}, ${size} tokens`,
    columns: ["GB read", "resident, MB", "heap used", "array buffers"],
    rows: marks.map(({ gigabytes, rss, heapUsed, arrayBuffers }) => [
      fixed(gigabytes, 2),
      megabytes(rss),
      megabytes(heapUsed),
      megabytes(arrayBuffers),
    ]),
    notes: [
      `${learned}, in windows of B=${B}, T=${T}: ${fixed(length / MEGABYTE / seconds)} MB and ` +
        `${fixed(tokens / MEGABYTE / seconds, 2)} million tokens a second of the processor's. Resident memory was at most ` +
        `${fixed(growth)} MB${growth > REQUIRED ? " !" : ""} above the first mark's; ${REQUIRED} are allowed.`,
    ],
  };
}

export async function measureTextStream(): Promise<Section> {
  const stock = makeStock();
  const source = (): Uint8Array[] => [stock];
  const runs = [
    await run(
      { name: "characters", length: 2e9, vocabulary: await readCharVocabulary(source), every: 16 },
      stock,
    ),
    await run({ name: "words", length: 5e8, vocabulary: await readWordVocabulary(source), every: 0 }, stock),
  ];
  return { tables: runs.map(tableOf), data: runs };
}
