/**
 * Takes CSV (RFC 4180) apart. The only file that imports csv-parse: the build puts that package's code into it, so that the
 * command line needs no other package.
 */

import { CsvError, parse } from "csv-parse/sync";

/** One record: the cells of a row, as many as came. */
export interface CsvRecord {
  readonly cells: readonly string[];
  /** Index of the byte behind the record. */
  readonly end: number;
}

/** Says that quotes, or a record's length, are not those of a CSV file. */
export interface CsvFault {
  readonly kind: "opened" | "closed" | "never closed" | "too long";
  /** The field, from 0, in the record after the last one that came. */
  readonly field: number;
}

export interface CsvOptions {
  /** One character. */
  readonly delimiter: string;
  /** Records to read; default all. */
  readonly most?: number;
}

/** Bytes of a record beyond which a quote was surely left open. */
export const LONGEST_RECORD = 1 << 20;

const faults: ReadonlyMap<unknown, CsvFault["kind"]> = new Map([
  ["INVALID_OPENING_QUOTE", "opened"],
  ["CSV_INVALID_CLOSING_QUOTE", "closed"],
  ["CSV_QUOTE_NOT_CLOSED", "never closed"],
  ["CSV_MAX_RECORD_SIZE", "too long"],
]);

/**
 * Hands each record of the bytes to `take`, empty lines left out, and returns what ended it: undefined where the end of the
 * bytes was reached. What `take` throws comes through.
 */
export function parseCsv(
  bytes: Buffer,
  { delimiter, most = -1 }: CsvOptions,
  take: (record: CsvRecord) => void,
): CsvFault | undefined {
  try {
    parse(bytes, {
      delimiter,
      to: most,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_RECORD,
      // Nothing is kept there: `take` keeps what it needs.
      on_record: (cells: string[], { bytes: end }) => {
        take({ cells, end });
        return null;
      },
    });
    return undefined;
  } catch (error) {
    const kind = error instanceof CsvError ? faults.get(error.code) : undefined;
    if (kind === undefined || !(error instanceof CsvError)) throw error;
    return { kind, field: Number(error["index"]) };
  }
}
