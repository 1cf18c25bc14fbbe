/** Says how this program is called again, to tell the user what to type next. */

import { relative } from "node:path";

/** Returns the command that runs this program: as `npm start` ran it, or by its name. */
export function ownName(): string {
  const script = relative(process.cwd(), process.argv[1] ?? "").replaceAll("\\", "/");
  return script === "dist/cli/main.js" ? `node ${script}` : "npx bptt";
}

/** Quotes a path where a shell needs it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : JSON.stringify(path);
}
