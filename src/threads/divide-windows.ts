/** How cells' time loops are divided: by sequences, which do not see each other, or, where there are few, by units of a step. */

import { Call, placeOf } from "./call.js";
import { countParts, countStepParts, cut, ELEMENT, type Crew } from "./cost.js";
import { divideProduct } from "./divide-products.js";
import type { KernelName, Part, Round } from "./team.js";

/** Where a step's recurrent product goes: which argument, and of a row of it, in strides, its width, where the product begins and its width. */
interface Recurrent {
  readonly into: "h" | "gates" | "z";
  readonly row: number;
  readonly begin: number;
  readonly blocks: number;
}

/** What the division of a cell's loops has to know. */
export interface WindowShape {
  /** Strides of a row a sequence and step, of those arguments that have one. */
  readonly rows: Readonly<Record<string, number>>;
  /** Undefined: units do not see each other. */
  readonly recurrent?: Recurrent;
}

const STATES = { h: 1, c: 1, dh: 1, dc: 1 } as const;

export const windowShapes = {
  elman: {
    rows: { ...STATES, normal: 1, dSums: 1 },
    recurrent: { into: "h", row: 1, begin: 0, blocks: 1 },
  },
  gru: {
    rows: { ...STATES, gates: 4, dGates: 4, products: 3, dProducts: 3 },
    recurrent: { into: "gates", row: 4, begin: 1, blocks: 3 },
  },
  lstm: {
    rows: { ...STATES, z: 4, dz: 4, products: 4, dProducts: 4, states: 1, dStates: 1 },
    recurrent: { into: "z", row: 4, begin: 0, blocks: 4 },
  },
  mingru: { rows: { ...STATES, gates: 2, dGates: 2 } },
  minlstm: { rows: { ...STATES, gates: 3, dGates: 3 } },
} as const satisfies Readonly<Record<string, WindowShape>>;

/** Returns what counts the operations of a cell's loop. */
export function windowOperations(kernel: KernelName, { recurrent }: WindowShape): (args: Part) => number {
  const [T, B, stride] = ["T", "B", "stride"].map((name) => placeOf(kernel, name));
  const elements = (args: Part): number => Number(args[T]) * Number(args[B]) * Number(args[stride]);
  if (recurrent === undefined) return (args) => ELEMENT * elements(args);
  const { blocks } = recurrent;
  const units = placeOf(kernel, "units");
  return (args) => 2 * blocks * Number(args[units]) * elements(args);
}

/** Sequences below which a part's products have too few rows to be fast. */
const FEW = 16;

/** Returns the arguments for `B` sequences from the `first` on. */
function ofSequences(call: Call, { rows }: WindowShape, first: number, B: number): Record<string, number> {
  const stride = call.of("stride");
  const moved: Record<string, number> = { B };
  const move = (name: string, bytes: number): void => {
    if (call.has(name) && call.of(name) !== 0) moved[name] = call.of(name) + first * bytes;
  };
  for (const [name, strides] of Object.entries(rows)) move(name, strides * stride * 4);
  move("scales", 8 * 4);
  move("lengths", 4);
  move("resets", 1);
  return moved;
}

/** Divides the sequences. */
function divideSequences(call: Call, shape: WindowShape, crew: Crew): Round[] {
  const [T, B, stride] = [call.of("T"), call.of("B"), call.of("stride")];
  const { recurrent } = shape;
  const each = recurrent === undefined ? ELEMENT : 2 * recurrent.blocks * call.of("units");
  const parts = countParts(T * B * stride * each, crew, B, B / FEW / crew.threads);
  if (parts === 1) return call.whole();
  const made = cut(B, parts, 1).map(([first, count], part) =>
    call.with({
      ...ofSequences(call, shape, first, count),
      // What a part holds aside has two rows more than it has sequences.
      held: call.of("held") + (first + 2 * part) * stride * 4,
      beat: crew.beat(part),
    }),
  );
  return [call.round(made)];
}

/** Divides each step's recurrent product by its columns; the caller does the rest of the step. */
function* divideSteps(call: Call, { rows }: WindowShape, recurrent: Recurrent, crew: Crew): Iterable<Round> {
  const [T, B, S, K, stride] = [call.of("T"), call.of("B"), call.of("S"), call.of("K"), call.of("stride")];
  const reverse = call.of("reverse") !== 0;
  const { into, row, begin, blocks } = recurrent;
  const slot = S * stride * 4;
  for (let i = 0; i < T; i++) {
    const t = reverse ? T - 1 - i : i;
    // Of the states the product goes to the slot that the step arrives at.
    const to = into === "h" ? (reverse ? t : t + 1) : t;
    const c = call.of(into) + to * row * slot + begin * stride * 4;
    const a = call.of("h") + (reverse ? t + 1 : t) * slot;
    const product = [c, a, call.of("recurrent"), B, blocks * stride, K, row * stride, stride, true];
    const moved: Record<string, number> = { T: 1, K: 0 };
    for (const [name, strides] of Object.entries(rows))
      if (call.has(name)) moved[name] = call.of(name) + t * strides * slot;
    yield* divideProduct(new Call("gemm", product), crew);
    yield { kernel: call.kernel, parts: [call.with(moved)] };
  }
}

/** Divides a loop forward. */
export function divideForward(shape: WindowShape): (call: Call, crew: Crew) => Iterable<Round> {
  return (call, crew) => {
    const { recurrent } = shape;
    const B = call.of("B");
    const plain = call.of("lengths") === 0 && call.of("resets") === 0;
    if (recurrent !== undefined && plain && B < 2 * crew.threads && call.of("gain") === 0) {
      const operations = 2 * B * recurrent.blocks * call.of("stride") * call.of("K");
      // Each thread then reads its part of the weights, and not all of them.
      if (countStepParts(operations, crew, crew.threads) > 1)
        return divideSteps(call, shape, recurrent, crew);
    }
    return divideSequences(call, shape, crew);
  };
}

/** Divides a loop backward, or along a tangent. */
export function divideOther(shape: WindowShape): (call: Call, crew: Crew) => Round[] {
  return (call, crew) => divideSequences(call, shape, crew);
}
