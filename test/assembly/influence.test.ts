import { describe, expect, it } from "vitest";
import { roundUp, type Region } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { moveBiasInfluence, moveInfluence } from "../../src/wasm/generated/named-kernels.js";
import { builds } from "../builds.js";
import { padBlocks } from "./gated-windows.js";
import { Guarded, mismatch } from "./guarded.js";
import { Expected, near, product, sum, type Near } from "./running-error.js";
import { fractions } from "./values.js";

/** Batch, gates, units, and a row's columns. */
interface Sizes {
  B: number;
  G: number;
  H: number;
  columns: number;
  /** Whether there is a cell state, and whether the gradient is wanted. */
  hasC: boolean;
  trained: boolean;
  /** Of a bias, whose columns are 1. */
  bias: boolean;
}

/** Without padding: e, c [B, G, H, columns]; g [G, H, columns]; a [B, columns]; d [B, G, H]; the rest [B, H]. */
type Values = Readonly<Record<keyof ReturnType<typeof draw>, Float32Array>>;

function draw(random: Random, { B, G, H, columns }: Sizes) {
  const weight = G * H * columns;
  const [units, gates] = [B * H, B * G * H];
  return {
    e: fractions(random, B * weight),
    c: fractions(random, B * weight),
    g: fractions(random, weight),
    a: fractions(random, B * columns),
    hh: fractions(random, units),
    hc: fractions(random, units),
    ch: fractions(random, units),
    cc: fractions(random, units),
    dh: fractions(random, gates),
    dc: fractions(random, gates),
    q: fractions(random, units),
  };
}

const zero = near(0);

/** What a value of `e` and of `c` become. */
function moved(values: Values, sizes: Sizes, b: number, gate: number, j: number, k: number): [Near, Near] {
  const { G, H, columns, hasC, bias } = sizes;
  const unit = b * H + j;
  const row = (b * G + gate) * H + j;
  const [e, c] = [values.e, values.c].map((all) => near(all[row * columns + k]));
  const a = bias ? near(1) : near(values.a[b * columns + k]);
  const by = (name: "hh" | "hc" | "ch" | "cc"): Near => near(values[name][unit]);
  const part = (first: Near, second: Near, d: number): Near => sum(sum(first, second), product(near(d), a));
  return [
    part(product(by("hh"), e), hasC ? product(by("hc"), c) : zero, values.dh[row]),
    part(product(by("ch"), e), product(by("cc"), c), values.dc[row]),
  ];
}

/** e, c and g after the kernel. */
function expectedOf(values: Values, sizes: Sizes) {
  const { B, G, H, columns, hasC, trained } = sizes;
  const [e, c, g] = [new Expected(values.e), new Expected(values.c), new Expected(values.g)];
  for (let gate = 0; gate < G; gate++) {
    for (let j = 0; j < H; j++) {
      for (let k = 0; k < columns; k++) {
        const at = (gate * H + j) * columns + k;
        let gradient = near(values.g[at]);
        for (let b = 0; b < B; b++) {
          const [ofH, ofC] = moved(values, sizes, b, gate, j, k);
          e.set(b * G * H * columns + at, ofH);
          if (hasC) c.set(b * G * H * columns + at, ofC);
          gradient = sum(gradient, product(near(values.q[b * H + j]), ofH));
        }
        if (trained) g.set(at, gradient);
      }
    }
  }
  return { e, c, g };
}

/** Rows in memory: blocks of H units, padded; a sample's weight is followed by what belongs to other parameters. */
const OTHERS = 16;

function run(on: Guarded, values: Values, sizes: Sizes) {
  const { B, G, H, columns, hasC, trained, bias } = sizes;
  const { kernels, constants } = on.engine;
  const units = roundUp(H, 8);
  const width = bias ? 1 : roundUp(columns, 8);
  const weight = G * units * width;
  const padUnits = (given: Float32Array): Float32Array => padBlocks(given, H, units);
  const padWeight = (given: Float32Array): Float32Array =>
    padBlocks(padBlocks(given, columns, width), H * width, units * width);
  const influence = (name: "e" | "c"): Region =>
    on.output(name, B, weight, { stride: weight + OTHERS, zeros: weight }, padWeight(values[name]));
  const [e, c] = [influence("e"), influence("c")];
  const g = on.output("g", 1, weight, {}, padWeight(values.g));
  const a = on.input("a", B, columns, values.a);
  const byUnit = (["hh", "hc", "ch", "cc"] as const).map(
    (name) => on.input(name, B, units, padUnits(values[name])).pointer,
  );
  const [hh, hc, ch, cc] = byUnit;
  const [dh, dc] = (["dh", "dc"] as const).map(
    (name) =>
      on.input(name, B, G * units, padUnits(values[name]), { stride: G * units + 8, zeros: 0 }).pointer,
  );
  const q = on.input("q", B, units, padUnits(values.q)).pointer;
  const outputs = { e: e.pointer, c: hasC ? c.pointer : 0, g: trained ? g.pointer : 0 };
  const factors = { hh, hc, ch, cc, dh, dc, q, constants, B, G, H: units };
  const strides = { next: weight + OTHERS, dStride: G * units + 8 };
  if (bias) moveBiasInfluence(kernels, { ...outputs, ...factors, ...strides });
  else moveInfluence(kernels, { ...outputs, ...factors, ...strides, a: a.pointer, width });
  const plain = (region: Region): Float32Array =>
    on
      .read(region)
      .filter((_, i) => i % width < columns)
      .filter((_, i) => Math.floor(i / columns) % units < H);
  const after = { e: plain(e), c: plain(c), g: plain(g) };
  const padding = [e, c, g].flatMap((region) => {
    const wrong = on
      .read(region)
      .some((x, i) => x !== 0 && (i % width >= columns || Math.floor(i / width) % units >= H));
    return wrong ? ["padding is written"] : [];
  });
  return { after, faults: [...padding, ...on.finish()] };
}

const kinds = [false, true].flatMap((hasC) =>
  [false, true].flatMap((trained) => [false, true].map((bias) => ({ hasC, trained, bias }))),
);

describe.each(builds)("influences of units on themselves, %s", (build) => {
  const subjects = [new Guarded(build), new Guarded(build, 8)];

  it.each(kinds)("move within rounding: cell state $hasC, gradient $trained, bias $bias", (kind) => {
    const random = new Random(3);
    const found: string[] = [];
    for (const B of [1, 3]) {
      for (const G of [1, 2, 4]) {
        for (const H of [1, 5, 8, 17]) {
          for (const columns of kind.bias ? [1] : [1, 8, 19]) {
            const sizes = { B, G, H, columns, ...kind };
            const values = draw(random, sizes);
            const wanted = expectedOf(values, sizes);
            const { after, faults } = run(subjects[H % 2], values, sizes);
            found.push(
              ...faults,
              ...(["e", "c", "g"] as const).flatMap((name) =>
                mismatch(name, after[name], wanted[name].values, wanted[name].bounds),
              ),
            );
          }
        }
      }
    }
    expect(found).toEqual([]);
  });

  it.each(kinds)("never stay below 2^-110: cell state $hasC, gradient $trained, bias $bias", (kind) => {
    const random = new Random(4);
    const sizes = { B: 2, G: 2, H: 9, columns: kind.bias ? 1 : 9, ...kind };
    let kept = 0;
    for (let power = -90; power > -130; power--) {
      const drawn = draw(random, sizes);
      const tiny = (x: Float32Array): Float32Array => x.map((value) => value * 2 ** power);
      const values = {
        ...drawn,
        ...{ e: tiny(drawn.e), c: tiny(drawn.c), dh: tiny(drawn.dh), dc: tiny(drawn.dc) },
      };
      const { after, faults } = run(subjects[0], values, sizes);
      const influences = [...after.e, ...(kind.hasC ? after.c : [])].filter((x) => x !== 0);
      expect(influences.filter((x) => Math.abs(x) < 2 ** -110)).toEqual([]);
      expect(faults).toEqual([]);
      kept += influences.length;
    }
    // Or everything would be 0, and nothing tested.
    expect(kept).toBeGreaterThan(100);
  });
});
