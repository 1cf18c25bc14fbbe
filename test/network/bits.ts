/** Numbers compared bit by bit, quickly, and NaN as any other. */

import type { Network } from "../../src/network/types.js";

/** Equal for the same numbers in the same order. */
export function bitsOf(...arrays: readonly Float32Array[]): string {
  // Two FNV-1a hashes over whole words, from different starts and with different primes: 64 bits.
  let [a, b] = [0x811c9dc5, 0x1b873593];
  for (const { buffer, byteOffset, length } of arrays) {
    for (const word of new Uint32Array(buffer, byteOffset, length)) {
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b ^ word, 0x85ebca6b);
      b ^= b >>> 13;
    }
  }
  return [a, b].map((hash) => (hash >>> 0).toString(16).padStart(8, "0")).join("");
}

export function parameterBits(network: Network): string {
  return bitsOf(...network.parameters.map((one) => one.read()));
}

export function gradientBits(network: Network): string {
  return bitsOf(...network.parameters.map((one) => one.readGradient()));
}
