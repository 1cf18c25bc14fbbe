/** Writes files that are there whole or not at all. */

import { access, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { replaceFile, requireReplaceable } from "../node/replace-file.js";
import { systemCode } from "../node/system-code.js";
import { Failure, fileReason } from "./failure.js";

/**
 * Throws a Failure when a file could not be written to `path` later, or is the file `input`; undefined: no file. `option`: which said
 * where.
 */
export async function requireWritable(
  path: string,
  input: string | undefined,
  option = "out",
): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder);
  } catch (error) {
    throw new Failure(
      `cannot write into the folder ${folder}: ${fileReason(error).replace("file", "folder")}`,
    );
  }
  if (input !== undefined && (await isSameFile(path, input)))
    throw new Failure(`--${option} is the file that is read, ${path}: choose another name`);
  try {
    await requireReplaceable(path);
  } catch (error) {
    const reason = systemCode(error) === "EISDIR" ? "it is no file" : fileReason(error);
    throw new Failure(`cannot write ${path}: ${reason}`);
  }
}

async function isSameFile(path: string, input: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && (await realpath(path)) === (await realpath(input));
}

/** Writes a file that is there whole or not at all; an old one stays until then. Throws a Failure. */
export async function saveFile(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(path, bytes);
  } catch (error) {
    throw new Failure(`cannot write ${path}: ${fileReason(error)}`, 1);
  }
}
