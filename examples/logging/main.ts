/**
 * Logs a training as it goes, three ways: as JSON lines, for programs; as CSV, for spreadsheets; and as what TensorBoard reads
 * (`tensorboard --logdir build/logging`). `train` yields an event after each update, and a loop over them is all that it takes.
 */
import { mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { adam, CharVocabulary, cosineSchedule, createNetwork, tokenStream, train } from "bptt";

const updates = Number(process.argv[2] ?? 300);
const folder = process.argv[3] ?? "build/logging";

/** Returns what CRC-32C (Castagnoli) makes of bytes, rotated and shifted as TensorFlow's records want it. */
function maskedChecksum(bytes: Uint8Array): Buffer {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((~crc >>> 15) | (~crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** Returns a record of a TFRecord file: its length and its bytes, each with a checksum. */
function record(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, maskedChecksum(length), bytes, maskedChecksum(bytes)]);
}

/** What an Event is made of in protocol buffers: fields, each behind its number and its kind. */
const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const message = (field: number, x: number[]) => [field * 8 + 2, ...varint(x.length), ...x];
const text = (field: number, words: string) => message(field, [...Buffer.from(words)]);
// In the processor's order of bytes, little-endian nearly everywhere.
const double = (field: number, x: number) => [field * 8 + 1, ...new Uint8Array(Float64Array.of(x).buffer)];
const float = (field: number, x: number) => [field * 8 + 5, ...new Uint8Array(Float32Array.of(x).buffer)];

/** Returns a record of an Event: seconds since 1970, the update, and a number for each name. */
function scalars(seconds: number, step: number, numbers: Record<string, number>): Buffer {
  const values = Object.entries(numbers).map(([name, x]) => message(1, [...text(1, name), ...float(2, x)]));
  return record(Uint8Array.from([...double(1, seconds), 16, ...varint(step), ...message(5, values.flat())]));
}

mkdirSync(folder, { recursive: true });
const seconds = () => Date.now() / 1000;
const open = (name: string) => openSync(join(folder, name), "w");
const [jsonLines, csv, board] = ["log.jsonl", "log.csv", "events.out.tfevents.bptt"].map(open);
writeSync(csv, "step,epoch,loss,gradientNorm,learningRate,validationLoss\n");
writeSync(board, record(Uint8Array.from([...double(1, seconds()), ...text(3, "brain.Event:2")])));

// A network that learns to write this program.
const own = readFileSync(import.meta.filename, "utf8");
const vocabulary = CharVocabulary.from(own);
const [size, tokens] = [vocabulary.size, vocabulary.encode(own)];
const network = createNetwork({ cell: "gru", inputSize: size, hiddenSize: 48, outputSize: size });
const data = tokenStream(tokens.subarray(0, -400), { batch: 4, window: 32 });
const validation = tokenStream(tokens.subarray(-400), { batch: 1, window: 32 });
const schedule = cosineSchedule({ rate: 0.01, steps: updates, warmUp: Math.ceil(updates / 20) });
const options = {
  optimizer: adam(),
  schedule,
  clipNorm: 1,
  maxSteps: updates,
  validation,
  validateEvery: 20,
};
for await (const progress of train(network, data, options)) {
  writeSync(jsonLines, `${JSON.stringify(progress)}\n`);
  if (progress.epochEnd) continue; // Its loss is the epoch's mean.
  const { step, epoch, loss, gradientNorm, learningRate, validationLoss } = progress;
  writeSync(csv, `${[step, epoch, loss, gradientNorm, learningRate, validationLoss ?? ""].join()}\n`);
  writeSync(board, scalars(seconds(), step, { loss, gradientNorm, learningRate }));
  if (validationLoss === undefined) continue;
  writeSync(board, scalars(seconds(), step, { validationLoss }));
  console.log(`update ${step}: held out ${validationLoss.toFixed(3)}`);
}
console.log(`logged in ${folder}`);
