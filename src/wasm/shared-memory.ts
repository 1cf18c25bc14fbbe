/** The kernels for memory that threads share: the binaries that ship, with one byte changed. */

/** The import of the memory: module "env", name "memory", kind 2; the flags of its limits come next. */
const IMPORT = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];
/** Limits with a maximum, and the same of a shared memory (WebAssembly core specification, "limits"). */
const LIMITED = 1;
const SHARED = 3;

/** Returns the same binary with a shared memory for its import. The kernels keep nothing and allocate nothing, so that is all. */
export function withSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const start = bytes.findIndex((_, at) => IMPORT.every((byte, i) => bytes[at + i] === byte));
  const flags = start + IMPORT.length;
  if (start < 0 || bytes[flags] !== LIMITED)
    throw new TypeError("the kernels import something else than memory");
  const changed = bytes.slice();
  changed[flags] = SHARED;
  return changed;
}
