/**
 * Converts between float32 and the half-precision formats: F16, IEEE 754 binary16 (1 sign, 5 exponent and 10 fraction bits), and
 * BF16, the upper half of a float32. Numbers go as their bits, so that NaNs stay the ones they were.
 */

/** The least magnitude that rounds to more than 65504, the largest finite F16: halfway to 2^16, where the even neighbour is. */
export const HALF_OVERFLOW = 65_520;

const FLOAT_INFINITY = 0x7f80_0000;
const HALF_INFINITY = 0x7c00;
/** Bits of 2^-14, the least normal F16, as a float32. */
const LEAST_NORMAL = 0x3880_0000;
/** How much the exponents' biases differ, in a float32's bits: (127 − 15) · 2^23. */
const BIAS = 0x3800_0000;
/** One unit of the last place of a float32 in [0.5, 1) is 2^-24, as that of subnormal F16: adding 0.5 rounds to it. */
const ROUNDING = 0.5;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
float[0] = ROUNDING;
const ROUNDING_BITS = bits[0];

/** Returns an F16's bits as a float32's; exact. */
function widen(half: number): number {
  const sign = (half & 0x8000) << 16;
  const magnitude = half & 0x7fff;
  if (magnitude >= HALF_INFINITY) return sign | FLOAT_INFINITY | ((magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400) return sign | (BIAS + (magnitude << 13));
  float[0] = magnitude / 0x100_0000; // subnormal: units of 2^-24
  return sign | bits[0];
}

/** Returns a float32's bits as an F16's, rounded to the nearest, of two as near the even one. */
function narrow(given: number): number {
  const sign = (given >>> 16) & 0x8000;
  const magnitude = given & 0x7fff_ffff;
  if (magnitude > FLOAT_INFINITY) {
    const payload = (magnitude >>> 13) & 0x3ff;
    return sign | HALF_INFINITY | (payload === 0 ? 0x200 : payload); // without a payload it would be an infinity
  }
  if (magnitude < LEAST_NORMAL) {
    bits[0] = magnitude;
    float[0] += ROUNDING;
    return sign | (bits[0] - ROUNDING_BITS);
  }
  // What is dropped carries into the rest, and from there into the exponent.
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | Math.min((rounded - BIAS) >>> 13, HALF_INFINITY);
}

/** Returns the values of F16 numbers; exact, and bit for bit `narrowToHalves` gives them back. */
export function widenHalves(halves: Uint16Array): Float32Array {
  const values = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = widen(halves[i]);
  return new Float32Array(values.buffer);
}

/** Returns the nearest F16 numbers, of two as near the even one; from HALF_OVERFLOW on they are infinities. */
export function narrowToHalves(values: Float32Array): Uint16Array {
  const given = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < given.length; i++) halves[i] = narrow(given[i]);
  return halves;
}

/** Returns the values of BF16 numbers; exact. */
export function widenBrainFloats(halves: Uint16Array): Float32Array {
  const values = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = halves[i] << 16;
  return new Float32Array(values.buffer);
}
