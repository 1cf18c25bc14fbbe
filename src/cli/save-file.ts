/** Writes files that are there whole or not at all. */

import { constants } from "node:fs";
import { access, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Failure, fileReason } from "./failure.js";

/** Throws a Failure when a file could not be written to `path` later, or is the file `input`. */
export async function requireWritable(path: string, input: string): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new Failure(
      `cannot write into the folder ${folder}: ${fileReason(error).replace("file", "folder")}`,
    );
  }
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return;
  if (!info.isFile()) throw new Failure(`cannot write ${path}: it is no file`);
  if ((await realpath(path)) === (await realpath(input))) {
    throw new Failure(`--out is the text itself, ${path}: choose another name`);
  }
}

/** Writes a temporary file beside `path` and renames it once it is on the disk: an old file stays whole. */
export async function saveFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new Failure(`cannot write ${path}: ${fileReason(error)}`, 1);
  }
}
