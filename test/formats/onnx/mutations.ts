/** ONNX models that are changed at random: in what their messages say, and in their bytes. */

import { operators } from "../../../src/formats/onnx/operators.js";
import type { Random } from "../../../src/random.js";
import type { OnnxModel } from "../../../src/formats/onnx/messages.js";
import { changeBytes, pick } from "../mutations.js";
import { changeModel } from "./model-mutations.js";
import { encodeProto, protoOf } from "./model-sketch.js";
import { decodeWithOracle } from "./oracle-model.js";
import {
  copyOf,
  copyOfField,
  encodeTree,
  isMessage,
  MODEL,
  treeOf,
  varint,
  type Content,
  type Message,
} from "./wire-tree.js";

/** Whole numbers that sizes, axes and types should not be; -1, and all ones, take ten bytes. */
const integers = [
  ...[0n, 1n, 2n, 3n, 4n, 5n, 7n, 16n, 17n, 64n, 127n, 128n, 255n, 65536n, 100_000n],
  ...[-1n, -2n, -3n, -(2n ** 31n), -(2n ** 53n), -(2n ** 63n)],
  ...[2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n],
];

const words = [
  ...[...operators.keys(), "Scan", "Loop", "If", "Conv", "Mean", "Range", "Relu"],
  ...["axes", "axis", "direction", "hidden_size", "linear_before_reset", "layout", "clip", "perm", "to"],
  ...["value", "starts", "ends", "split", "forward", "reverse", "bidirectional", "Tanh", "Sigmoid"],
  ...["", "\0", "__proto__", "constructor", "ai.onnx", "ai.onnx.ml", "T", "B", "x".repeat(300)],
];

interface Place {
  readonly message: Message;
  readonly index: number;
}

function placesIn(message: Message, places: Place[] = []): Place[] {
  for (const [index, { content }] of message.fields.entries()) {
    places.push({ message, index });
    if (isMessage(content)) placesIn(content, places);
  }
  return places;
}

function integer(random: Random, before: bigint): bigint {
  return random.integer(3) === 0 ? before + BigInt(random.integer(5)) - 2n : pick(random, integers);
}

/** Packed integers, or the bytes of INT64 numbers. */
function manyIntegers(random: Random): Uint8Array {
  const list = Array.from({ length: random.integer(6) }, () => integer(random, 1n));
  if (random.integer(2) === 0) return Uint8Array.from(list.flatMap(varint));
  return new Uint8Array(BigInt64Array.from(list).buffer);
}

/** Another content of the same kind, out of the file or not. */
function changed(random: Random, content: Content, places: readonly Place[]): Content {
  if (typeof content === "bigint") return integer(random, content);
  const { message, index } = pick(random, places);
  const other = message.fields[index].content;
  if (isMessage(content)) return copyOf(isMessage(other) ? other : content);
  switch (random.integer(5)) {
    case 0:
      return new TextEncoder().encode(pick(random, words));
    case 1:
      return manyIntegers(random);
    case 2:
      return content.length > 0 ? changeBytes(content, random) : content;
    case 3:
      return content.subarray(0, random.integer(content.length + 1));
    default:
      return other instanceof Uint8Array ? other : content;
  }
}

/** Changes of one field of the tree. */
const treeMutations: ((random: Random, place: Place, places: readonly Place[]) => void)[] = [
  (random, { message, index }, places) => {
    const { fields } = message;
    fields[index] = { ...fields[index], content: changed(random, fields[index].content, places) };
  },
  (_, { message, index }) => message.fields.splice(index, 1),
  (random, { message: { fields }, index }) =>
    fields.splice(random.integer(fields.length), 0, copyOfField(fields[index])),
  // One that is elsewhere, of another message it may be.
  (random, { message: { fields } }, places) => {
    const { message, index } = pick(random, places);
    fields.splice(random.integer(fields.length + 1), 0, copyOfField(message.fields[index]));
  },
  (random, { message: { fields }, index }) => {
    const other = random.integer(fields.length);
    [fields[index], fields[other]] = [fields[other], fields[index]];
  },
  (random, { message: { fields }, index }) => (fields[index].number = random.integer(21)),
  (random, { message: { fields }, index }) => (fields[index].content = integer(random, 0n)),
];

const trees = new WeakMap<Uint8Array, Message>();

/** The tree of a model, to be changed: most of the time that a change takes would go into reading the same models. */
function freshTree(file: Uint8Array): Message {
  const tree = trees.get(file) ?? treeOf(file, MODEL);
  trees.set(file, tree);
  return copyOf(tree);
}

/** A model changed up to four times in what its messages hold, and now and then in its bytes. */
function mutateMessages(random: Random, given: Uint8Array): Uint8Array {
  let file = given;
  if (random.integer(4) > 0) {
    const tree = freshTree(file);
    for (let changes = 1 + random.integer(4); changes > 0; changes--) {
      const places = placesIn(tree);
      if (places.length === 0) break;
      // Half the time of the first change: what is known to be read.
      const [mutation] = random.integer(2) === 0 ? treeMutations : [pick(random, treeMutations)];
      mutation(random, pick(random, places), places);
    }
    file = encodeTree(tree);
    if (random.integer(8) > 0) return file;
  }
  for (let changes = 1 + random.integer(2); changes > 0 && file.length > 0; changes--)
    file = changeBytes(file, random);
  return file;
}

const decoded = new WeakMap<Uint8Array, OnnxModel>();

/** A model changed up to three times in what it means: a file that is well-formed. */
function mutateMeaning(random: Random, file: Uint8Array): Uint8Array {
  let model = decoded.get(file) ?? decodeWithOracle(file);
  decoded.set(file, model);
  for (let changes = 1 + random.integer(3); changes > 0; changes--) model = changeModel(model, random);
  return encodeProto(protoOf(model));
}

/** One of the models, changed in one of these ways. */
export function mutateModel(random: Random, from: readonly Uint8Array[]): Uint8Array {
  const mutate = random.integer(3) === 0 ? mutateMeaning : mutateMessages;
  return mutate(random, pick(random, from));
}
