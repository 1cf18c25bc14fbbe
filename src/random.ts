/**
 * Makes all random numbers: seeded, the same on every engine (integer arithmetic, + − × ÷ and sqrt alone).
 */

import { requireInteger } from "./errors.js";

/** Returns a hash of 32 bits that spreads x over all of them, with the finalizer of MurmurHash3. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/**
 * Generates random numbers by xoshiro128++ (Blackman & Vigna 2021, "Scrambled linear pseudorandom number
 * generators"). The seed fills the state through a hash, so that consecutive seeds give unrelated streams.
 */
export class Random {
  private readonly state = new Uint32Array(4);

  /** Seeds the generator with any safe integer, whose uses `stream` separates. Throws for other seeds. */
  constructor(seed: number, stream = 0) {
    requireInteger("seed", seed, Number.MIN_SAFE_INTEGER);
    const low = seed >>> 0;
    const high = Math.floor(seed / 0x1_0000_0000) >>> 0;
    let word = mix(mix(low) ^ (high + 0x9e3779b9)) ^ mix(stream + 0x3c6ef372);
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0;
      this.state[i] = mix(word ^ mix(low + i));
    }
    if (this.state.every((x) => x === 0)) this.state[0] = 1; // the one state xoshiro cannot leave
  }

  /** Returns the state, four integers of 32 bits, not all of them 0, to be saved and restored. */
  get words(): readonly number[] {
    return [...this.state];
  }

  set words(words: readonly number[]) {
    this.state.set(words);
  }

  /** Returns 32 random bits, as an integer in [0, 2^32). */
  bits(): number {
    const s = this.state;
    const result = (rotateLeft((s[0] + s[3]) | 0, 7) + s[0]) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** Returns a uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 0x400_0000 + (this.bits() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Returns a uniform integer in [0, n), n at most 2^32. */
  integer(n: number): number {
    // Values past the last whole multiple of n would favour small results, so it draws again.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % n);
    let x = this.bits();
    while (x >= limit) x = this.bits();
    return x % n;
  }

  /** Returns a standard normal number, by Marsaglia's polar method. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * naturalLogarithm(s)) / s);
    }
  }
}

const exponentView = new DataView(new ArrayBuffer(8));

/** Returns ln x for normal x > 0, within 2 ulp; rounds the same everywhere, which Math.log does not. */
export function naturalLogarithm(x: number): number {
  exponentView.setFloat64(0, x);
  let exponent = (exponentView.getUint32(0) >>> 20) - 1023;
  exponentView.setUint32(0, (exponentView.getUint32(0) & 0xfffff) | 0x3ff00000);
  let m = exponentView.getFloat64(0); // in [1, 2)
  if (m > Math.SQRT2) {
    m /= 2;
    exponent++;
  }
  // ln m = 2 artanh r, r = f/(2 + f), f = m − 1, |r| ≤ 0.1716: the series r³/3 + r⁵/5 + … falls below 2^-53
  // after 11 terms. 2r is written as f − r·f: f is exact, r is not.
  const f = m - 1;
  const r = f / (2 + f);
  const square = r * r;
  let sum = 0;
  for (let k = 23; k >= 3; k -= 2) sum = sum * square + 1 / k;
  return exponent * Math.LN2 + (f - r * (f - 2 * square * sum));
}
