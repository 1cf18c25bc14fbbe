import { describe, expect, it } from "vitest";
import {
  matrix,
  readRegion,
  roundUp,
  rowsOf,
  sizeOf,
  vector,
  writeRegion,
  type Region,
} from "../../src/memory/regions.js";

describe("shapes", () => {
  it.each([
    [0, 8, 0],
    [1, 8, 8],
    [8, 8, 8],
    [9, 4, 12],
    [2 ** 32 - 63, 64, 2 ** 32],
  ])("roundUp(%i, %i) is %i", (n, step, rounded) => {
    expect(roundUp(n, step)).toBe(rounded);
  });

  it.each([
    [0, 5, 8],
    [3, 0, 0],
    [3, 1, 8],
    [3, 8, 8],
    [3, 65, 72],
  ])("matrix(%i, %i) has a stride of %i", (rows, columns, stride) => {
    expect(matrix(rows, columns)).toEqual({ rows, columns, stride });
    expect(sizeOf(matrix(rows, columns))).toBe(rows * stride);
    expect(vector(columns)).toEqual({ rows: 1, columns, stride });
  });

  it("rowsOf is some of the rows, where they are", () => {
    const region = { ...matrix(5, 3), pointer: 640 };
    expect(rowsOf(region, 2, 3)).toEqual({ rows: 3, columns: 3, stride: 8, pointer: 640 + 2 * 32 });
    expect(rowsOf(region, 0, 0).rows).toBe(0);
  });
});

describe.each([1, 3, 8, 17])("a region of 4 rows and %i columns", (columns) => {
  const values = Float32Array.from({ length: 4 * columns }, (_, i) => i + 1);
  const region: Region = { ...matrix(4, columns), pointer: 64 };
  const [start, end] = [16, 16 + sizeOf(region)];

  it("takes values row by row; the padding and what is around it stay", () => {
    const memory = new Float32Array(end + 16).fill(-1);
    writeRegion(memory, region, values);
    for (let i = 0; i < memory.length; i++) {
      const [row, column] = [Math.floor((i - start) / region.stride), (i - start) % region.stride];
      const within = i >= start && i < end && column < columns;
      expect(memory[i]).toBe(within ? values[row * columns + column] : -1);
    }
    expect(readRegion(memory, region)).toEqual(values);
  });

  it("takes any list, and integers", () => {
    const memory = new Int32Array(end);
    writeRegion(memory, region, [...values]);
    expect(readRegion(new Float32Array(memory), region)).toEqual(values);
  });

  it("is read into the start of a longer array, which is returned, or into a new one each time", () => {
    const memory = new Float32Array(end);
    writeRegion(memory, region, values);
    const out = new Float32Array(values.length + 2).fill(-1);
    expect(readRegion(memory, region, out)).toBe(out);
    expect([...out]).toEqual([...values, -1, -1]);
    const [one, two] = [readRegion(memory, region), readRegion(memory, region)];
    memory.fill(0);
    expect(one).toEqual(values);
    expect(one.buffer).not.toBe(two.buffer);
  });
});
