import { describe, expect, it } from "vitest";
import { roundUp } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { Guarded, mismatch, rounding } from "./guarded.js";
import { fractions, sizes, transpose } from "./values.js";

/** What came out against what was expected, exactly or within a bound. */
interface Result {
  actual: ArrayLike<number>;
  expected: ArrayLike<number>;
  bound?: ArrayLike<number>;
}

type Matrices = (on: Guarded, random: Random, rows: number, columns: number) => Result;
type Flat = (on: Guarded, random: Random, count: number) => Result;

/** Rows of whole vectors, 8 columns at a time, as most of these kernels take them. */
const padded = (columns: number): number => roundUp(columns, 8);

/** A row of each table's, drawn at random, repeats included. */
function tokens(random: Random, rows: number, tableRows: number): Int32Array {
  return Int32Array.from({ length: rows }, () => random.integer(tableRows));
}

/** Panels of P columns of B[rows, columns] as [depth, P] each, zeros elsewhere. */
function panelsOf(P: number, b: Float32Array, rows: number, columns: number, depth: number): Float32Array {
  const panels = new Float32Array(roundUp(columns, P) * depth);
  for (let k = 0; k < rows; k++) {
    for (let n = 0; n < columns; n++) {
      panels[Math.floor(n / P) * depth * P + k * P + (n % P)] = b[k * columns + n];
    }
  }
  return panels;
}

const onMatrices: Record<string, Matrices> = {
  packRows(on, random, rows, columns) {
    const depth = roundUp(rows, 4) + 4;
    const b = fractions(random, rows * columns);
    const from = on.input("b", rows, columns, b, { stride: padded(columns) + 8, zeros: padded(columns) });
    const panels = on.panels("panels", columns, depth);
    on.engine.kernels.packRows(panels.pointer, from.pointer, rows, padded(columns), from.stride, depth);
    return {
      actual: on.read(panels),
      expected: panelsOf(on.engine.panelColumns, b, rows, columns, depth),
    };
  },

  packColumns(on, random, rows, columns) {
    const depth = roundUp(columns, 4);
    const b = fractions(random, rows * columns);
    const from = on.input("b", rows, columns, b, { stride: padded(columns) + 8, zeros: depth });
    const panels = on.panels("panels", rows, depth);
    on.engine.kernels.packColumns(panels.pointer, from.pointer, rows, depth, from.stride);
    const bT = transpose(b, rows, columns);
    return {
      actual: on.read(panels),
      expected: panelsOf(on.engine.panelColumns, bT, columns, rows, depth),
    };
  },

  "copyRows between strides": (on, random, rows, columns) => {
    const values = fractions(random, rows * columns);
    const from = on.input("from", rows, columns, values, { stride: padded(columns) + 8, zeros: columns });
    const to = on.output("to", rows, columns, { zeros: columns });
    on.engine.kernels.copyRows(to.pointer, from.pointer, rows, columns, to.stride, from.stride);
    return { actual: on.read(to), expected: values };
  },

  "copyRows without padding": (on, random, rows, columns) => {
    const values = fractions(random, rows * columns);
    const from = on.input("from", rows, columns, values, { stride: columns });
    const to = on.output("to", rows, columns, { stride: columns });
    on.engine.kernels.copyRows(to.pointer, from.pointer, rows, columns, to.stride, from.stride);
    return { actual: on.read(to), expected: values };
  },

  zero(on, random, rows, columns) {
    const to = on.output("to", rows, columns, { stride: columns }, fractions(random, rows * columns));
    on.engine.kernels.zero(to.pointer, rows * columns);
    return { actual: on.read(to), expected: new Float32Array(rows * columns) };
  },

  fillRows(on, random, rows, columns) {
    const row = fractions(random, columns);
    const from = on.input("row", 1, columns, row);
    const to = on.output("to", rows, columns);
    on.engine.kernels.fillRows(to.pointer, from.pointer, rows, to.stride);
    return {
      actual: on.read(to),
      expected: Float32Array.from({ length: rows * columns }, (_, i) => row[i % columns]),
    };
  },

  addTransposed(on, random, H, I) {
    const before = fractions(random, H * I);
    const table = fractions(random, I * H);
    const from = on.input("table", I, H, table, { stride: padded(H) + 8, zeros: H });
    const dw = on.output("dw", H, I, { stride: padded(I) + 8, zeros: padded(I) }, before);
    on.engine.kernels.addTransposed(dw.pointer, from.pointer, H, I, dw.stride, from.stride);
    return { actual: on.read(dw), expected: transpose(table, I, H).map((value, i) => value + before[i]) };
  },

  gather(on, random, rows, width) {
    const table = fractions(random, 5 * width);
    const chosen = tokens(random, rows, 5);
    const from = on.input("table", 5, width, table);
    const to = on.output("to", rows, width);
    on.engine.kernels.gather(
      to.pointer,
      from.pointer,
      on.integers("tokens", chosen).pointer,
      rows,
      to.stride,
    );
    const expected = Array.from(chosen).flatMap((token) => [
      ...table.subarray(token * width, (token + 1) * width),
    ]);
    return { actual: on.read(to), expected };
  },

  scatterAdd(on, random, rows, width) {
    const before = fractions(random, 5 * width);
    const values = fractions(random, rows * width);
    const chosen = tokens(random, rows, 5);
    const from = on.input("rows", rows, width, values);
    const table = on.output("table", 5, width, {}, before);
    on.engine.kernels.scatterAdd(
      table.pointer,
      from.pointer,
      on.integers("tokens", chosen).pointer,
      rows,
      table.stride,
    );
    const expected = Float64Array.from(before);
    const magnitude = expected.map(Math.abs);
    values.forEach((value, i) => {
      const at = chosen[Math.floor(i / width)] * width + (i % width);
      expected[at] += value;
      magnitude[at] += Math.abs(value);
    });
    return { actual: on.read(table), expected, bound: magnitude.map((sum) => sum * rounding(rows)) };
  },

  addColumnSums(on, random, rows, width) {
    const before = fractions(random, width);
    const values = fractions(random, rows * width);
    const from = on.input("x", rows, width, values);
    const out = on.output("out", 1, width, {}, before);
    on.engine.kernels.addColumnSums(out.pointer, from.pointer, rows, from.stride);
    const expected = Float64Array.from(before);
    const magnitude = expected.map(Math.abs);
    values.forEach((value, i) => {
      expected[i % width] += value;
      magnitude[i % width] += Math.abs(value);
    });
    return { actual: on.read(out), expected, bound: magnitude.map((sum) => sum * rounding(rows)) };
  },
};

/** One of each kind of number among the others. */
function mixed(random: Random, length: number): Float32Array {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-34, 2 ** -110, -(2 ** -110), 3e38];
  return Float32Array.from(fractions(random, length), (value, i) => special.at(i % 16) ?? value);
}

/** MurmurHash3's finalizer. */
function hash(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Inverted dropout: an element stays where the hash of its number and the key reaches p·2^32. */
function dropped(x: Float32Array, key: number, first: number, p: number): Float32Array {
  const factor = Math.fround(1 / (1 - p));
  return x.map((value, i) => (hash(hash(first + i) ^ key) >= Math.floor(p * 2 ** 32) ? value * factor : 0));
}

const onFlat: Record<string, Flat> = {
  add(on, random, count) {
    const [x, y] = [mixed(random, count), fractions(random, count)];
    const out = on.output("out", 1, count);
    const [from, other] = [on.input("x", 1, count, x), on.input("y", 1, count, y)];
    on.engine.kernels.add(out.pointer, from.pointer, other.pointer, count);
    return { actual: on.read(out), expected: x.map((value, i) => value + y[i]) };
  },

  "add to itself": (on, random, count) => {
    const [x, y] = [fractions(random, count), fractions(random, count)];
    const out = on.output("out", 1, count, {}, x);
    on.engine.kernels.add(out.pointer, out.pointer, on.input("y", 1, count, y).pointer, count);
    return { actual: on.read(out), expected: x.map((value, i) => value + y[i]) };
  },

  flushTiny(on, random, count) {
    const x = mixed(random, count);
    const out = on.output("x", 1, count, {}, x);
    on.engine.kernels.flushTiny(out.pointer, on.engine.constants, count);
    return { actual: on.read(out), expected: x.map((value) => (Math.abs(value) < 2 ** -110 ? 0 : value)) };
  },

  scale(on, random, count) {
    const x = mixed(random, count);
    const out = on.output("x", 1, count, {}, x);
    on.engine.kernels.scale(out.pointer, 0.3, count);
    return { actual: on.read(out), expected: x.map((value) => value * Math.fround(0.3)) };
  },

  clamp(on, random, count) {
    const x = mixed(random, count);
    const out = on.output("x", 1, count, {}, x);
    on.engine.kernels.clamp(out.pointer, 0.25, count);
    return { actual: on.read(out), expected: x.map((value) => Math.min(Math.max(value, -0.25), 0.25)) };
  },

  dropout(on, random, count) {
    const x = mixed(random, count);
    const [key, first] = [random.bits(), random.bits()];
    const from = on.input("from", 1, count, x);
    const to = on.output("to", 1, count);
    on.engine.kernels.dropout(to.pointer, from.pointer, key, first, 0.3 * 2 ** 32, 1 / 0.7, count);
    return { actual: on.read(to), expected: dropped(x, key, first, 0.3) };
  },

  "dropout in place, in two parts": (on, random, count) => {
    const x = mixed(random, count);
    const [key, first] = [random.bits(), 2 ** 32 - 12]; // elements are numbered modulo 2^32
    const { pointer, ...region } = on.output("x", 1, count, {}, x);
    const head = Math.min(8, count);
    const rest = [key, first + head, 0.5 * 2 ** 32, 2, count - head] as const;
    on.engine.kernels.dropout(pointer, pointer, key, first, 0.5 * 2 ** 32, 2, head);
    on.engine.kernels.dropout(pointer + head * 4, pointer + head * 4, ...rest);
    return { actual: on.read({ pointer, ...region }), expected: dropped(x, key, first, 0.5) };
  },

  sumOfSquares(on, random, count) {
    // 1e30² is past float32, 1e-30² below it.
    const x = fractions(random, count).map((value) => value * 10 ** (random.integer(61) - 30));
    const actual = on.engine.kernels.sumOfSquares(on.input("x", 1, count, x).pointer, count);
    const expected = x.reduce((sum, value) => sum + value * value, 0);
    // Two sums of positive float64 numbers, each of count terms, squares of float32 being exact.
    return { actual: [actual], expected: [expected], bound: [expected * 2 * count * 2 ** -53] };
  },
};

const layouts = builds.flatMap((build) => [0, 8].map((offset) => [build, offset] as const));

describe.each(layouts)("%s, tensors %i elements past 64 bytes", (build, offset) => {
  const on = new Guarded(build, offset);

  it.each(Object.entries(onMatrices))("%s", (_name, run) => {
    const random = new Random(3);
    const found = sizes.flatMap((rows) =>
      sizes.flatMap((columns) => {
        const { actual, expected, bound } = run(on, random, rows, columns);
        return [...mismatch(`[${rows}, ${columns}]`, actual, expected, bound), ...on.finish()];
      }),
    );
    expect(found).toEqual([]);
  });

  it.each(Object.entries(onFlat))("%s", (_name, run) => {
    const random = new Random(4);
    const found = [0, 8, 16, 24, 40, 64, 136, 1000].flatMap((count) => {
      const { actual, expected, bound } = run(on, random, count);
      return [...mismatch(`[${count}]`, actual, expected, bound), ...on.finish()];
    });
    expect(found).toEqual([]);
  });

  it.each([
    [NaN, NaN],
    [Infinity, Infinity],
    [-Infinity, Infinity],
    [3e38, Math.fround(3e38) ** 2],
    [2 ** -149, 2 ** -298],
  ])("sumOfSquares of a %d among zeros is %d", (value, expected) => {
    for (let at = 0; at < 8; at++) {
      const x = new Float32Array(8);
      x[at] = value;
      expect(on.engine.kernels.sumOfSquares(on.input("x", 1, 8, x).pointer, 8)).toBe(expected);
      expect(on.finish()).toEqual([]);
    }
  });
});
