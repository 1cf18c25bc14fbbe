/**
 * The kernels' constants: assembly/math.ts names the places. They stand in memory because a vector constant inside a
 * loop is built anew at each use by the engine: twelve multiply-adds with two such constants run at a quarter of the speed.
 */
export const constantTable: readonly number[] = [
  1.4426950408889634, // log2 e
  12582912, // 1.5·2^23: adding it leaves the nearest integer in the low mantissa bits
  0.693359375, // ln 2, the part with few bits
  Math.LN2 - 0.693359375, // and the rest
  0.4999999701976776, // P of expm1(r) = r + r²·P(r), |r| ≤ ln 2 / 2: minimax, relative error 1.4e-8
  0.16666539013385773,
  0.04166722297668457,
  0.008367180824279785,
  0.0013882395578548312,
  1,
  2,
  9.02, // past it tanh rounds to 1 in float32
  -9.02,
  -87, // e^-87 = 1.6e-38 is still normal
  7.703719777548943e-34, // 2^-110: what a gradient must reach, so that its products with weights stay normal
  1.1754943508222875e-38, // 2^-126, the least normal number
  87, // and e^87 is finite
];
