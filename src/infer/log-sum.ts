/** Adds probabilities that are given by their logarithms, with the same bits on every engine. */

import { naturalLogarithm } from "../random.js";

/** Below this, e^x is less than half an ulp of 1: ln(1 + e^x) is nothing beside a logarithm. */
const LEAST = -40;

/** Returns e^x for x from −40 to 0, within 5e-15 of itself: e^r / 2ⁿ, |r| ≤ ln 2 / 2, e^r by its series up to r¹³. */
function exponential(x: number): number {
  const n = Math.round(-x * Math.LOG2E); // from 0 to 58
  const r = x + n * Math.LN2;
  let sum = 1;
  for (let k = 13; k >= 1; k--) sum = 1 + (sum * r) / k;
  const half = n >> 1;
  return sum / (1 << half) / (1 << (n - half));
}

/** Returns ln(e^a + e^b) of numbers that are finite or −∞. */
export function addLogarithms(a: number, b: number): number {
  const [most, least] = a > b ? [a, b] : [b, a];
  const x = least - most; // NaN where both are −∞
  return x >= LEAST ? most + naturalLogarithm(1 + exponential(x)) : most;
}
