/** Runs the kernels that do arithmetic once each on small inputs, to compare the bits that two instances leave. */

import { Random } from "../random.js";
import { CONSTANTS, FIRST_FREE, placeConstants } from "./constants.js";
import type { Kernels } from "./kernels.js";

/** Sizes with remainders: rows of tiles, half a panel, a depth of several blocks of nothing. */
const [T, B, H, TOKENS] = [2, 9, 24, 5];

/** The memory is overwritten; at least a mebibyte. */
export function exerciseKernels(kernels: Kernels, memory: WebAssembly.Memory): void {
  const f32 = new Float32Array(memory.buffer);
  const i32 = new Int32Array(memory.buffer);
  const random = new Random(1);
  for (let i = 0; i < f32.length; i++) f32[i] = 2 * random.uniform() - 1;
  placeConstants(memory);
  let next = FIRST_FREE;
  /** So many floats of their own. */
  const place = (floats: number): number => {
    next += 4 * floats;
    return next - 4 * floats;
  };
  const wide = 4 * H;
  const states = (): number => place((T + 1) * B * H);
  const [h, c, dh, dc, z, dz] = [
    states(),
    states(),
    states(),
    place(B * H),
    place(T * B * wide),
    place(T * B * wide),
  ];
  const [tangents, cellTangents, gateTangents] = [states(), place(B * H), place(T * B * wide)];
  const [weights, panels, back, scratch] = [
    place(wide * H),
    place(wide * 48),
    place(wide * 48),
    place(256 * 256),
  ];
  const tokens = place(T * B);
  for (let i = 0; i < T * B; i++) i32[(tokens >>> 2) + i] = random.integer(TOKENS);

  kernels.packColumns(panels, weights, wide, H, H);
  kernels.packRows(back, weights, wide, H, H, wide);
  kernels.lstmForward(h, c, z, panels, 0, CONSTANTS, false, T, B, H, H);
  kernels.lstmTangent(tangents, cellTangents, gateTangents, c, z, panels, 0, CONSTANTS, T, B, H, H);
  kernels.lstmBackward(dh, dc, z, c, back, 0, CONSTANTS, false, T, B, wide, H);
  kernels.gruForward(h, dz, panels, 0, CONSTANTS, true, T, B, H, H);
  kernels.gruTangent(tangents, gateTangents, dz, h, panels, 0, CONSTANTS, T, B, H, H);
  kernels.gruBackward(dh, dz, h, back, 0, CONSTANTS, true, T, B, 3 * H, H);
  kernels.mingruForward(h, dz, 0, CONSTANTS, true, T, B, H);
  kernels.mingruTangent(tangents, gateTangents, dz, h, 0, CONSTANTS, T, B, H);
  kernels.mingruBackward(dh, dz, h, 0, CONSTANTS, true, T, B, H);
  kernels.elmanForward(h, panels, 0, CONSTANTS, false, false, T, B, H, H);
  kernels.elmanTangent(tangents, h, panels, 0, CONSTANTS, false, T, B, H, H);
  kernels.elmanBackward(dh, h, back, 0, CONSTANTS, false, false, T, B, H, H);
  kernels.elmanForward(c, panels, 0, CONSTANTS, true, false, T, B, H, H);
  kernels.elmanBackward(dh, c, back, 0, CONSTANTS, true, false, T, B, H, H);
  for (const rows of [1, 2, 3, 4, 5, T * B]) {
    kernels.gemm(z, dz, panels, rows, wide, H, wide, H, rows > 1);
    kernels.gemmTN(weights, z, h, scratch, rows, H, T * B, H, wide, H);
  }
  kernels.addColumnSums(place(wide), z, T * B, wide);
  kernels.gather(dz, weights, tokens, T * B, H);
  kernels.scatterAdd(weights, z, tokens, T * B, H);
  kernels.scatterAddColumns(weights, z, tokens, T * B, H, H, wide);
  kernels.addTransposed(place(wide * H), weights, H, wide, wide, H);
  kernels.dropout(dz, z, 7, 3, 0x80000000, 2, T * B * wide);
  kernels.crossEntropy(z, tokens, CONSTANTS, 0.5, T * B, wide - 3, wide);
  kernels.softmaxRows(dz, CONSTANTS, T * B, wide - 3, wide);
  kernels.squaredError(c, h, CONSTANTS, 0.5, B * H);
  const count = B * H;
  kernels.adamStep(
    h,
    c + 4 * count,
    place(count),
    place(count),
    dc,
    CONSTANTS,
    0.1,
    0.9,
    0.1,
    0.99,
    0.01,
    1e-8,
    1.1,
    0.9,
    0.1,
    count,
  );
  kernels.rmspropStep(
    h,
    place(count),
    place(count),
    place(count),
    dc,
    CONSTANTS,
    0.1,
    0.9,
    0.1,
    1e-8,
    0.5,
    0.1,
    count,
  );
  kernels.adagradStep(h, place(count), dc, CONSTANTS, 0.1, 1e-8, 0.1, count);
  kernels.sgdStep(h, place(count), dc, CONSTANTS, 0.1, 0.9, 0, 0.1, true, false, count);
  f32[0] = kernels.sumOfSquares(h, count);
  f32[1] = kernels.dot(h, tangents, count);
  kernels.clamp(h, 0.5, count);
  kernels.add(c, c, h, count);
  kernels.tanhRow(dh, c, CONSTANTS, 4 * count);
  kernels.sigmoidRow(c, CONSTANTS, 4 * count);
  kernels.flushTiny(z, CONSTANTS, count);
  kernels.scale(h, 0.3, count);
  kernels.addScaled(h, tangents, CONSTANTS, 0.5, -0.25, count);
  kernels.addScaledRows(dh, tangents, c, h, CONSTANTS, T * B, H);
  // The influences of three samples, each of as many gates as fit.
  const influences = place(3 * 2 * H * H);
  for (const g of [0, weights]) {
    for (const cells of [0, scratch]) {
      const factors = [h, c, dh, tangents, z, dz, h, CONSTANTS, 3] as const;
      kernels.moveInfluence(influences, cells, g, c, ...factors, 2, H, H, 2 * H * H, wide);
      kernels.moveBiasInfluence(influences, cells, g, ...factors, 2, H, 2 * H, wide);
    }
  }
}
