/** Safetensors files by hand: from a header's text, apart from the code that is tested. */

export type Content = string | readonly number[] | Uint8Array;

function bytesOf(content: Content): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

/** Eight bytes of length, the header, the data; `length`, if given, in place of the header's own. */
export function fileOf(header: Content, data: Content = [], length?: bigint): Uint8Array {
  const [head, tail] = [bytesOf(header), bytesOf(data)];
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, length ?? BigInt(head.length), true);
  return new Uint8Array(Buffer.concat([prefix, head, tail]));
}

/** A file's header text and data. */
export function partsOf(file: Uint8Array): { header: string; data: Uint8Array } {
  const end = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { header: new TextDecoder().decode(file.subarray(8, end)), data: file.slice(end) };
}

/** The same file with another header text. */
export function withHeader(file: Uint8Array, edit: (header: string) => string): Uint8Array {
  const { header, data } = partsOf(file);
  const edited = edit(header);
  if (edited === header) throw new Error("the edit changed nothing");
  return fileOf(edited, data);
}

/** What a header says of a tensor. */
export function entry(dtype: string, shape: string, offsets: string): string {
  return `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
}

/** Some data. */
export function bytes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i * 37 + 11) % 256);
}
