/** A kernel's call, its arguments by name, and the calls that it is divided into. */

import { signatures } from "../wasm/generated/signatures.js";
import type { KernelName, Part, Round } from "./team.js";

/** Where each parameter stands, by kernel. */
const places = new Map<KernelName, ReadonlyMap<string, number>>();

function placesOf(kernel: KernelName): ReadonlyMap<string, number> {
  const known = places.get(kernel);
  if (known !== undefined) return known;
  const names = signatures[kernel].split(" ").map((name) => name.replace(/^[*?#~!]/, ""));
  const found = new Map(names.map((name, place) => [name, place]));
  places.set(kernel, found);
  return found;
}

/** Returns which argument of the kernel has this name. */
export function placeOf(kernel: KernelName, name: string): number {
  const place = placesOf(kernel).get(name);
  if (place === undefined) throw new TypeError(`kernel ${kernel} has no parameter ${name}`);
  return place;
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

  /** Returns the call as it is made by the calls of these parts; `own`: the argument of which each thread has its own. */
  round(parts: readonly Part[], own?: { readonly name: string; readonly bytes: number }): Round {
    const { kernel } = this;
    return own === undefined
      ? { kernel, parts }
      : { kernel, parts, own: { place: this.place(own.name), bytes: own.bytes } };
  }

  private place(name: string): number {
    return placeOf(this.kernel, name);
  }
}
