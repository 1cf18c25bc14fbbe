/** Holds the values of the kernels' constants; assembly/math.ts says where each stands. */
import type { ConstantName } from "../src/wasm/generated/constant-table.js";

/** Values by name; the compiler refuses one too few and one too many. */
export const constantValues: Readonly<Record<ConstantName, number>> = {
  log2e: 1.4426950408889634,
  magic: 12582912, // 1.5·2^23: adding it leaves the nearest integer in the low mantissa bits
  ln2High: 0.693359375, // ln 2, the part with few bits
  ln2Low: Math.LN2 - 0.693359375, // and the rest
  p0: 0.4999999701976776, // P of expm1(r) = r + r²·P(r), |r| ≤ ln 2 / 2: minimax, relative error 1.4e-8
  p1: 0.16666539013385773,
  p2: 0.04166722297668457,
  p3: 0.008367180824279785,
  p4: 0.0013882395578548312,
  one: 1,
  two: 2,
  tanhMost: 9.02, // past it tanh rounds to 1 in float32
  tanhLeast: -9.02,
  expLeast: -87, // e^-87 = 1.6e-38 is still normal
  expMost: 87, // and e^87 is finite
  tiny: 7.703719777548943e-34, // 2^-110: what a gradient must reach, so that its products with weights stay normal
  leastNormal: 1.1754943508222875e-38, // 2^-126, the least normal number
};
