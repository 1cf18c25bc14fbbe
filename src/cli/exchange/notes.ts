/** What is noted in a model's file, as a file of its own: other formats have no place for it. */

import { FormatError } from "../../index.js";
import { StrictJson } from "../../formats/strict-json.js";
import { Failure } from "../failure.js";
import { readBytes } from "../read-file.js";
import { saveFile } from "../save-file.js";

/** Writes notes as JSON. Throws a Failure. */
export async function writeNotes(path: string, notes: Readonly<Record<string, string>>): Promise<void> {
  await saveFile(path, new TextEncoder().encode(`${JSON.stringify(notes, undefined, 2)}\n`));
}

/** Reads notes: an object of texts. Throws a Failure. */
export async function readNotes(path: string): Promise<Record<string, string>> {
  const json = new StrictJson(await readBytes(path), path);
  try {
    const notes = json.readObject(() => json.readString());
    json.finish();
    return Object.fromEntries(notes);
  } catch (error) {
    if (error instanceof FormatError) throw new Failure(`${path} has no notes: ${error.message}`);
    throw error;
  }
}
