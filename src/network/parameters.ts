/** A network's parameters and their gradients: two stretches of flat memory of the same layout. */

import { describe, requireBoolean, requireLength } from "../errors.js";
import type { Engine } from "../memory/engine.js";
import type { Holdings } from "../memory/holdings.js";
import {
  matrix,
  readRegion,
  sizeOf,
  vector,
  writeRegion,
  type Region,
  type Shape,
} from "../memory/regions.js";
import type { Parameter } from "./types.js";

/** A parameter's place: `gradient` lies where `value` does, in the other stretch. */
export interface ParameterPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Region;
  readonly gradient: Region;
}

function planOf(shape: readonly number[]): Shape {
  const [rows, columns] = shape;
  return shape.length === 2 ? matrix(rows, columns) : vector(rows);
}

/** Values to be written, checked: as many as the shape says, all numbers. */
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
  for (let i = 0; i < length; i++) {
    const value: unknown = values[i];
    if (typeof value !== "number")
      throw new TypeError(`"${name}" expected numbers, got ${describe(value)} at ${i}`);
  }
  return Float32Array.from(values);
}

export class Parameters {
  /** In order of their names' table. */
  readonly places: readonly ParameterPlace[];
  /** Pointers to all values and to all gradients. */
  readonly values: number;
  readonly gradients: number;
  /** Elements of either stretch, padding (zeros) included. */
  readonly count: number;
  /** Rises with every change of a value: what was derived from older values is stale. */
  version = 0;

  readonly engine: Engine;

  constructor(engine: Engine, holdings: Holdings, shapes: ReadonlyMap<string, readonly number[]>) {
    this.engine = engine;
    const sizes = [...shapes].map(([name, shape]) => ({ name, shape, plan: planOf(shape) }));
    this.count = sizes.reduce((sum, { plan }) => sum + sizeOf(plan), 0);
    const stretch = vector(this.count);
    const { regions } = holdings.reserve({ values: stretch, gradients: stretch });
    this.values = regions.values.pointer;
    this.gradients = regions.gradients.pointer;
    let offset = 0;
    this.places = sizes.map(({ name, shape, plan }) => {
      const at = offset * 4;
      offset += sizeOf(plan);
      return {
        name,
        shape: Object.freeze([...shape]),
        value: { ...plan, pointer: this.values + at },
        gradient: { ...plan, pointer: this.gradients + at },
      };
    });
  }

  place(name: string): ParameterPlace {
    const found = this.places.find((place) => place.name === name);
    if (found !== undefined) return found;
    const names = this.places.map((place) => place.name).join(", ");
    throw new RangeError(`"name" expected one of ${names}, got ${describe(name)}`);
  }

  read(region: Region): Float32Array {
    return readRegion(this.engine.arena.f32, region);
  }

  /** `values` fit the region. */
  writeValue(place: ParameterPlace, values: ArrayLike<number>): void {
    this.write(place.value, values);
    this.version++;
  }

  writeGradient(place: ParameterPlace, values: ArrayLike<number>): void {
    this.write(place.gradient, values);
  }

  /** All values, padding included, as flat memory; for the same layout. */
  readAll(into: Float32Array = new Float32Array(this.count)): Float32Array {
    const start = this.values >>> 2;
    into.set(this.engine.arena.f32.subarray(start, start + this.count));
    return into;
  }

  writeAll(values: Float32Array): void {
    this.engine.arena.f32.set(values, this.values >>> 2);
    this.version++;
  }

  /** From a network of the same layout and memory. */
  copyValues(from: Parameters): void {
    this.engine.arena.u8.copyWithin(this.values, from.values, from.values + this.count * 4);
    this.version++;
  }

  zeroGradients(): void {
    const start = this.gradients >>> 2;
    this.engine.arena.f32.fill(0, start, start + this.count);
  }

  /** The padding is zeroed too: after a gradient of NaN it may not be zeros. */
  private write(region: Region, values: ArrayLike<number>): void {
    const { f32 } = this.engine.arena;
    const start = region.pointer >>> 2;
    if (region.columns < region.stride) f32.fill(0, start, start + sizeOf(region));
    writeRegion(f32, region, values);
  }
}

/** The public face of one parameter; `alive` throws when the network was disposed of. */
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
    return this.parameters.read(this.place.value);
  }

  write(values: ArrayLike<number>): void {
    this.alive();
    this.parameters.writeValue(this.place, requireValues("values", values, this.shape));
  }

  readGradient(): Float32Array {
    this.alive();
    return this.parameters.read(this.place.gradient);
  }

  writeGradient(values: ArrayLike<number>): void {
    this.alive();
    this.parameters.writeGradient(this.place, requireValues("values", values, this.shape));
  }

  get trainable(): boolean {
    this.alive();
    return true;
  }

  set trainable(value: boolean) {
    this.alive();
    if (!requireBoolean("trainable", value)) {
      throw new RangeError(`"trainable" expected true, got false: more is not available in this version`);
    }
  }
}
