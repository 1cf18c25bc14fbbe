/** Writes CSV (RFC 4180). */

/** Returns a cell, in quotes where it must be. */
function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Returns a record, without its line's end. */
export function csvRecord(cells: readonly string[]): string {
  return cells.map(quoted).join(",");
}
