import { readFileSync } from "node:fs";

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  return version;
}

/**
 * Appends a custom section of WebAssembly's binary format, "bptt", with the build's name and the package's
 * version, by which `init` of `bptt/slim` knows which kernels it was given.
 */
export function markBuild(bytes: Uint8Array, build: string): Uint8Array {
  const name = Buffer.from("bptt");
  const text = Buffer.from(`${build} ${packageVersion()}`);
  const size = 1 + name.length + text.length;
  if (size > 127) throw new RangeError("the section's size expected to fit one byte");
  return Uint8Array.from([...bytes, 0, size, name.length, ...name, ...text]);
}
