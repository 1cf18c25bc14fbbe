/**
 * Decodes binaries as they stand in JavaScript: as printable ASCII, of which gzip makes as little as of the bytes themselves, since
 * a byte looks the same wherever it stands; and as the difference from another binary that the code carries anyway.
 */

/** Characters from the space to ~, without those that a string, or a page around it, may not hold as they are: " < \\. */
export const LEFT_OUT: readonly number[] = [0x22, 0x3c, 0x5c];
/** Digits from 0: the first ones are a byte by themselves, the last two begin one of two characters. */
export const SINGLE = 90;
/** Added to a byte, so that the frequent ones, the small and the largest, take one character. */
export const TURN = 16;

/** Returns the binary of a text that scripts/to-text.ts made. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let page = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - 0x20 - LEFT_OUT.filter((one) => one < code).length;
    if (digit >= SINGLE) page = (digit - SINGLE + 1) * SINGLE;
    else {
      bytes.push((page + digit - TURN) & 255);
      page = 0;
    }
  }
  return Uint8Array.from(bytes);
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
