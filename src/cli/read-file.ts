import { readFile } from "node:fs/promises";
import { Failure, fileReason } from "./failure.js";

/** Reads a file. Throws a Failure where it is not there or empty. */
export async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileReason(error)}`);
  }
  if (bytes.length === 0) throw new Failure(`cannot read ${path}: it is empty`);
  return bytes;
}

/** Reads a UTF-8 text. Throws a Failure. */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Failure(`cannot read ${path}: it is no UTF-8 text`);
  }
}
