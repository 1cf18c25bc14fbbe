/** All that reads files, with files to change and how to see that what was read is whole. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ByteVocabulary } from "../../../src/data/byte-vocabulary.js";
import { CharVocabulary } from "../../../src/data/vocabulary.js";
import { WordVocabulary } from "../../../src/data/word-vocabulary.js";
import { FormatError } from "../../../src/errors.js";
import { loadNetwork, readMetadata, saveNetwork } from "../../../src/formats/network-file.js";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { toPyTorch } from "../../../src/formats/pytorch/to-pytorch.js";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors-file.js";
import { loadVocabulary, saveVocabulary } from "../../../src/formats/vocabulary-text.js";
import { uoro } from "../../../src/learn/rules.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { Network, NetworkOptions } from "../../../src/network/types.js";
import { adam } from "../../../src/optimize/adam.js";
import type { Random } from "../../../src/random.js";
import { onlineSession } from "../../../src/train/online-session.js";
import { resumeTraining } from "../../../src/train/resume-training.js";
import { train } from "../../../src/train/train.js";
import { readExchangeCases } from "../../fixtures/exchange.js";
import { tokenNetwork, tokenWindows } from "../../train/windows.js";
import { changeBytes, mutate, networks, pick } from "../mutations.js";
import { mutateModel } from "../onnx/mutations.js";

export interface Reader {
  readonly name: string;
  /** Its part of all files. */
  readonly share: number;
  /** The least part of its changed files that are read all the same, and that are refused: half of what was found. */
  readonly least: { readonly read: number; readonly refused: number };
  /** Files that are right. */
  readonly files: readonly Uint8Array[];
  readonly change: (random: Random, files: readonly Uint8Array[]) => Uint8Array;
  /** Reads a file and holds what it says to coming back the same; throws, a refusal or another error. */
  readonly read: (file: Uint8Array) => void;
  /** Whether an error is one that this reader's documentation names. */
  readonly refuses: (error: unknown) => boolean;
}

const formatError = (error: unknown): boolean => error instanceof FormatError;

function filesOf(folder: string, end: string, most: number): Uint8Array[] {
  const path = join(import.meta.dirname, "../../fixtures", folder);
  const names = readdirSync(path).filter((name) => name.endsWith(end));
  const files = names.map((name) => new Uint8Array(readFileSync(join(path, name))));
  return files.filter(({ length }) => length <= most);
}

/** Of what a network is, its sizes. */
const sizesOf = ({ parameters }: Network): string =>
  parameters.map(({ name, shape }) => `${name} ${shape.join("×")}`).join();

function requireSame(network: Network, again: Network): void {
  const values = ({ parameters }: Network): Float32Array[] => parameters.map((parameter) => parameter.read());
  const [mine, others] = [values(network), values(again)];
  const same = mine.every((one, i) => Buffer.compare(bytesOf(one), bytesOf(others[i])) === 0);
  if (!same || sizesOf(network) !== sizesOf(again)) throw new Error("it did not come back as it was");
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const metadata = { vocabulary: 'é\n"a', note: "" };

/** A file, or several, of each of the small networks. */
function eachNetwork(
  filesFor: (network: Network) => Uint8Array[],
  more: NetworkOptions[] = [],
): Uint8Array[] {
  return [...networks, ...more].flatMap((options) => {
    using network = createNetwork(options);
    return filesFor(network);
  });
}

const networkFile: Reader = {
  name: "loadNetwork, readMetadata",
  share: 4,
  least: { read: 0.012, refused: 0.4 },
  files: eachNetwork((network) => [
    saveNetwork(network, metadata),
    saveNetwork(network, metadata, { dtype: "F16" }),
  ]),
  change: mutate,
  read(file) {
    const texts = readMetadata(file);
    using network = loadNetwork(file);
    using again = loadNetwork(saveNetwork(network, texts));
    requireSame(network, again);
  },
  refuses: formatError,
};

const stateDicts = [
  ...eachNetwork((network) => [toPyTorch(network, { rnn: "model.lstm", head: "" })]),
  ...readExchangeCases()
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length < 2500),
];

const safetensors: Reader = {
  name: "readSafetensors",
  share: 2,
  least: { read: 0.05, refused: 0.4 },
  files: [...stateDicts, ...networkFile.files],
  change: mutate,
  read(file) {
    const { tensors, metadata } = readSafetensors(file);
    const again = readSafetensors(writeSafetensors(tensors, metadata));
    const bytes = (read: ReadonlyMap<string, { data: Uint8Array }>): string =>
      Array.from(read, ([name, { data }]) => `${name} ${data.join()}`).join();
    if (
      bytes(again.tensors) !== bytes(tensors) ||
      JSON.stringify(again.metadata) !== JSON.stringify(metadata)
    )
      throw new Error("it did not come back as it was");
  },
  refuses: formatError,
};

const wishes: readonly FromPyTorchOptions[] = [
  ...[{}, {}, { head: null }, { embedding: null }, { rnn: "model.lstm", head: "" }],
];

const pytorch: Reader = {
  name: "fromPyTorch",
  share: 4,
  least: { read: 0.03, refused: 0.4 },
  files: stateDicts,
  change: mutate,
  read(file) {
    // Any file with any wish, and the same whenever it is read.
    using network = fromPyTorch(file, wishes[file.reduce((sum, byte) => sum + byte, 0) % wishes.length]);
    const { bidirectional, hiddenSize, outputSize, embeddingSize } = network.options;
    // One weight that could be either has to be asked for.
    const states = (bidirectional ? 2 : 1) * hiddenSize;
    const wish = outputSize === 0 && embeddingSize === states ? { head: null } : {};
    using again = fromPyTorch(toPyTorch(network), wish);
    requireSame(network, again);
  },
  refuses: formatError,
};

const sizes = { inputSize: 3, hiddenSize: 2, outputSize: 3 };

const onnx: Reader = {
  name: "fromOnnx",
  share: 6,
  least: { read: 0.08, refused: 0.4 },
  files: [
    ...filesOf("onnx", ".onnx", 8000),
    ...eachNetwork(
      (network) => [toOnnx(network), toOnnx(network, { softmax: true, input: "tokens" })],
      [
        { ...sizes, cell: "elman-relu", output: "sequence", bidirectional: true },
        { ...sizes, cell: "gru", output: "sequence" },
        { ...sizes, cell: "mingru" }, // refused as it is: a Scan
      ],
    ),
  ],
  change: mutateModel,
  read(file) {
    using network = fromOnnx(file);
    network.forward({ steps: 2, batch: 1, tokens: Int32Array.of(0, 0) });
    using again = fromOnnx(toOnnx(network));
    requireSame(network, again);
  },
  refuses: formatError,
};

const windows = tokenWindows(4);
const training = { optimizer: adam({ learningRate: 0.01 }), epochs: 3 };
const learning = { learner: uoro(), updateEvery: 3, validation: windows, averaging: { decay: 0.5 } };

/** Checkpoints of a training by back-propagation, and of one that learns forwards, averages and validates. */
async function checkpoints(): Promise<Uint8Array[]> {
  return Promise.all(
    [{}, learning].map(async (more) => {
      using network = tokenNetwork();
      const run = train(network, windows, { ...training, ...more, optimizer: adam({ learningRate: 0.01 }) });
      for (let events = 0; events < 5; events++) await run.next();
      return run.save();
    }),
  );
}

const checkpoint: Reader = {
  name: "resumeTraining",
  share: 2,
  least: { read: 0.03, refused: 0.4 },
  files: await checkpoints(),
  change: mutate,
  read(file) {
    const optimizer = adam({ learningRate: 0.01 });
    // The second checkpoint's options; the first's, where they are of that.
    const more = Buffer.from(file.buffer, file.byteOffset, file.length).includes("uoro") ? learning : {};
    const run = resumeTraining(file, windows, { ...training, ...more, optimizer });
    using network = run.network;
    if (run.save().length === 0) throw new Error(`${network.options.cell}: nothing is saved`);
  },
  // It says of options that do not fit a checkpoint's what `train` says.
  refuses: (error) => formatError(error) || error instanceof RangeError,
};

function sessionOf(network: Network) {
  return onlineSession(network, { learner: uoro(), optimizer: adam({ learningRate: 0.01 }), batch: 2 });
}

function savedSession(): Uint8Array {
  using network = tokenNetwork();
  using session = sessionOf(network);
  for (let t = 0; t < 3; t++) session.learn(Int32Array.of(t, 1), Int32Array.of(1, t));
  return session.save();
}

const session: Reader = {
  name: "session.restore",
  share: 1,
  least: { read: 0.04, refused: 0.4 },
  files: [savedSession()],
  change: mutate,
  read(file) {
    using network = tokenNetwork();
    using restored = sessionOf(network);
    restored.restore(file);
    const saved = restored.save();
    restored.restore(saved);
    if (Buffer.compare(restored.save(), saved) !== 0) throw new Error("it did not come back as it was");
  },
  refuses: formatError,
};

const vocabularies = [
  CharVocabulary.from("a quick brown fox\n"),
  new ByteVocabulary(),
  WordVocabulary.fromWords(["the", "quick", "brown", "fox", "<unk>"]),
];

const vocabulary: Reader = {
  name: "loadVocabulary",
  share: 1,
  least: { read: 0.03, refused: 0.4 },
  files: vocabularies.map((one) => new TextEncoder().encode(saveVocabulary(one))),
  change(random, files) {
    let file = pick(random, files);
    for (let changes = 1 + random.integer(2); changes > 0 && file.length > 0; changes--)
      file = changeBytes(file, random);
    return file;
  },
  read(file) {
    // Every byte a character where it is no UTF-8, so that halves of surrogate pairs are rare and not unheard of.
    const text = new TextDecoder().decode(file).replaceAll("\ufffd", "\ud83d");
    const read = loadVocabulary(text);
    if (saveVocabulary(loadVocabulary(saveVocabulary(read))) !== saveVocabulary(read))
      throw new Error("it did not come back as it was");
  },
  refuses: formatError,
};

export const readers: readonly Reader[] = [
  ...[networkFile, safetensors, pytorch, onnx, checkpoint, session, vocabulary],
];

/** Which reader the nth file is for, in turns by their shares. */
export function readerOf(n: number): Reader {
  const turns = readers.flatMap((reader) => Array.from({ length: reader.share }, () => reader));
  return turns[n % turns.length];
}
