/** Writes one more text into the metadata of a safetensors file, and takes it out again; the tensors stay as they are. */

const PREFIX = 8;
const METADATA = "__metadata__";

type Texts = Record<string, unknown>;

function isTexts(value: unknown): value is Texts {
  return typeof value === "object" && value !== null;
}

/** Splits a whole file into its header and the data behind it. */
function split(bytes: Uint8Array): { header: Texts; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX);
  const length = view.getUint32(0, true);
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, PREFIX + length)));
  return { header: isTexts(header) ? header : {}, data: bytes.subarray(PREFIX + length) };
}

function join(header: Texts, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8; // as the format has it, so that the data is aligned
  const bytes = new Uint8Array(PREFIX + length + data.length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes.fill(0x20, PREFIX, PREFIX + length);
  bytes.set(text, PREFIX);
  bytes.set(data, PREFIX + length);
  return bytes;
}

function metadataOf(header: Texts): Texts {
  const metadata = header[METADATA];
  return isTexts(metadata) ? metadata : {};
}

/** Returns the text of a file's metadata under the key; undefined where there is none. Takes a whole safetensors file. */
export function readNote(bytes: Uint8Array, key: string): string | undefined {
  const note = metadataOf(split(bytes).header)[key];
  return typeof note === "string" ? note : undefined;
}

/** Returns the file with the text under the key. */
export function withNote(bytes: Uint8Array, key: string, text: string): Uint8Array {
  const { header, data } = split(bytes);
  return join({ ...header, [METADATA]: { ...metadataOf(header), [key]: text } }, data);
}

/** Returns the file as it was before `withNote`. */
export function withoutNote(bytes: Uint8Array, key: string): Uint8Array {
  const { header, data } = split(bytes);
  const { [key]: _note, ...metadata } = metadataOf(header);
  return join({ ...header, [METADATA]: metadata }, data);
}
