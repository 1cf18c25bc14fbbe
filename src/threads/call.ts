/** A kernel's call, its arguments by name, and the calls that it is divided into. */

import { signatures } from "../wasm/generated/signatures.js";
import type { KernelName, Part } from "./team.js";

/** Calls of one kernel that threads make side by side, the first one the caller. */
export interface Round {
  readonly kernel: KernelName;
  readonly parts: readonly Part[];
}

/** Where each parameter stands, by kernel. */
const places = new Map<KernelName, ReadonlyMap<string, number>>();

function placesOf(kernel: KernelName): ReadonlyMap<string, number> {
  const names = signatures[kernel].split(" ").map((name) => name.replace(/^[*?#~!]/, ""));
  const found = places.get(kernel) ?? new Map(names.map((name, place) => [name, place]));
  places.set(kernel, found);
  return found;
}

export class Call {
  readonly kernel: KernelName;
  readonly args: Part;
  private readonly places: ReadonlyMap<string, number>;

  constructor(kernel: KernelName, args: Part) {
    this.kernel = kernel;
    this.args = args;
    this.places = placesOf(kernel);
  }

  has(name: string): boolean {
    return this.places.has(name);
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

  /** Returns the call as it is, of the calling thread alone. */
  whole(): Round[] {
    return [{ kernel: this.kernel, parts: [this.args] }];
  }

  /**
   * Returns rounds of `parts` parts each: of range i, from bounds[i] to bounds[i + 1], `make` gives the arguments; ranges go to threads
   * in turn.
   */
  divide(
    bounds: readonly number[],
    parts: number,
    make: (first: number, count: number, thread: number) => Part,
  ): Round[] {
    return Array.from({ length: (bounds.length - 1) / parts }, (_, round) => ({
      kernel: this.kernel,
      parts: Array.from({ length: parts }, (__, thread) => {
        const first = bounds[round * parts + thread];
        return make(first, bounds[round * parts + thread + 1] - first, thread);
      }),
    }));
  }

  private place(name: string): number {
    const place = this.places.get(name);
    if (place === undefined) throw new TypeError(`kernel ${this.kernel} has no parameter ${name}`);
    return place;
  }
}
