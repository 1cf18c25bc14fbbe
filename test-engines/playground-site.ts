/** examples/playground, built as its README says, and served. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Host } from "./host.js";

const folder = join(import.meta.dirname, "../examples/playground");

/** Installs and builds; the library's dist/ must be there. */
export function buildPlayground(): void {
  for (const words of [["ci"], ["run", "build"]]) {
    const { status, stdout, stderr } = spawnSync("npm", words, {
      cwd: folder,
      encoding: "utf8",
      timeout: 180_000,
    });
    if (status !== 0)
      throw new Error(`npm ${words.join(" ")} failed in examples/playground:\n${stdout}${stderr}`);
  }
}

export function hostPlayground(): Host {
  return new Host(join(folder, "dist"));
}
