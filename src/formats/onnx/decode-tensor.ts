/** Decodes tensors, whose values ONNX stores in one of six fields. */

import { describe } from "../../errors.js";
import { DATA_TYPES, type OnnxTensor } from "./messages.js";
import type { WireReader } from "./wire.js";

const MOST_DIMENSIONS = 16;
const NO_BYTES = new Uint8Array();

const { FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, FLOAT16, DOUBLE, UINT32, UINT64, BFLOAT16 } =
  DATA_TYPES;

/** Bytes of an element, by data type. */
export const ELEMENT_BYTES: ReadonlyMap<number, number> = new Map([
  ...[UINT8, INT8, BOOL].map((type) => [type, 1] as const),
  ...[UINT16, INT16, FLOAT16, BFLOAT16].map((type) => [type, 2] as const),
  ...[FLOAT, INT32, UINT32].map((type) => [type, 4] as const),
  ...[INT64, DOUBLE, UINT64].map((type) => [type, 8] as const),
]);

interface ListField {
  readonly name: string;
  readonly types: readonly number[];
  /** Bytes of a number as it is stored; undefined: varints. */
  readonly width?: 4 | 8;
}

/** The fields that list values, by number, with the types of the tensors that may have them. */
const lists: ReadonlyMap<number, ListField> = new Map([
  [4, { name: "float_data", types: [FLOAT], width: 4 }],
  [5, { name: "int32_data", types: [UINT8, INT8, UINT16, INT16, INT32, BOOL, FLOAT16, BFLOAT16] }],
  [7, { name: "int64_data", types: [INT64] }],
  [10, { name: "double_data", types: [DOUBLE], width: 8 }],
  [11, { name: "uint64_data", types: [UINT32, UINT64] }],
]);

/** What the first reading of a tensor finds of its values. */
interface FoundValues {
  raw: Uint8Array | undefined;
  /** The list's field; 0: none. */
  field: number;
  count: number;
  /** The only part of a list of numbers of fixed width, which is as `raw_data` would be. */
  onlyPart: Uint8Array | undefined;
}

function findList(reader: WireReader, list: ListField, found: FoundValues): void {
  if (list.width === undefined) {
    reader.readHalves(() => {
      found.count++;
    });
    return;
  }
  const part = reader.readPacked(list.width);
  found.onlyPart = found.count === 0 ? part : undefined;
  found.count += part.length / list.width;
}

/** Reads the tensor's message again, from `start`, and returns the listed values as `raw_data` would have them. */
function gatherList(
  reader: WireReader,
  start: number,
  field: number,
  count: number,
  width: number,
): Uint8Array {
  const raw = new Uint8Array(count * width);
  const view = new DataView(raw.buffer);
  let at = 0;
  reader.readAgain(start, (again) => {
    if (again !== field) return;
    const stored = lists.get(field)?.width;
    if (stored !== undefined) {
      const part = reader.readPacked(stored);
      raw.set(part, at);
      at += part.length;
      return;
    }
    reader.readHalves((low, high) => {
      if (width === 1) view.setUint8(at, low & 0xff);
      else if (width === 2) view.setUint16(at, low & 0xffff, true);
      else view.setUint32(at, low >>> 0, true);
      if (width === 8) view.setUint32(at + 4, high >>> 0, true);
      at += width;
    });
  });
  return raw;
}

function finishValues(reader: WireReader, start: number, dataType: number, found: FoundValues): Uint8Array {
  const { raw, field, count, onlyPart } = found;
  const list = lists.get(field);
  if (list === undefined) return raw ?? NO_BYTES;
  if (raw !== undefined) reader.fail("a tensor's values once", `raw_data and ${list.name}`);
  const width = ELEMENT_BYTES.get(dataType);
  if (width === undefined || !list.types.includes(dataType))
    reader.fail(`a tensor whose type has its values in ${list.name}`, `type ${dataType}`);
  if (onlyPart !== undefined) return onlyPart;
  // Varints of one byte may become two bytes of a half-size number, and no more unless there are few.
  if (list.width === undefined && width > 2) reader.countNumbers(count);
  return gatherList(reader, start, field, count, width);
}

/** Decodes a tensor that the reader is at. Its values are a view of the file, unless they are stored as other than `raw_data`. */
export function decodeTensor(reader: WireReader): OnnxTensor {
  let name = "";
  let dataType = 0;
  let raw: Uint8Array = NO_BYTES;
  const dims: number[] = [];
  const found: FoundValues = { raw: undefined, field: 0, count: 0, onlyPart: undefined };
  const take = (field: number): void => {
    const list = lists.get(field);
    if (field === 1) {
      reader.readIntegers(dims);
      if (dims.length > MOST_DIMENSIONS) reader.fail(`at most ${MOST_DIMENSIONS} dimensions`, "more");
      const wrong = dims.find((size) => !Number.isSafeInteger(size) || size < 0);
      if (wrong !== undefined) reader.fail("a size from 0 to 2^53", String(wrong));
    } else if (field === 2) dataType = reader.readInteger();
    else if (field === 3) reader.fail("tensors in one piece", "a segment");
    else if (field === 8) name = reader.readText();
    else if (field === 9) found.raw = reader.readView();
    else if (field === 13 || (field === 14 && reader.readInteger() !== 0)) {
      reader.fail(
        "a model saved with its weights inside (onnx.save without save_as_external_data)",
        `tensor ${describe(name)} in another file`,
      );
    } else if (list !== undefined) {
      if (found.field !== 0 && found.field !== field) reader.fail("a tensor's values in one list", "two");
      found.field = field;
      findList(reader, list, found);
    }
  };
  reader.readMessage(take, (start) => {
    raw = finishValues(reader, start, dataType, found);
  });
  return { name, dataType, dims, raw };
}
