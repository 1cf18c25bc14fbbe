/** The library as a program without types meets it, and the values such programs pass. */

/** Calls a method by name, with any arguments. */
export function invoke(target: object, method: string, ...given: readonly unknown[]): unknown {
  const found: unknown = Reflect.get(target, method);
  if (typeof found !== "function") throw new Error(`there is no method ${method}`);
  return Reflect.apply(found, target, given);
}

/** An array whose memory went elsewhere. */
export function detached<Array extends ArrayBufferView<ArrayBuffer>>(array: Array): Array {
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

function prototypeOf(value: object): object | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === "object" ? prototype : null;
}

/** The array, now of a subclass that has these members for its own. */
export function subclassed<Array extends ArrayBufferView>(array: Array, members: object): Array {
  Object.setPrototypeOf(members, prototypeOf(array));
  Object.setPrototypeOf(array, members);
  return array;
}

/** The array, which now says that it has another length. */
export function misstated<Array extends ArrayBufferView>(array: Array, length: number): Array {
  return subclassed(array, { length });
}

/** Instances of a typed array without being one. */
export function impostors(array: object): unknown[] {
  return [new Proxy(array, {}), Object.create(prototypeOf(array))];
}

/** Anything at all that is not an object of options. */
export const noObjects: readonly unknown[] = [
  null,
  0,
  NaN,
  "text",
  true,
  1n,
  Symbol("s"),
  () => 0,
  [],
  new Float32Array(1),
];

/** Anything at all that is not a number. */
export const noNumbers: readonly unknown[] = [undefined, null, "2", true, 1n, Symbol("s"), {}, [2], () => 2];

export const noBooleans: readonly unknown[] = [null, 0, 1, "true", NaN, {}, []];
