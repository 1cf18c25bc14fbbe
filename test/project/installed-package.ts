import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../..");

/** Where `npm pack` of this project was installed, as a user has it: a folder with `node_modules/bptt` in it, and `bptt.tgz`. */
export function installPackage(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "bptt-user-")));
  writeFileSync(join(folder, "package.json"), `{ "private": true, "type": "module" }\n`);
  npm(root, "pack", "--silent", "--pack-destination", folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  // Named outright: npm, run by a script of npm's, would take that script's project for its own.
  renameSync(join(folder, tarball), join(folder, "bptt.tgz"));
  npm(folder, "install", "--prefix", folder, "--offline", "--no-package-lock", join(folder, "bptt.tgz"));
  return folder;
}

function npm(folder: string, ...words: string[]): void {
  execFileSync("npm", words, { cwd: folder, stdio: "pipe", shell: process.platform === "win32" });
}
