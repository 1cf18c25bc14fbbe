/** Sees to it that one process at a time trains in a folder. */

import { readFile, rm, writeFile } from "node:fs/promises";
import { host, isRunning } from "../../node/temporary-file.js";
import { systemCode } from "../../node/system-code.js";
import { Failure, fileReason } from "../failure.js";

/** Returns the process of this machine that a lock says, and that is not there any more only where it was killed. */
async function ownerOf(path: string): Promise<number | undefined> {
  const [machine, pid] = (await readFile(path, "utf8").catch(() => "")).split(" ");
  return machine === host && Number(pid) > 0 ? Number(pid) : undefined;
}

/** Writes the lock. Throws a Failure where a process has it that is still there; what a killed one left is replaced. */
export async function lockFolder(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, `${host} ${process.pid}`, { flag: "wx" });
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST" || attempt > 0)
        throw new Failure(`cannot write ${path}: ${fileReason(error)}`);
    }
    const owner = await ownerOf(path);
    if (owner !== undefined && owner !== process.pid && isRunning(owner)) {
      throw new Failure(
        `process ${owner} is training there already; where that is another program, delete ${path}, which a killed one left`,
      );
    }
    await rm(path, { force: true });
  }
}

export async function unlockFolder(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined); // the next process finds that this one is gone
}
