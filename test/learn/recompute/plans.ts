/** Windows of every kind and length, some carried, and the stretches of steps that a gradient is to be made of. */

import fc from "fast-check";
import { cellNames } from "../../../src/network/cells/by-name.js";
import type { TrainingWindow } from "../../../src/data/training-data.js";
import type { Cell, Sequence, Target } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { normalizableCells } from "../../network/kinds.js";

/** I = O, and B. */
export const WIDTH = 3;
export const BATCH = 2;

export interface Plan {
  network: { cell: Cell; layers: number; layerNorm: boolean };
  inputs: "tokens" | "values";
  targets: "classes" | "values" | "gradient";
  windows: { steps: number; carry: boolean }[];
}

export const plans = fc.record<Plan>({
  network: fc
    .record({
      cell: fc.constantFrom(...cellNames),
      layers: fc.integer({ min: 1, max: 2 }),
      layerNorm: fc.boolean(),
    })
    .map(({ cell, layers, layerNorm }) => ({
      ...{ cell, layers, layerNorm: layerNorm && normalizableCells.includes(cell) },
    })),
  inputs: fc.constantFrom("tokens", "values"),
  targets: fc.constantFrom("classes", "values", "gradient"),
  windows: fc.array(fc.record({ steps: fc.integer({ min: 1, max: 7 }), carry: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
});

function floats(steps: number, random: Random): Float32Array {
  return Float32Array.from({ length: steps * BATCH * WIDTH }, () => random.normal());
}

function inputsOf(kind: Plan["inputs"], steps: number, random: Random): Sequence {
  const sequence = { steps, batch: BATCH };
  if (kind === "values") return { ...sequence, values: floats(steps, random) };
  return { ...sequence, tokens: Uint8Array.from({ length: steps * BATCH }, () => random.integer(WIDTH)) };
}

function targetsOf(kind: Plan["targets"], steps: number, random: Random): Target {
  if (kind !== "classes") return { [kind]: floats(steps, random) };
  return { classes: Int32Array.from({ length: steps * BATCH }, () => random.integer(WIDTH + 1) - 1) };
}

/** The first carries nothing, whatever the plan says. */
export function windowsOf({ inputs, targets, windows }: Omit<Plan, "network">): TrainingWindow[] {
  const random = new Random(7);
  return windows.map(({ steps, carry }, i) => ({
    inputs: inputsOf(inputs, steps, random),
    targets: targetsOf(targets, steps, random),
    carry: carry && i > 0,
  }));
}

/** Windows of these lengths, one carrying on the other. */
export function carried(
  lengths: readonly number[],
  kinds: Pick<Plan, "inputs" | "targets">,
): TrainingWindow[] {
  return windowsOf({ ...kinds, windows: lengths.map((steps) => ({ steps, carry: true })) });
}

/** Numbers by step, as plain arrays. */
interface Step {
  carry: boolean;
  arrays: Map<string, readonly number[]>;
}

function stepsOf({ inputs, targets, carry = false }: TrainingWindow): Step[] {
  const named = { tokens: inputs.tokens, dense: inputs.values, ...targets };
  return Array.from({ length: inputs.steps }, (_, t) => {
    const arrays = new Map<string, readonly number[]>();
    for (const [name, array] of Object.entries(named)) {
      if (array === undefined) continue;
      const width = array.length / inputs.steps;
      arrays.set(name, Array.from(array).slice(t * width, (t + 1) * width));
    }
    return { carry: carry || t > 0, arrays };
  });
}

function windowOf(steps: readonly Step[]): TrainingWindow {
  const numbers = (name: string): readonly number[] | undefined => {
    const parts = steps.flatMap(({ arrays }) => arrays.get(name) ?? []);
    return parts.length > 0 ? parts : undefined;
  };
  const [tokens, dense, classes] = [numbers("tokens"), numbers("dense"), numbers("classes")];
  const [values, gradient] = [numbers("values"), numbers("gradient")];
  return {
    inputs: {
      steps: steps.length,
      batch: BATCH,
      ...(tokens && { tokens: Int32Array.from(tokens) }),
      ...(dense && { values: Float32Array.from(dense) }),
    },
    targets: {
      ...(classes && { classes: Int32Array.from(classes) }),
      ...(values && { values: Float32Array.from(values) }),
      ...(gradient && { gradient: Float32Array.from(gradient) }),
    },
    carry: steps[0].carry,
  };
}

/** Every run of windows that carry, step by step, in stretches of k1 steps and what is left; put together one by one. */
export function stretchesOf(windows: readonly TrainingWindow[], k1: number): TrainingWindow[] {
  const stretches: Step[][] = [];
  for (const step of windows.flatMap(stepsOf)) {
    const last = stretches.at(-1);
    if (last === undefined || last.length === k1 || !step.carry) stretches.push([step]);
    else last.push(step);
  }
  return stretches.map(windowOf);
}
