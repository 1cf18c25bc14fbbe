import { describe } from "../errors.js";

/** Returns the bytes of a file as a plain view, copied if another thread could change them after their check. Throws a TypeError. */
export function requireBytes(bytes: unknown): Uint8Array {
  if (!(bytes instanceof Uint8Array && ArrayBuffer.isView(bytes))) {
    throw new TypeError(`"bytes" expected a Uint8Array, got ${describe(bytes)}`);
  }
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength === 0) return new Uint8Array(); // of a detached buffer there is no other view
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}
