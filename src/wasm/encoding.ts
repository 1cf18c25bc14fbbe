/**
 * Decodes binaries as they stand in JavaScript: as hexadecimal digits, which gzip takes better than base64 (8.6 kB for
 * 10.6), since a byte looks the same wherever it stands; and as the difference from another binary that the code carries
 * anyway.
 */

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Makes a binary from another and the difference, as scripts/difference.ts writes it: again and again the number of
 * bytes that follow, these bytes, how far behind the last copied byte of the base the next copy begins (2n
 * forwards, 2n−1 backwards), and its length. Numbers are seven bits a byte, lowest first, the eighth says that more come.
 */
export function applyDifference(base: Uint8Array, difference: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let at = 0;
  let from = 0;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = difference[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < difference.length) {
    for (let left = number(); left > 0; left--) bytes.push(difference[at++]);
    const step = number();
    from += step & 1 ? -((step + 1) >> 1) : step >> 1;
    for (let left = number(); left > 0; left--) bytes.push(base[from++]);
  }
  return Uint8Array.from(bytes);
}
