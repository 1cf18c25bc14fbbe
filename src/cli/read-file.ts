import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { Failure, fileReason } from "./failure.js";

/** The name of a file that stands for what comes through a pipe. */
export const STDIN = "-";

function requireSome(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw new Failure(`cannot read ${name}: it is empty`);
  return bytes;
}

/** Reads a file. Throws a Failure where it is not there or empty. */
export async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileReason(error)}`);
  }
  return requireSome(path, bytes);
}

/** Reads bytes as UTF-8. Throws a Failure that has the name. */
export function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Failure(`cannot read ${name}: it is no UTF-8 text`);
  }
}

/** Reads a UTF-8 text. Throws a Failure. */
export async function readText(path: string): Promise<string> {
  return decode(path, await readBytes(path));
}

/** Reads a file, or standard input for `-`, with the name that messages give it. Throws a Failure. */
export async function readInputBytes(path: string): Promise<{ name: string; bytes: Uint8Array }> {
  if (path !== STDIN) return { name: path, bytes: await readBytes(path) };
  const name = "standard input";
  return { name, bytes: requireSome(name, await buffer(process.stdin)) };
}

/** Reads a UTF-8 text from a file, or from standard input for `-`, with the name that messages give it. Throws a Failure. */
export async function readTextInput(path: string): Promise<{ name: string; text: string }> {
  const { name, bytes } = await readInputBytes(path);
  return { name, text: decode(name, bytes) };
}
