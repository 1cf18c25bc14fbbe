/** Holds a network's parameters and their gradients in two ranges of flat memory of the same layout. */

import { describe, requireBoolean, requireLength } from "../../errors.js";
import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { elementAt, sizeOf, vector, type Region, type Shape } from "../../memory/regions.js";
import { readTensor, storedLength, writeTensor } from "./layout.js";
import type { ParameterPlan } from "./plan.js";
import type { Parameter } from "../types.js";

/** Says where a parameter lies; `gradient` has the same offset in its range as `value`. */
export interface ParameterPlace extends ParameterPlan {
  readonly value: Region;
  readonly gradient: Region;
  /** Elements of the value, padding included; the gradient has as many. */
  readonly count: number;
  trainable: boolean;
}

/** Returns the shape in memory; its columns are those of one block. */
function regionOf({ layout: { rows, columns } }: ParameterPlan): Shape {
  const stride = storedLength(columns);
  return { rows: storedLength(rows), columns: columns.size, stride };
}

/** Copies values to be written; throws a TypeError or RangeError unless they are numbers of this shape. */
function requireValues(name: string, values: ArrayLike<number>, shape: readonly number[]): Float32Array {
  const given: unknown = values;
  if (
    typeof given !== "object" ||
    given === null ||
    !("length" in given) ||
    typeof given.length !== "number"
  ) {
    throw new TypeError(`"${name}" expected an array of numbers, got ${describe(given)}`);
  }
  const length = shape.reduce((product, size) => product * size, 1);
  requireLength(name, given.length, length, `[${shape.join(", ")}]`);
  // Each value is read once, by its index: an iterator may give another number of them, a getter others.
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const value: unknown = values[i];
    if (typeof value !== "number")
      throw new TypeError(`"${name}" expected numbers, got ${describe(value)} at ${i}`);
    numbers[i] = value;
  }
  return numbers;
}

export class Parameters {
  /** In PyTorch's order, as `planParameters` gives it. */
  readonly places: readonly ParameterPlace[];
  /** Pointer to all values. */
  readonly values: number;
  /** Pointer to all gradients. */
  readonly gradients: number;
  /** Elements of either range, padding (zeros) included. */
  readonly count: number;
  /** Elements before the head's parameters, padding included. */
  readonly recurrentCount: number;
  /** Rises with every change of a value, which makes everything derived from older values stale. */
  version = 0;

  readonly engine: Engine;
  private readonly byName: ReadonlyMap<string, ParameterPlace>;
  private kept: Float32Array | undefined;

  /** Reserves both ranges, filled with zeros; throws an OutOfMemoryError. */
  constructor(engine: Engine, scope: MemoryScope, plans: readonly ParameterPlan[]) {
    this.engine = engine;
    this.count = plans.reduce((sum, plan) => sum + sizeOf(regionOf(plan)), 0);
    const range = vector(this.count);
    const { regions } = scope.reserve({ values: range, gradients: range });
    this.values = regions.values.pointer;
    this.gradients = regions.gradients.pointer;
    let offset = 0;
    this.places = plans.map((plan) => {
      const shape = regionOf(plan);
      const at = offset * 4;
      const count = sizeOf(shape);
      offset += count;
      const value = { ...shape, pointer: this.values + at };
      const gradient = { ...shape, pointer: this.gradients + at };
      return { ...plan, value, gradient, count, trainable: true };
    });
    this.recurrentCount = this.places.reduce(
      (sum, { name, count }) => (name.startsWith("head.") ? sum : sum + count),
      0,
    );
    this.byName = new Map(this.places.map((place) => [place.name, place]));
  }

  place(name: string): ParameterPlace {
    const place = this.byName.get(name);
    if (place !== undefined) return place;
    const names = this.places.map((other) => other.name).join(", ");
    throw new RangeError(`"name" expected one of ${names}, got ${describe(name)}`);
  }

  readValue({ value, layout }: ParameterPlace): Float32Array {
    return readTensor(this.engine.arena.f32, value, layout);
  }

  readGradient({ gradient, layout }: ParameterPlace): Float32Array {
    return readTensor(this.engine.arena.f32, gradient, layout);
  }

  /** Writes a parameter's values, row-major; there must be as many as its shape has. */
  writeValue({ value, layout }: ParameterPlace, values: ArrayLike<number>): void {
    writeTensor(this.engine.arena.f32, value, layout, values);
    this.version++;
  }

  writeGradient({ gradient, layout }: ParameterPlace, values: ArrayLike<number>): void {
    writeTensor(this.engine.arena.f32, gradient, layout, values);
  }

  /** Returns all gradients as they are, for `restoreGradients`, until it is called again. */
  keepGradients(): Float32Array {
    const start = elementAt(this.gradients);
    this.kept ??= new Float32Array(this.count);
    this.kept.set(this.engine.arena.f32.subarray(start, start + this.count));
    return this.kept;
  }

  restoreGradients(kept: Float32Array): void {
    this.engine.arena.f32.set(kept, elementAt(this.gradients));
  }

  /** Stops or resumes a parameter's training; stopping sets its gradient to 0. */
  setTrainable(place: ParameterPlace, trainable: boolean): void {
    place.trainable = trainable;
    if (!trainable) this.engine.arena.zero(place.gradient);
  }

  /** Returns the ranges of trainable parameters before the head's, in elements; adjacent ones are joined. */
  trainedRanges(): { start: number; count: number }[] {
    const ranges: { start: number; count: number }[] = [];
    let start = 0;
    for (const { name, count, trainable } of this.places) {
      if (name.startsWith("head.")) break;
      const last = ranges.at(-1);
      if (trainable && last !== undefined && last.start + last.count === start) last.count += count;
      else if (trainable) ranges.push({ start, count });
      start += count;
    }
    return ranges;
  }

  /** Returns all values, padding included, for parameters of the same layout; fills `into` if given. */
  readAll(into: Float32Array = new Float32Array(this.count)): Float32Array {
    const start = elementAt(this.values);
    into.set(this.engine.arena.f32.subarray(start, start + this.count));
    return into;
  }

  writeAll(values: Float32Array): void {
    this.engine.arena.f32.set(values, elementAt(this.values));
    this.version++;
  }

  /** Copies values and trainability from the parameters of a network with the same options and engine. */
  copyFrom(from: Parameters): void {
    this.engine.arena.u8.copyWithin(this.values, from.values, from.values + this.count * 4);
    this.places.forEach((place, i) => {
      place.trainable = from.places[i].trainable;
    });
    this.version++;
  }

  zeroGradients(): void {
    this.engine.kernels.zero(this.gradients, this.count);
  }

  scaleGradients(factor: number): void {
    this.engine.kernels.scale(this.gradients, factor, this.count);
  }

  /** Returns all gradients bit for bit, padding included, for parameters of the same layout. */
  readGradients(): Float32Array {
    const start = elementAt(this.gradients);
    return this.engine.arena.f32.slice(start, start + this.count);
  }

  writeGradients(values: Float32Array): void {
    this.engine.arena.f32.set(values, elementAt(this.gradients));
  }
}

/** Implements the public `Parameter`; `alive` throws when the network was disposed of. */
export class NetworkParameter implements Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  private readonly parameters: Parameters;
  private readonly place: ParameterPlace;
  private readonly alive: () => void;

  constructor(parameters: Parameters, place: ParameterPlace, alive: () => void) {
    this.name = place.name;
    this.shape = place.shape;
    this.parameters = parameters;
    this.place = place;
    this.alive = alive;
  }

  read(): Float32Array {
    this.alive();
    return this.parameters.readValue(this.place);
  }

  write(values: ArrayLike<number>): void {
    this.alive();
    this.parameters.writeValue(this.place, requireValues("values", values, this.shape));
  }

  readGradient(): Float32Array {
    this.alive();
    return this.parameters.readGradient(this.place);
  }

  writeGradient(values: ArrayLike<number>): void {
    this.alive();
    const numbers = requireValues("values", values, this.shape);
    if (this.place.trainable) this.parameters.writeGradient(this.place, numbers);
  }

  get trainable(): boolean {
    this.alive();
    return this.place.trainable;
  }

  set trainable(value: boolean) {
    this.alive();
    this.parameters.setTrainable(this.place, requireBoolean("trainable", value));
  }
}
