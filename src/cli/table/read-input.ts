/** Reads a whole file, or what comes through a pipe, within bounds, as text in UTF-8. */

import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { Failure, fileReason } from "../failure.js";
import { grouped } from "../format.js";

/** The name of a file that stands for what comes through a pipe. */
export const STDIN = "-";

/** Bytes of the largest file: its cells, as strings, take about ten times as much memory. */
const MOST_BYTES = 200e6;

/** Bytes that are asked for at a time. */
const PART = 1 << 20;

const LINE_FEED = 0x0a;

/** Holds bytes; those of a text are valid UTF-8, without a byte order mark and without NUL. */
export interface Input {
  /** Name of the input in messages. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where bytes come from, piece by piece. */
type Source = AsyncIterable<Uint8Array>;

function megabytes(bytes: number): string {
  return `${grouped(bytes / 1e6)} MB`;
}

/** Joins the source's bytes. Throws a Failure as soon as there are more than `most`. */
async function join(source: Source, most: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    length += part.length;
    if (length > most) {
      throw new Failure(
        `it has more than ${megabytes(most)}, which do not fit into memory as a table: ` +
          `leave out columns that are not used, or take a part of the rows`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

async function readAll(path: string, most: number): Promise<Buffer> {
  if (path === STDIN) return join(process.stdin as Source, most);
  const file = await open(path);
  try {
    return await join(file.createReadStream({ highWaterMark: PART, autoClose: false }) as Source, most);
  } finally {
    await file.close();
  }
}

/** Returns the number, from 1, of the first line that is no UTF-8. A line feed is part of no other character. */
function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(LINE_FEED, from);
    const to = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(from, to))) return line;
    from = to;
  }
  return line;
}

/** Throws a Failure for what is no UTF-8 text; returns the text's bytes without the byte order mark. */
function requireText(bytes: Buffer): Buffer {
  if (bytes.length === 0) throw new Failure("it is empty");
  const [first, second, third] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new Failure("it is UTF-16: save it as UTF-8");
  if (bytes.includes(0)) throw new Failure("it is no text: it has a byte of 0");
  if (!isUtf8(bytes))
    throw new Failure(`line ${firstBadLine(bytes)} is no UTF-8: save the file in that encoding`);
  const text = first === 0xef && second === 0xbb && third === 0xbf ? bytes.subarray(3) : bytes;
  if (text.length === 0) throw new Failure("it is empty");
  return text;
}

function unreadable(name: string, error: unknown): Failure {
  return new Failure(`cannot read ${name}: ${fileReason(error)}`);
}

/** Reads a file's bytes as they are, or those of standard input for `-`. Throws a Failure as `readInput`, but for what they say. */
export async function readBounded(path: string, most = MOST_BYTES): Promise<Input> {
  const name = path === STDIN ? "standard input" : path;
  try {
    return { name, bytes: await readAll(path, most) };
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** Returns bytes that were read as they are as text. Throws a Failure as `readInput`. */
export function textInput({ name, bytes }: Input): Input {
  try {
    return { name, bytes: requireText(bytes) };
  } catch (error) {
    throw unreadable(name, error);
  }
}

/**
 * Reads a file, or standard input for `-`. Throws a Failure that names it where it cannot be read, is empty, has more than `most`
 * bytes, or is no UTF-8 text.
 */
export async function readInput(path: string, most = MOST_BYTES): Promise<Input> {
  return textInput(await readBounded(path, most));
}
