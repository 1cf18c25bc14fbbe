/** Takes errors to another thread: they keep their class, message, stack and cause. */

import {
  describe,
  DisposedError,
  DivergenceError,
  FormatError,
  InvalidStateError,
  OutOfMemoryError,
} from "../errors.js";

export interface PackedError {
  /** The nearest class of `classes`, or "DivergenceError", "DOMException", "Error". */
  readonly type: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: PackedError | undefined;
  /** A DivergenceError's. */
  readonly step?: number;
  readonly lastFiniteLoss?: number;
}

type ErrorClass = new (message: string) => Error;

/** The classes that are known, each before those that it extends. */
const classes: readonly (readonly [string, ErrorClass])[] = [
  ["DisposedError", DisposedError],
  ["InvalidStateError", InvalidStateError],
  ["FormatError", FormatError],
  ["OutOfMemoryError", OutOfMemoryError],
  ["TypeError", TypeError],
  ["RangeError", RangeError],
  ["SyntaxError", SyntaxError],
  ["ReferenceError", ReferenceError],
  ["EvalError", EvalError],
  ["URIError", URIError],
];

/** Causes of causes are sent down to this depth. */
const DEEPEST = 8;

function typeOf(error: Error): string {
  if (error instanceof DivergenceError) return "DivergenceError";
  if (error instanceof DOMException) return "DOMException";
  return classes.find(([, type]) => error instanceof type)?.[0] ?? "Error";
}

/** Puts whatever was thrown into a form that can be cloned. */
export function packError(thrown: unknown, depth = 0): PackedError {
  if (!(thrown instanceof Error)) {
    const message = `${describe(thrown)} was thrown, which is no error`;
    return { type: "Error", name: "Error", message, stack: undefined, cause: undefined };
  }
  const { name, message, stack, cause } = thrown;
  return {
    type: typeOf(thrown),
    name,
    message,
    stack,
    cause: cause instanceof Error && depth < DEEPEST ? packError(cause, depth + 1) : undefined,
    ...(thrown instanceof DivergenceError
      ? { step: thrown.step, lastFiniteLoss: thrown.lastFiniteLoss }
      : {}),
  };
}

function construct({ type, name, message, step = 0, lastFiniteLoss = NaN }: PackedError): Error {
  if (type === "DivergenceError") return new DivergenceError(step, lastFiniteLoss, message);
  if (type === "DOMException") return new DOMException(message, name);
  const found = classes.find(([known]) => known === type)?.[1] ?? Error;
  return new found(message);
}

/** Makes an error of the same class, with the stack of where it was thrown. */
export function unpackError(packed: PackedError): Error {
  const error = construct(packed);
  const { message, name, stack } = packed;
  const cause = packed.cause === undefined ? undefined : unpackError(packed.cause);
  for (const [key, value] of Object.entries({ message, name, stack, cause })) {
    // A DOMException has its message and name from its prototype already.
    if (value === undefined || Reflect.get(error, key) === value) continue;
    Object.defineProperty(error, key, { configurable: true, writable: true, enumerable: false, value });
  }
  return error;
}
