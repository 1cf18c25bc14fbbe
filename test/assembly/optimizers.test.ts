import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/memory/engine.js";
import type { Region } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { adamStep, rmspropStep } from "../../src/wasm/generated/named-kernels.js";
import { builds } from "../builds.js";
import { Guarded } from "./guarded.js";
import { fractions } from "./values.js";

// Their numbers are tested through the optimizers; here, that they keep to their memory.

type Step = (engine: Engine, w: number, g: number, moments: number[], epsilon: number, count: number) => void;

/** Whether each of the tensors that a step may do without is there. */
function choices(optional: number): boolean[][] {
  return Array.from({ length: 2 ** optional }, (_, bits) =>
    Array.from({ length: optional }, (_, i) => (bits & (1 << i)) !== 0),
  );
}

interface Rule {
  name: string;
  /** Tensors beside w and g: those that are always there, and those whose pointer may be 0, after them. */
  always: number;
  optional: number;
  step: Step;
}

const rules: readonly Rule[] = [
  {
    name: "sgdStep, Nesterov",
    always: 0,
    optional: 1,
    step({ kernels, constants }, w, g, [velocity], _epsilon, count) {
      kernels.sgdStep(w, velocity, g, constants, 0.1, 0.9, 0.1, 0.01, true, false, count);
    },
  },
  {
    name: "sgdStep, the first",
    always: 0,
    optional: 1,
    step({ kernels, constants }, w, g, [velocity], _epsilon, count) {
      kernels.sgdStep(w, velocity, g, constants, 0.1, 0.9, 0.1, 0.01, false, true, count);
    },
  },
  {
    name: "rmspropStep",
    always: 1,
    optional: 2,
    step({ kernels, constants }, w, g, [square, mean, velocity], epsilon, count) {
      const scalars = { rate: 0.1, alpha: 0.9, fresh: 0.1, epsilon, momentum: 0.9, decay: 0.01 };
      rmspropStep(kernels, { w, square, mean, velocity, g, constants, ...scalars, count });
    },
  },
  {
    name: "adagradStep",
    always: 1,
    optional: 0,
    step({ kernels, constants }, w, g, [sum], epsilon, count) {
      kernels.adagradStep(w, sum, g, constants, 0.1, epsilon, 0.01, count);
    },
  },
  {
    name: "adamStep",
    always: 2,
    optional: 1,
    step({ kernels, constants }, w, g, [m, v, most], epsilon, count) {
      const means = { beta1: 0.9, fresh1: 0.1, beta2: 0.99, fresh2: 0.01 };
      const scalars = { rate: 0.1, epsilon, correction: 1.2, keep: 0.999, decay: 0.01 };
      adamStep(kernels, { w, m, v, most, g, constants, ...means, ...scalars, count });
    },
  },
];

const cases = builds.flatMap((build) =>
  rules.flatMap((rule) => choices(rule.optional).map((there) => ({ build, ...rule, there }))),
);

/** A step over `count` elements; the tensors after it. */
function run(
  on: Guarded,
  { always, step, there }: (typeof cases)[number],
  values: (name: string) => Float32Array,
  epsilon: number,
  count: number,
): Float32Array[] {
  const place = (name: string): Region => on.output(name, 1, count, {}, values(name));
  const w = place("w");
  const g = on.input("g", 1, count, values("g"));
  const kept = Array.from({ length: always }, (_, i) => place(`moment ${i}`));
  const optional = there.map((held, i) => (held ? place(`optional ${i}`) : undefined));
  const pointers = [...kept, ...optional].map((region) => region?.pointer ?? 0);
  step(on.engine, w.pointer, g.pointer, pointers, epsilon, count);
  return [w, ...kept, ...optional.filter((region) => region !== undefined)].map((region) => on.read(region));
}

describe.each(cases)("$name with optional tensors $there, $build", (rule) => {
  it("changes every element of what it moves, and nothing else", () => {
    const random = new Random(11);
    for (const offset of [0, 8]) {
      const on = new Guarded(rule.build, offset);
      for (const count of [0, 8, 16, 24, 64, 136, 1000]) {
        const start = fractions(random, count).map((x) => Math.abs(x) + 0.1);
        const after = run(on, rule, () => start, 1e-8, count);
        // A maximum that does not rise may stay as it was: only of that one an element may be as before.
        const moved = rule.name === "adamStep" ? after.slice(0, 3) : after;
        const still = moved.flatMap((values, i) =>
          values.some((x, k) => !Number.isFinite(x) || x === start[k]) ? [`tensor ${i} of ${count}`] : [],
        );
        expect([...still, ...on.finish()]).toEqual([]);
      }
    }
  });

  it("leaves zeros, as padding is, zeros, also with ε = 0", () => {
    const on = new Guarded(rule.build);
    const after = run(on, rule, () => new Float32Array(16), 0, 16);
    expect(after.flatMap((values) => [...values]).every((x) => x === 0)).toBe(true);
    expect(on.finish()).toEqual([]);
  });

  it("leaves nothing below the normal range", () => {
    const random = new Random(12);
    const on = new Guarded(rule.build);
    const tiny = (): number => (random.uniform() - 0.5) * 2 ** -random.integer(149);
    // Moments are what an earlier step left: 0 or normal.
    const moment = (x: number): number => (Math.abs(x) < 2 ** -126 ? 0 : Math.abs(x));
    const values = (name: string): Float32Array =>
      Float32Array.from({ length: 512 }, () => (name === "w" || name === "g" ? tiny() : moment(tiny())));
    const after = run(on, rule, values, 1e-8, 512);
    expect(after.flatMap((all) => [...all].filter((x) => x !== 0 && Math.abs(x) < 2 ** -126))).toEqual([]);
    expect(on.finish()).toEqual([]);
  });

  it("keeps NaN", () => {
    const on = new Guarded(rule.build);
    for (let at = 0; at < 8; at++) {
      const g = new Float32Array(8).fill(0.5);
      g[at] = NaN;
      const [w] = run(on, rule, (name) => (name === "g" ? g : new Float32Array(8).fill(1)), 1e-8, 8);
      expect(w.findIndex(Number.isNaN)).toBe(at);
      expect(w.findLastIndex(Number.isNaN)).toBe(at);
      expect(on.finish()).toEqual([]);
    }
  });
});
