/** Reads changed files by every reader: typed errors only, and no more memory than a refusal may take. */

import { Random } from "../../../src/random.js";
import { hostileFiles } from "./hostile-files.js";
import { measure } from "./measure.js";
import { readCapped } from "./read-capped.js";
import { readerOf, readers, type Reader } from "./readers.js";

/** The most bytes that refusing a file may take: twice the file and 32 MiB. */
export function mostBytes(file: Uint8Array): number {
  return 2 * file.length + 2 ** 25;
}

export interface Fault {
  /** Of the reader, and of the file: its number, or what it is. */
  readonly reader: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly what: string;
}

export interface Count {
  files: number;
  read: number;
  refused: number;
  /** The most bytes that a refusal allocated. */
  allocated: number;
  /** Refusals that allocated more than may be in use at once, so that their files were read again in a heap without room for more. */
  capped: number;
}

export interface Campaign {
  readonly counts: ReadonlyMap<Reader, Count>;
  readonly faults: Fault[];
}

export function newCampaign(readers: readonly Reader[]): Campaign {
  const none = (): Count => ({ files: 0, read: 0, refused: 0, allocated: 0, capped: 0 });
  return { counts: new Map(readers.map((reader) => [reader, none()])), faults: [] };
}

/** Whether a file is refused within what it may take, of which `beside` bytes are not of JavaScript's heap. */
function isRefusedCapped(reader: Reader, file: Uint8Array, beside: number): boolean {
  const left = mostBytes(file) - beside;
  return left > 0 && readCapped(reader, file, left);
}

/** Reads a file and counts what came of it. */
export function readOne(campaign: Campaign, reader: Reader, name: string, file: Uint8Array): void {
  const count = campaign.counts.get(reader);
  if (count === undefined) throw new Error(`${reader.name} is no reader`);
  const original = file.slice();
  const { error, bytes, heap } = measure(() => {
    reader.read(file);
  });
  const fault = (what: string): void => {
    campaign.faults.push({ reader: reader.name, file: name, bytes: original, what });
  };
  count.files++;
  if (Buffer.compare(file, original) !== 0) fault("it was written to");
  if (error === undefined) count.read++;
  else if (reader.refuses(error)) {
    count.refused++;
    count.allocated = Math.max(count.allocated, bytes);
    if (bytes <= mostBytes(file)) return;
    count.capped++;
    if (!isRefusedCapped(reader, file, bytes - heap))
      fault(`it was refused for more than ${mostBytes(file)} bytes of memory`);
  } else fault(error instanceof Error ? (error.stack ?? error.message) : "it threw what is no error");
}

/** The nth file of a seed, changed, with its reader. */
export function changedFile(seed: number, n: number): { reader: Reader; file: Uint8Array } {
  const reader = readerOf(n);
  return { reader, file: reader.change(new Random(seed, n), reader.files) };
}

/** Reads so many changed files; `tell` is called after each with what there is so far. */
export function readChanged(
  files: number,
  seed: number,
  tell: (campaign: Campaign, n: number) => void = () => undefined,
): Campaign {
  const campaign = newCampaign(readers);
  for (let n = 0; n < files; n++) {
    const { reader, file } = changedFile(seed, n);
    readOne(campaign, reader, String(n), file);
    tell(campaign, n + 1);
  }
  return campaign;
}

/** Reads the hostile files of the list, all of which have to be refused or, by some readers, may be read. */
export function readHostile(tell: (name: string) => void = () => undefined): Campaign {
  const campaign = newCampaign(readers);
  for (const { name, reader, make } of hostileFiles) {
    tell(`${reader.name}: ${name}`);
    const file = make();
    globalThis.gc?.();
    readOne(campaign, reader, name, file);
  }
  return campaign;
}
