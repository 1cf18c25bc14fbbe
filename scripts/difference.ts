/** Writes what src/wasm/encoding.ts reads: a binary as copies from another, and the bytes that are new. */

/**
 * The shortest copies worth making: shorter ones cost more than the bytes that they bring. A copy that goes
 * on from the last costs less.
 */
const SHORTEST = 8;
const SHORTEST_NEXT = 3;
/** Number of first bytes by which copies are found. */
const KEY = 3;

function pushNumber(bytes: number[], value: number): void {
  for (; value >= 128; value >>>= 7) bytes.push((value & 127) | 128);
  bytes.push(value);
}

/** Returns the places of each key in the base. */
function placesIn(base: Uint8Array): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (let i = 0; i + KEY <= base.length; i++) {
    const key = base.subarray(i, i + KEY).join();
    const known = places.get(key);
    if (known === undefined) places.set(key, [i]);
    else known.push(i);
  }
  return places;
}

function commonLength(base: Uint8Array, from: number, target: Uint8Array, at: number): number {
  let length = 0;
  const most = Math.min(base.length - from, target.length - at);
  while (length < most && base[from + length] === target[at + length]) length++;
  return length;
}

/** Returns the difference that makes `target` of `base`. */
export function difference(base: Uint8Array, target: Uint8Array): Uint8Array {
  const places = placesIn(base);
  const bytes: number[] = [];
  let fresh: number[] = [];
  let next = 0;
  const copy = (from: number, length: number): void => {
    pushNumber(bytes, fresh.length);
    bytes.push(...fresh);
    fresh = [];
    const step = from - next;
    pushNumber(bytes, step < 0 ? -2 * step - 1 : 2 * step);
    pushNumber(bytes, length);
    next = from + length;
  };
  for (let at = 0; at < target.length;) {
    let [best, from] = [0, 0];
    for (const place of places.get(target.subarray(at, at + KEY).join()) ?? []) {
      const length = commonLength(base, place, target, at);
      const nearer = Math.abs(place - next) < Math.abs(from - next);
      if (length > best || (length === best && nearer)) [best, from] = [length, place];
    }
    if (best >= (from === next ? SHORTEST_NEXT : SHORTEST)) {
      copy(from, best);
      at += best;
    } else {
      fresh.push(target[at++]);
    }
  }
  if (fresh.length > 0) copy(next, 0);
  return Uint8Array.from(bytes);
}
