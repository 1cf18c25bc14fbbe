/** Reports figures: tables for people, one object for programs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { format, resolveConfig } from "prettier";
import type { Build } from "../src/wasm/builds.js";

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader needs to know to read the table. */
  readonly notes?: readonly string[];
}

export interface Section {
  readonly tables: readonly Table[];
  /** The same figures as in the tables, unrounded. */
  readonly data: unknown;
}

export interface Machine {
  readonly cpu: string;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly date: string;
}

export interface Report {
  readonly machine: Machine;
  readonly builds: readonly Build[];
  readonly sections: Readonly<Record<string, unknown>>;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus().at(0)?.model.trim() ?? "unknown",
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Formats a number with `places` digits behind the point. */
export const fixed = (x: number, places = 1): string => x.toFixed(places);

export const percent = (share: number): string => `${fixed(100 * share, 0)} %`;

/** Formats a share, rounded down, with a `!` behind where it falls short of what is required. */
export function judged(share: number, required: number | undefined): string {
  const text = percent(Math.floor(100 * share) / 100);
  return required !== undefined && share < required ? `${text} !` : text;
}

/**
 * Formats a table as GitHub's Markdown, readable as it stands: first column to the left, others to the right.
 */
export function formatTable({ title, columns, rows, notes = [] }: Table): string {
  const cells = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [
    `### ${title}`,
    "",
    line(columns),
    rule,
    ...rows.map(line),
    "",
    ...notes.map((note) => `${note}\n`),
  ].join("\n");
}

/** Returns bench/results/<prefix><cpu>-node<major>.json. */
export function reportPath({ cpu, node }: Machine, prefix = ""): string {
  const slug = cpu
    .toLowerCase()
    .replaceAll(/\((r|tm)\)/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return join(import.meta.dirname, "results", `${prefix}${slug}-node${node.split(".")[0]}.json`);
}

/** Writes the report where `reportPath` says, and returns the path. */
export async function saveReport(report: { readonly machine: Machine }, prefix = ""): Promise<string> {
  const path = reportPath(report.machine, prefix);
  mkdirSync(dirname(path), { recursive: true });
  // Formats the file as `npm run format` leaves it.
  const options = { ...(await resolveConfig(path)), filepath: path };
  writeFileSync(path, await format(JSON.stringify(report, rounded, 2), options));
  return path;
}

/** Rounds to five digits, which are all that a measurement knows. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
