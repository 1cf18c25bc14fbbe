/** Names temporary files so short that they fit wherever any file does, and clears away those of processes that are gone. */

import { createHash, randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemCode } from "./system-code.js";

const PREFIX = ".bptt-";

/** Stands for this machine, since a folder may be shared with others, whose processes have the same numbers. */
export const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

const own = new RegExp(`^\\${PREFIX}${host}-(\\d+)-[0-9a-f]{8}\\.tmp$`);

/** Returns the path of a temporary file of this process's in the folder, of a new name at each call. */
export function temporaryPath(folder: string): string {
  return join(folder, `${PREFIX}${host}-${process.pid}-${randomUUID().slice(0, 8)}.tmp`);
}

/** Returns whether there is such a process on this machine. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}

/** Removes a file if that can be done: whoever calls this has something more important to say. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

/** Removes what processes of this machine left in the folder when they were killed. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const pid = own.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await removeQuietly(join(folder, name));
  }
}
