/** What to type next. */

import { relative } from "node:path";

/** How this program is called again: as it was by npm start, or by its name. */
export function ownName(): string {
  const script = relative(process.cwd(), process.argv[1] ?? "").replaceAll("\\", "/");
  return script === "dist/cli/main.js" ? `node ${script}` : "npx bptt";
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : JSON.stringify(path);
}
