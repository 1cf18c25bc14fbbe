/**
 * Readies arguments for another thread: each array is copied once, into a buffer of its own, which is then transferred. A
 * clone would copy the whole buffer that an array is a part of.
 */

import { describe, requireKnown, requireObject } from "../errors.js";
import { describeLoss } from "./descriptions.js";
import type { Fields, Packed } from "./fields.js";

/** How a field goes, when the tables of `fields` are read: see there. */
type Way = "value" | "apart" | "here" | "loss" | Table;
interface Table {
  readonly [field: string]: Way;
}

const arrayTypes = [
  Float32Array,
  Int32Array,
  Uint16Array,
  Uint8Array,
  Float64Array,
  Uint32Array,
  Int16Array,
  Int8Array,
  Uint8ClampedArray,
];

/** Packs the arguments of one message, with the buffers to transfer. The caller's arrays stay as they are. */
export class Parcel {
  readonly transfer: ArrayBuffer[] = [];

  /**
   * Packs a value as it is, or, of an object, what the table of its fields says (`fields`); arrays are copied. What is no
   * object goes as it is, for the other side to refuse. Throws a TypeError for a function, which it names by its path,
   * `sequence.steps`.
   */
  pack<Value>(name: string, value: Value): Value;
  pack<Value, Known extends Fields<NonNullable<Value>>>(
    name: string,
    value: Value,
    table: Known,
  ): Packed<Value, Known>;
  pack(name: string, value: unknown, table: Way = "value"): unknown {
    return this.packed(name, value, table);
  }

  /** Packs options by the table of their fields. Throws a TypeError for no object, and an option that does not exist. */
  packOptions<Options extends object | undefined, Known extends Fields<NonNullable<Options>>>(
    options: Options,
    table: Known,
  ): Packed<Options, Known> {
    if (options !== undefined)
      requireKnown("options", requireObject<object>("options", options), Object.keys(table));
    return this.pack("options", options, table);
  }

  private packed(name: string, value: unknown, way: Way): unknown {
    if (way === "loss") return value === undefined ? value : describeLoss(value);
    if (typeof value === "function" || typeof value === "symbol")
      throw new TypeError(`"${name}" expected what can go to a worker, got ${describe(value)}`);
    if (ArrayBuffer.isView(value)) return this.copy(value);
    if (typeof way === "string" || typeof value !== "object" || value === null || Array.isArray(value))
      return value;
    const sent: Record<string, unknown> = {};
    for (const [field, how] of Object.entries(way)) {
      if (how === "apart" || how === "here") continue;
      const packed = this.packed(`${name}.${field}`, Reflect.get(value, field), how);
      if (packed !== undefined) sent[field] = packed;
    }
    return sent;
  }

  /** Copies an array into a buffer of its own, and returns what is no array of numbers as it is. */
  private copy(view: ArrayBufferView): ArrayBufferView {
    const type = arrayTypes.find((one) => view instanceof one);
    if (type === undefined || !(view instanceof type)) return view;
    // A detached array is empty, but cannot be copied.
    const copy = view.byteLength === 0 ? new type(0) : new type(view);
    this.transfer.push(copy.buffer);
    return copy;
  }
}

/** Finds the buffers of a result, which nobody else has: its arrays', and those of its parts. */
export function buffersOf(result: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(result)) {
    const { buffer } = result;
    return buffer instanceof ArrayBuffer && result.byteLength === buffer.byteLength ? [buffer] : [];
  }
  if (typeof result !== "object" || result === null) return [];
  return [...(result instanceof Map ? result.values() : Object.values(result))].flatMap(buffersOf);
}

/** Sends a message, and says in a TypeError what of it cannot be cloned. */
export function sending(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "DataCloneError")) throw error;
    throw new TypeError(`the arguments cannot go to a worker: ${error.message}`, { cause: error });
  }
}
