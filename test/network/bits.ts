/** Numbers compared bit by bit, quickly, and NaN as any other. */

import { createHash } from "node:crypto";
import type { Network } from "../../src/network/types.js";

/** Equal for the same numbers in the same order. */
export function bitsOf(...arrays: readonly Float32Array[]): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of arrays)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}

export function parameterBits(network: Network): string {
  return bitsOf(...network.parameters.map((one) => one.read()));
}

export function gradientBits(network: Network): string {
  return bitsOf(...network.parameters.map((one) => one.readGradient()));
}
