/** Tells windows apart by a number, so that ranks see whether all were given the same. */

import type { CheckedWindow } from "../../learn/windows/checked-window.js";

type Numbers = Float32Array | Int32Array | Uint8Array | Uint16Array;

function fold(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function foldArray(hash: number, array: Numbers | undefined): number {
  if (array === undefined) return fold(hash, -1);
  const { buffer, byteOffset, byteLength } = array;
  const words =
    array.BYTES_PER_ELEMENT === 4
      ? new Uint32Array(buffer, byteOffset, byteLength / 4)
      : new Uint8Array(buffer, byteOffset, byteLength);
  let folded = fold(hash, array.length);
  for (const word of words) folded = fold(folded, word);
  return folded;
}

/** Returns a hash of 32 bits of a window, of its targets and of what came before. */
export function hashWindow(before: number, { inputs, targets, carry, lengths }: CheckedWindow): number {
  const { steps, batch, kind, array, resets } = inputs;
  let hash = before;
  for (const word of [steps, batch, kind.length, carry ? 1 : 0]) hash = fold(hash, word);
  hash = foldArray(hash, array);
  hash = foldArray(hash, lengths);
  hash = foldArray(hash, resets);
  if (targets === undefined) return fold(hash, -2);
  const { whole, weights, ends } = targets;
  hash = fold(hash, targets.kind.length);
  for (const part of [targets.array, weights, ends, whole?.labelLengths]) hash = foldArray(hash, part);
  return hash;
}
