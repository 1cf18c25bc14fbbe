/** Runs every kernel on small inputs, to compare the bits that two instances leave; arguments follow from their names. */

import { Random } from "../random.js";
import { CONSTANTS, FIRST_FREE, placeConstants } from "./constants.js";

/**
 * Values of each size, all of which are run. They leave remainders: rows of tiles, half a panel of the widest build, padding
 * past the columns; they fit each other in every kernel, and no tensor of them is larger than a room.
 */
const sizes: Readonly<Record<string, readonly number[] | undefined>> = {
  T: [2],
  B: [9],
  S: [11],
  G: [2],
  H: [8],
  K: [20],
  M: [1, 2, 3, 4, 5, 18],
  N: [88],
  rows: [18],
  columns: [24],
  blank: [7],
  width: [24],
  stride: [40],
  blocks: [2],
  units: [37],
  pass: [0, 1, 2],
  depth: [20],
  count: [216],
  bytes: [864],
  next: [400],
  dStride: [24],
  lda: [96],
  ldb: [96],
  ldc: [96],
  ldTo: [96],
  ldFrom: [96],
  ldTable: [96],
};

/** Bytes of a room; each of a kernel's parameters has the room of its place, for what it points to. */
const ROOM = 16384;
const ROOMS = 20;
/** Bytes from the start of memory that kernels are run on. */
export const EXERCISED = FIRST_FREE + ROOM * ROOMS;

/** Bound of the integers: classes and tokens are all there, and some lengths are past T. */
const INTEGERS = 5;

/** Factor of one number in eleven, so that it is below what kernels keep. */
const TINY = 2.4e-35;

/** Parameters that point to other numbers than those from −1 to 1. */
const integers = ["*tokens", "*classes", "?lengths", "*labels", "*labelLengths"];
const notNegative = ["?weights", "*weights", "*levels", "*v", "?most", "*square", "*sum"];

/** Bytes, every third of which is 1, the others 0. */
const bytes = ["*resets", "?resets"];

/** Parameters that point to float64, half of which may look like a NaN in float32. */
const float64s = ["*variables"];

/** Returns the values that a parameter takes. */
function choicesOf(parameter: string, place: number): readonly number[] {
  const pointer = FIRST_FREE + place * ROOM;
  switch (parameter[0]) {
    case "*":
      return [parameter === "*constants" ? CONSTANTS : pointer];
    case "?":
      return [0, pointer];
    case "~":
      return [1 / (2 + place)];
    case "#":
      return [0x80000000];
    case "!":
      return [0, 1];
  }
  const values = sizes[parameter];
  if (values !== undefined) return values;
  throw new RangeError(
    `a kernel's size expected a name among the sizes of src/wasm/exercise.ts, got "${parameter}": ` +
      `give it a value there, or the type Pointer if it is one`,
  );
}

/** Returns the arguments of each run, by a signature: every choice of one parameter with every choice of the others. */
export function argumentsOf(signature: string): number[][] {
  return signature
    .split(" ")
    .map(choicesOf)
    .reduce<number[][]>((rows, choices) => rows.flatMap((row) => choices.map((one) => [...row, one])), [[]]);
}

/** Makes what lies in the rooms of some parameters fit their names. */
function adaptRooms(signature: string, buffer: ArrayBuffer): void {
  for (const [place, parameter] of signature.split(" ").entries()) {
    const room = [buffer, FIRST_FREE + place * ROOM, ROOM / 4] as const;
    const i32 = new Int32Array(...room);
    const f32 = new Float32Array(...room);
    const u8 = new Uint8Array(buffer, room[1], ROOM);
    if (integers.includes(parameter)) for (let i = 0; i < i32.length; i++) i32[i] = (i32[i] >>> 3) % INTEGERS;
    if (bytes.includes(parameter)) for (let i = 0; i < f32.length * 4; i++) u8[i] = Number(i % 3 === 1);
    if (notNegative.includes(parameter)) for (let i = 0; i < f32.length; i++) f32[i] = Math.abs(f32[i]);
  }
}

/** Returns what lies in the rooms, as the numbers that a kernel of this signature takes them for. */
export function readRooms(signature: string, buffer: ArrayBuffer): (Float32Array | Float64Array)[] {
  const parameters = signature.split(" ");
  return Array.from({ length: ROOMS }, (_, place) => {
    const start = FIRST_FREE + place * ROOM;
    return float64s.includes(parameters[place])
      ? new Float64Array(buffer, start, ROOM / 8)
      : new Float32Array(buffer, start, ROOM / 4);
  });
}

/**
 * Yields the name of a kernel after each of its runs, while `memory` holds what it left, and the number that it returned.
 * Of the memory, at least a mebibyte, the start is overwritten, with the same numbers before each run. `signatures`: the
 * table of the binary's kernels, all of which are run.
 */
export function* exerciseKernels<Name extends string>(
  kernels: Readonly<Record<Name, (...args: never[]) => unknown>>,
  memory: WebAssembly.Memory,
  signatures: Readonly<Record<Name, string>>,
): Generator<Name> {
  const random = new Random(1);
  const numbers = Float32Array.from({ length: EXERCISED / 4 }, (_, i) => {
    return (2 * random.uniform() - 1) * (i % 11 === 0 ? TINY : 1);
  });
  for (const name of Object.keys(signatures) as Name[]) {
    const signature = signatures[name];
    for (const values of argumentsOf(signature)) {
      new Float32Array(memory.buffer).set(numbers);
      placeConstants(memory);
      adaptRooms(signature, memory.buffer);
      const result: unknown = Reflect.apply(kernels[name], undefined, values);
      if (typeof result === "number") new Float64Array(memory.buffer)[0] = result;
      yield name;
    }
  }
}
