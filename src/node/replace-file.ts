/** Writes files that are there whole or not at all. */

import { constants } from "node:fs";
import { access, open, readlink, realpath, rename, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { systemCode } from "./system-code.js";
import { removeLeftovers, removeQuietly, temporaryPath } from "./temporary-file.js";

/** The most symbolic links in a row, as Linux has it. */
const MOST_LINKS = 40;

/** What a path leads to. */
interface Place {
  /** The file itself, behind all symbolic links. */
  readonly path: string;
  readonly folder: string;
  /** Of the file that is there; undefined where there is none. */
  readonly mode: number | undefined;
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** Returns where a symbolic link leads; undefined for anything else, and where there is nothing. */
async function linkOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // EINVAL, and on Windows UNKNOWN: no link.
    if (["EINVAL", "UNKNOWN", "ENOENT"].includes(systemCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** Follows symbolic links, also to a file that is not there yet: renaming over a link would replace the link. */
async function follow(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links <= MOST_LINKS; links++) {
    const folder = await realpath(dirname(at));
    at = join(folder, basename(at));
    const link = await linkOf(at);
    if (link === undefined) return at;
    at = resolve(folder, link);
  }
  throw systemError("ELOOP", path);
}

/** Returns the place of a file that is there or could be. Throws the system's error, EISDIR for what is no file. */
async function findPlace(path: string): Promise<Place> {
  const found = await follow(path);
  const folder = dirname(found);
  try {
    const info = await stat(found);
    if (!info.isFile()) throw systemError("EISDIR", path);
    await access(found, constants.W_OK);
    return { path: found, folder, mode: info.mode & 0o7777 };
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    return { path: found, folder, mode: undefined };
  }
}

/** Writes a file that is not there yet, down to the disk, with the mode of the file that it is to replace. */
async function writeNew(path: string, bytes: Uint8Array, mode: number | undefined): Promise<void> {
  const file = await open(path, "wx");
  try {
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  await file.close();
}

/** Brings a rename to the disk, where the system lets folders be synced. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close().catch(() => undefined);
}

/**
 * Writes a temporary file beside the file that `path` leads to, through symbolic links, and renames it once it is on the disk: there
 * is the old file or the new one at any moment, and never a part. The mode stays; a new file has the usual one. Throws the system's
 * error; the old file is then as it was.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const place = await findPlace(path);
  await removeLeftovers(place.folder);
  const temporary = temporaryPath(place.folder);
  try {
    await writeNew(temporary, bytes, place.mode);
    await rename(temporary, place.path);
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
  await syncFolder(place.folder);
}

/**
 * Throws the system's error where `replaceFile` would fail as things stand: no such folder, a name too long, a file that may not be
 * written. Leaves nothing behind.
 */
export async function requireReplaceable(path: string): Promise<void> {
  const { folder, mode } = await findPlace(path);
  const temporary = temporaryPath(folder);
  try {
    await writeNew(temporary, new Uint8Array(), mode);
  } finally {
    await removeQuietly(temporary);
  }
}
