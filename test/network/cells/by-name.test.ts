/// <reference types="vite/types/importMeta.d.ts" />

import { describe, expect, it } from "vitest";
import { activationsOf } from "../../../src/network/cells/activations.js";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { isDiagonal } from "../../../src/network/cells/cell.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { cellFiles, cells as oracleCells } from "../../oracle/cells/by-name.js";
import { drawSequence, drawTarget } from "../drawn.js";

const ownTests = Object.keys(import.meta.glob("../../assembly/*.test.ts"));
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe.each(cellNames)("the cell %s", (name) => {
  const cell = cells[name];
  const letters = cell.gates.map(({ letter }) => letter);

  it("has an oracle that is built alike", () => {
    const { gates, recurs, keepsC } = oracleCells[name];
    expect(gates).toBe(cell.gates.length);
    expect(recurs).toBe(!isDiagonal(cell));
    expect(keepsC).toBe(cell.hasCellState);
  });

  it("has a test of its kernels", () => {
    expect(ownTests).toContain(`../../assembly/${cellFiles[name]}.test.ts`);
  });

  it("has gates whose blocks are the first ones, and its recurrent product's the last ones", () => {
    const { gates, recurrentOrder, blocks, forgetGate = 0 } = cell;
    expect(sorted(gates.map(({ block }) => block))).toEqual(range(gates.length));
    expect(sorted(recurrentOrder)).toEqual(range(recurrentOrder.length));
    expect(blocks).toBeGreaterThanOrEqual(Math.max(gates.length, recurrentOrder.length));
    expect(blocks).toBeLessThanOrEqual(gates.length + recurrentOrder.length);
    expect(forgetGate).toBeLessThan(gates.length);
    const { z, c } = cell.plan(2, 3, 8, true);
    expect([0, blocks * 8]).toContain(z.columns);
    expect(c.rows > 0).toBe(cell.hasCellState);
  });

  it("has a name of its own for everything, and words for people", () => {
    const states = cell.hasCellState ? ["h", "c"] : ["h"];
    const names = [...states, ...letters, "dh", ...letters.map((letter) => `d${letter}`)];
    expect(new Set(names).size).toBe(names.length);
    for (const { name: state } of cell.squashedStates) expect(states).toContain(state);
    for (const { meaning } of [...cell.gates, ...cell.squashedStates]) expect(meaning).toMatch(/^\S.*\S$/);
    expect(cell.about).toMatch(/^\S.*\S$/);
  });

  it("has bounds of what saturates", () => {
    const activations = activationsOf(cell);
    expect(activations.length).toBeGreaterThan(0);
    for (const { low, high } of activations) expect(low).toBeLessThan(high);
  });

  it.each(builds)("learns from a sequence, and takes steps, %s build", (build) => {
    const widths = { inputSize: 4, hiddenSize: 3, outputSize: 2 };
    const sizes = { ...widths, steps: 5, batch: 2 };
    using network = createNetwork({ ...widths, cell: name }, { build });
    const random = new Random(1);
    const { values = new Float32Array(0) } = drawSequence(random, "values", sizes);
    const { outputs, state } = network.forward({ steps: sizes.steps, batch: sizes.batch, values });
    const { loss } = network.backward(drawTarget(random, "classes", sizes));
    expect(loss).toBeGreaterThan(0);
    for (const parameter of network.parameters)
      expect(Math.max(...parameter.readGradient().map(Math.abs)), parameter.name).toBeGreaterThan(0);

    using session = network.session({ batch: sizes.batch });
    const steps = range(sizes.steps).map((t) => session.step(values.slice(8 * t, 8 * (t + 1))));
    expect(steps.flatMap((step) => [...step])).toEqual([...outputs]);
    expect(session.state).toEqual(state);
  });
});
