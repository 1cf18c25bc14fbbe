/**
 * What goes to another thread without its arrays being cloned there: each is copied once, into a buffer of its own, which is
 * then transferred. A clone would copy the whole buffer that an array is a part of.
 */

import { describe } from "../errors.js";

/** What is read of an argument: the value itself, or the named fields of an object. Whatever else it has stays here. */
export type Shape = "value" | { readonly [field: string]: Shape };

const STATE: Shape = { h: "value", c: "value" };
const SEQUENCE: Shape = {
  steps: "value",
  batch: "value",
  tokens: "value",
  values: "value",
  lengths: "value",
};
const TARGET: Shape = { classes: "value", values: "value", gradient: "value" };

/** The arguments that consist of more than plain data. */
export const shapes = {
  value: "value",
  state: STATE,
  sequence: SEQUENCE,
  target: TARGET,
  window: { inputs: SEQUENCE, targets: TARGET, carry: "value" },
  forwardOptions: { state: STATE, training: "value", keepTape: "value", hidden: "value" },
  backwardOptions: { reduction: "value", stateGradient: STATE, inputGradient: "value" },
  sessionOptions: { batch: "value", state: STATE },
  gradientOptions: {
    state: STATE,
    seed: "value",
    reduction: "value",
    draws: "value",
    losses: "value",
    tolerance: "value",
    beyond: "value",
  },
} as const satisfies Record<string, Shape>;

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

/** The arguments of one message, and the buffers to transfer with it. The caller's arrays stay as they are. */
export class Parcel {
  readonly transfer: ArrayBuffer[] = [];

  /**
   * The value as its shape says, its arrays copied. What is no object where the shape has fields goes as it is, for the other
   * side to refuse. TypeError for a function, whose name may be a path, `sequence.steps`.
   */
  pack<Value>(name: string, value: Value, shape?: Shape): Value;
  pack(name: string, value: unknown, shape: Shape = "value"): unknown {
    if (typeof value === "function" || typeof value === "symbol")
      throw new TypeError(`"${name}" expected what can go to a worker, got ${describe(value)}`);
    if (ArrayBuffer.isView(value)) return this.copy(value);
    if (shape === "value" || typeof value !== "object" || value === null || Array.isArray(value))
      return value;
    const fields = Object.keys(shape).map((field): [string, unknown] => [
      field,
      this.pack(`${name}.${field}`, Reflect.get(value, field), shape[field]),
    ]);
    return Object.fromEntries(fields.filter(([, packed]) => packed !== undefined));
  }

  /** A copy in a buffer of its own, or what is no array of numbers as it is. */
  private copy(view: ArrayBufferView): ArrayBufferView {
    const type = arrayTypes.find((one) => view instanceof one);
    if (type === undefined || !(view instanceof type)) return view;
    // A detached array is empty, but cannot be copied.
    const copy = view.byteLength === 0 ? new type(0) : new type(view);
    this.transfer.push(copy.buffer);
    return copy;
  }
}

/** The buffers of a result, which nobody else has: its arrays', and those of its parts. */
export function buffersOf(result: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(result)) {
    const { buffer } = result;
    return buffer instanceof ArrayBuffer && result.byteLength === buffer.byteLength ? [buffer] : [];
  }
  if (typeof result !== "object" || result === null) return [];
  return [...(result instanceof Map ? result.values() : Object.values(result))].flatMap(buffersOf);
}

/** Sends, and says in a TypeError what cannot be cloned. */
export function sending(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "DataCloneError")) throw error;
    throw new TypeError(`the arguments cannot go to a worker: ${error.message}`, { cause: error });
  }
}
