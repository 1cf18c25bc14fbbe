/** Makes the README's table of engines, from what `npm run test:engines` did. */

/** A row is an engine or tool that ran the package, and how the package came in. */
export interface Row {
  readonly kind: "runtime" | "browser" | "bundler";
  readonly engine: string;
  readonly version: string;
  /** Builds that ran; none for a bundler, whose output runs wherever the engine does. */
  readonly builds: readonly string[];
  readonly how: string;
}

const kinds = ["runtime", "browser", "bundler"] as const;

export function readRows(json: string): Row[] {
  const rows: unknown = JSON.parse(json);
  if (!Array.isArray(rows)) throw new Error("the table expected a list of rows");
  return (rows as Row[]).sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
}

function keyOf({ engine, version, builds }: Row): string {
  return [engine, version.split(".")[0], ...builds].join(" ");
}

/** Returns the recorded rows that a run has none for, by engine, major version and builds. */
export function missingRows(recorded: readonly Row[], came: readonly Row[]): string[] {
  const there = new Set(came.map(keyOf));
  return recorded.map(keyOf).filter((key) => !there.has(key));
}

export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map(({ engine, version, builds, how }) => [
    engine,
    version,
    builds.length === 0 ? "its target's" : builds.map((build) => `\`${build}\``).join(", "),
    how,
  ]);
  const table = [["engine or tool", "version", "builds", "the package comes in by"], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [head, ...body] = table.map(line);
  return [head, rule, ...body].join("\n");
}

const begin = "<!-- engines: npm run support-table -->";
const end = "<!-- /engines -->";

/** Returns the README with the table between its marks. */
export function withTable(readme: string, rows: readonly Row[]): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md expected ${begin} and ${end}`);
  return `${readme.slice(0, from)}${begin}\n\n${formatTable(rows)}\n\n${readme.slice(to)}`;
}
