/** Puts the code of csv-parse, with its licence, into the one file of the command line that imports it, and which imports nothing else. */
import { readFileSync } from "node:fs";
import { build as bundle } from "esbuild";

export async function bundleParser(file: string): Promise<void> {
  const licence = readFileSync("node_modules/csv-parse/LICENSE", "utf8").trim();
  await bundle({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    charset: "utf8",
    banner: { js: `/*! csv-parse\n\n${licence}\n*/` },
  });
}
