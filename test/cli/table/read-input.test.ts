import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readInput } from "../../../src/cli/table/read-input.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-input-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(bytes: string | Uint8Array): string {
  const path = join(folder, "input");
  writeFileSync(path, bytes);
  return path;
}

describe("an input", () => {
  it.each([
    ["as it is", "a,b\nä,𝄞\n", "a,b\nä,𝄞\n"],
    ["without its byte order mark", "\u{feff}a,b\n", "a,b\n"],
  ])("is read %s", async (_, text, expected) => {
    const path = file(text);
    const { name, bytes } = await readInput(path);
    expect([name, bytes.toString()]).toEqual([path, expected]);
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "it is empty"],
    ["a byte order mark alone", Buffer.from("\u{feff}"), "it is empty"],
    ["UTF-16", Buffer.from("\u{feff}a,b\n", "utf16le"), "it is UTF-16: save it as UTF-8"],
    ["a binary file", Buffer.from("a,b\n\0\n"), "it is no text: it has a byte of 0"],
    [
      "Latin-1",
      Buffer.from("a,b\nx,y\nJosé,2\n", "latin1"),
      "line 3 is no UTF-8: save the file in that encoding",
    ],
    ["a cut character at the end", Buffer.from("a\né").subarray(0, 3), "line 2 is no UTF-8"],
    ["a surrogate", Buffer.from([0x61, 0x0a, 0xed, 0xa0, 0x80]), "line 2 is no UTF-8"],
    [
      "too much",
      Buffer.alloc(3_000_001, "a"),
      "it has more than 3 MB, which do not fit into memory as a table",
    ],
  ])("is refused: %s", async (_, bytes, message) => {
    const path = file(bytes);
    await expect(readInput(path, 3e6)).rejects.toThrow(`cannot read ${path}: ${message}`);
  });

  it("is refused where there is no file", async () => {
    await expect(readInput(join(folder, "none"))).rejects.toThrow("there is no such file");
    await expect(readInput(folder)).rejects.toThrow("it is a folder");
  });
});
