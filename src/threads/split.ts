/** How the work of kernels is divided: always by what they write, never by what they sum up, so that the bits stay. */

import { signatures } from "../wasm/generated/signatures.js";
import type { Kernels } from "../wasm/kernels.js";
import { transposedScratch } from "../wasm/product-sizes.js";
import { countParts, countRounds, cut, ELEMENT, type Crew } from "./cost.js";
import type { KernelName, Part } from "./team.js";

/** Rows of a register tile in any build divide it: a part that begins elsewhere leaves a remainder more. */
const TILE = 12;
/** Columns of a panel in any build divide it. */
const PANEL = 16;

/** What is divided among threads; parts of a round are made side by side, rounds one after another. */
export type Rounds = readonly (readonly Part[])[];

/** Divides a call among the crew; one round of one part: it is not worth it. */
export type Split = (args: Part, crew: Crew) => Rounds;

/** A kernel's arguments by name. */
class Call {
  private readonly places: ReadonlyMap<string, number>;
  readonly args: Part;

  constructor(places: ReadonlyMap<string, number>, args: Part) {
    this.places = places;
    this.args = args;
  }

  of(name: string): number {
    return Number(this.args[this.place(name)]);
  }

  /** Returns the arguments with others in their places. */
  with(others: Readonly<Record<string, number>>): Part {
    const args = [...this.args];
    for (const [name, value] of Object.entries(others)) args[this.place(name)] = value;
    return args;
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  private place(name: string): number {
    const place = this.places.get(name);
    if (place === undefined) throw new TypeError(`a kernel has no parameter ${name}`);
    return place;
  }
}

function placesOf(kernel: KernelName): ReadonlyMap<string, number> {
  const names = signatures[kernel].split(" ").map((name) => name.replace(/^[*?#~!]/, ""));
  return new Map(names.map((name, place) => [name, place]));
}

/** The rows of C, which those of A make; where there are few, its columns, which panels make. */
function splitProduct(call: Call, crew: Crew): Rounds {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const byRows = M >= 2 * crew.threads;
  const size = byRows ? M : N;
  const parts = countParts(operations, crew, byRows ? M : Math.floor(N / PANEL));
  const rounds = parts === 1 ? 1 : countRounds(operations, parts, size, PANEL);
  const [c, a, panels, ldc, lda] = ["c", "a", "panels", "ldc", "lda"].map((name) => call.of(name));
  const bounds = cut(size, parts * rounds, byRows ? TILE : PANEL);
  return inRounds(bounds, parts, (first, count) =>
    byRows
      ? call.with({ c: c + first * ldc * 4, a: a + first * lda * 4, M: count })
      : call.with({ c: c + first * 4, panels: panels + first * K * 4, N: count }),
  );
}

/** The rows of C, which columns of A make; each thread packs B for itself, in scratch of its own. */
function splitTransposed(call: Call, crew: Crew): Rounds {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const parts = countParts(operations, crew, Math.ceil(M / TILE));
  const rounds = parts === 1 ? 1 : countRounds(operations, parts, M, TILE);
  const [c, a, scratch, ldc] = ["c", "a", "scratch", "ldc"].map((name) => call.of(name));
  const room = transposedScratch(N, K) * 4;
  return inRounds(cut(M, parts * rounds, TILE), parts, (first, count, thread) =>
    call.with({ c: c + first * ldc * 4, a: a + first * 4, scratch: scratch + thread * room, M: count }),
  );
}

/** Arguments of time loops that have a row a sequence and step, by how many strides it has; the others have none. */
const rowsOf: Readonly<Record<string, number>> = {
  ...{ h: 1, c: 1, dh: 1, dc: 1, normal: 1, dSums: 1, states: 1, dStates: 1 },
};

/** The sequences, which do not see each other; `strides`: of a row of those arguments that are wider than a state. */
function splitWindow(strides: Readonly<Record<string, number>>, product: number) {
  const widths = Object.entries({ ...rowsOf, ...strides });
  return (call: Call, crew: Crew): Rounds => {
    const [T, B, stride] = [call.of("T"), call.of("B"), call.of("stride")];
    const operations = T * B * stride * (product > 0 ? 2 * product * call.of("units") : ELEMENT);
    const parts = countParts(operations, crew, B);
    if (parts === 1) return [[call.args]];
    const moved = widths.filter(([name]) => call.has(name) && call.of(name) !== 0);
    const bounds = cut(B, parts, 1);
    return inRounds(bounds, parts, (first, count, thread) => {
      const others: Record<string, number> = { B: count, beat: crew.beat(thread) };
      for (const [name, width] of moved) others[name] = call.of(name) + first * width * stride * 4;
      if (call.has("scales")) others["scales"] = call.of("scales") + first * 8 * 4;
      if (call.of("lengths") !== 0) others["lengths"] = call.of("lengths") + first * 4;
      if (call.of("resets") !== 0) others["resets"] = call.of("resets") + first;
      others["held"] = call.of("held") + (first + 2 * thread) * stride * 4;
      return call.with(others);
    });
  };
}

function inRounds(
  bounds: readonly number[],
  parts: number,
  make: (first: number, count: number, thread: number) => Part,
): Rounds {
  const rounds = (bounds.length - 1) / parts;
  return Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: parts }, (__, thread) => {
      const first = bounds[round * parts + thread];
      return make(first, bounds[round * parts + thread + 1] - first, thread);
    }),
  );
}

/** Multiply-adds of a state's element with all others of its row, by the cell's blocks: 0: there are none. */
const windows = {
  elman: splitWindow({}, 1),
  gru: splitWindow({ gates: 4, dGates: 4, products: 3, dProducts: 3 }, 3),
  lstm: splitWindow({ z: 4, dz: 4, products: 4, dProducts: 4 }, 4),
  mingru: splitWindow({ gates: 2, dGates: 2 }, 0),
  minlstm: splitWindow({ gates: 3, dGates: 3 }, 0),
} as const;

const divided: Partial<Record<KernelName, (call: Call, crew: Crew) => Rounds>> = {
  gemm: splitProduct,
  gemmTN: splitTransposed,
  ...Object.fromEntries(
    Object.entries(windows).flatMap(([cell, split]) =>
      ["Forward", "Backward", "Tangent"].map((pass) => [`${cell}${pass}`, split]),
    ),
  ),
};

/** Returns the kernels that threads can share, with how; the others are the caller's. */
export const splits: ReadonlyMap<KernelName, Split> = new Map(
  (Object.keys(divided) as KernelName[]).map((name) => {
    const places = placesOf(name);
    const split = divided[name];
    return [name, (args, crew) => split?.(new Call(places, args), crew) ?? [[args]]] as const;
  }),
);

/** Returns kernels of which those that threads can share are handed to `share`; the others are as they were. */
export function shareKernels(
  kernels: Kernels,
  share: (name: KernelName, split: Split, args: Part) => void,
): Kernels {
  const shared = Object.fromEntries(
    [...splits].map(([name, split]) => [
      name,
      (...args: Part) => {
        share(name, split, args);
      },
    ]),
  );
  return { ...kernels, ...shared };
}
