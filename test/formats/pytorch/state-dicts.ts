/** State dicts by hand. */

import { expect } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { fromPyTorch, type FromPyTorchOptions } from "../../../src/formats/pytorch/from-pytorch.js";
import { writeSafetensors } from "../../../src/formats/safetensors-file.js";
import { engineFor } from "../../../src/memory/engine.js";
import { Random } from "../../../src/random.js";

/** Shapes by names; the type is F32 unless it stands before, as in `"F16 fc.bias"`. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

const WIDTHS: Readonly<Record<string, number>> = { F32: 4, F64: 8, F16: 2, BF16: 2, I64: 8, U8: 1 };

/** A file of tensors of small random numbers; of other types than F32, of zeros. */
export function stateDict(shapes: Shapes): Uint8Array {
  const random = new Random(1);
  const tensors = Object.entries(shapes).map(([key, shape]) => {
    const [, dtype = "F32", name = key] = /^([A-Z]+\d+) (.*)$/s.exec(key) ?? [];
    const count = shape.reduce((product, size) => product * size, 1);
    const data = new Uint8Array(count * (WIDTHS[dtype] ?? 0));
    if (dtype === "F32") new Float32Array(data.buffer).forEach((_, i, all) => (all[i] = random.normal()));
    return [name, { dtype, shape, data }] as const;
  });
  return writeSafetensors(new Map(tensors));
}

/** The tensors of an nn.LSTM that reads 4 numbers and has 10 units, or of another module of one layer. */
export function recurrent(prefix = "lstm.", gates = 4, inputs = 4, units = 10): Shapes {
  return {
    [`${prefix}weight_ih_l0`]: [gates * units, inputs],
    [`${prefix}weight_hh_l0`]: [gates * units, units],
    [`${prefix}bias_ih_l0`]: [gates * units],
    [`${prefix}bias_hh_l0`]: [gates * units],
  };
}

/** An nn.Linear of 2 outputs. */
export const linear = (name = "fc", inputs = 10): Shapes => ({
  [`${name}.weight`]: [2, inputs],
  [`${name}.bias`]: [2],
});

/** The shapes without those of these names. */
export function without(shapes: Shapes, ...names: readonly string[]): Shapes {
  const missing = names.filter((name) => !(name in shapes));
  if (missing.length > 0) throw new Error(`there is no ${missing.join()}`);
  return Object.fromEntries(Object.entries(shapes).filter(([name]) => !names.includes(name)));
}

/** Holds the refusal to its message, and to taking no memory. */
export function expectRefused(shapes: Shapes, options: FromPyTorchOptions, message: RegExp): void {
  const { arena } = engineFor();
  const before = [arena.reserved, arena.u8.length];
  const bytes = stateDict(shapes);
  expect(() => fromPyTorch(bytes, options)).toThrow(FormatError);
  expect(() => fromPyTorch(bytes, options)).toThrow(message);
  expect([arena.reserved, arena.u8.length]).toEqual(before);
}
