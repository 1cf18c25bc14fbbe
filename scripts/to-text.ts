/** Writes what src/wasm/encoding.ts reads: a binary as text. */

import { LEFT_OUT, SINGLE, TURN } from "../src/wasm/encoding.js";

/** Returns the text of a binary. */
export function toText(bytes: Uint8Array): string {
  const digits: string[] = [];
  for (let code = 0x20; code < 0x7f; code++)
    if (!LEFT_OUT.includes(code)) digits.push(String.fromCharCode(code));
  let text = "";
  for (const byte of bytes) {
    const turned = (byte + TURN) & 255;
    const pages = Math.floor(turned / SINGLE);
    if (pages > 0) text += digits[SINGLE + pages - 1];
    text += digits[turned % SINGLE];
  }
  return text;
}
