/** Protobuf messages as trees of fields, apart from the code that is tested: what they hold may be changed, lengths follow. */

/** The fields of a message whose values are messages, with what is in those. */
export interface Grammar {
  readonly [field: number]: Grammar;
}

const tensor: Grammar = {};
const shape: Grammar = { 1: {} };
const value: Grammar = { 2: { 1: { 2: shape } } };
/** Graphs in attributes of nodes of graphs are kept as bytes. */
const node: Grammar = { 5: { 5: tensor, 6: {} } };

/** ModelProto's. */
export const MODEL: Grammar = { 7: { 1: node, 5: tensor, 11: value, 12: value }, 8: {} };

export type Content = bigint | Uint8Array | Message;

export interface Field {
  number: number;
  /** 0: a varint, 1: eight bytes, 2: bytes or a message, 5: four bytes. */
  wire: number;
  content: Content;
}

export interface Message {
  readonly grammar: Grammar;
  readonly fields: Field[];
}

export function isMessage(content: Content): content is Message {
  return typeof content === "object" && "fields" in content;
}

/** Seven bits a byte, the lowest first. */
export function varint(value: bigint | number): number[] {
  if (typeof value === "number") {
    if (value < 128) return [value];
    return [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  }
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}

/** Reads a message of a file that is right; throws for others. */
export function treeOf(bytes: Uint8Array, grammar: Grammar): Message {
  let at = 0;
  const next = (): bigint => {
    let [read, shift] = [0n, 0n];
    for (; bytes[at] >= 0x80; shift += 7n) read |= BigInt(bytes[at++] & 0x7f) << shift;
    if (at >= bytes.length) throw new RangeError("a varint without an end");
    return read | (BigInt(bytes[at++]) << shift);
  };
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > bytes.length) throw new RangeError("a field without an end");
    return bytes.subarray(at - length, at);
  };
  const fields: Field[] = [];
  while (at < bytes.length) {
    const tag = Number(next());
    const [number, wire] = [tag >>> 3, tag & 7];
    if (wire === 0) fields.push({ number, wire, content: next() });
    else {
      const content = take(wire === 1 ? 8 : wire === 5 ? 4 : Number(next()));
      const inner = wire === 2 && number in grammar ? grammar[number] : undefined;
      fields.push({ number, wire, content: inner === undefined ? content : treeOf(content, inner) });
    }
  }
  return { grammar, fields };
}

function append(to: number[], bytes: ArrayLike<number>): void {
  for (let i = 0; i < bytes.length; i++) to.push(bytes[i]);
}

function encodeFields({ fields }: Message): number[] {
  const bytes: number[] = [];
  for (const { number, wire, content } of fields) {
    append(bytes, varint(number * 8 + wire));
    if (typeof content === "bigint") append(bytes, varint(content));
    else {
      const inner = isMessage(content) ? encodeFields(content) : content;
      if (wire === 2) append(bytes, varint(inner.length));
      append(bytes, inner);
    }
  }
  return bytes;
}

export function encodeTree(message: Message): Uint8Array {
  return Uint8Array.from(encodeFields(message));
}

/** A copy with nothing in common, which may be put into what it was copied from. */
export function copyOf({ grammar, fields }: Message): Message {
  return { grammar, fields: fields.map(copyOfField) };
}

export function copyOfField(field: Field): Field {
  return { ...field, content: isMessage(field.content) ? copyOf(field.content) : field.content };
}
