/** Makes the program and the style of a run's report, uPlot in both with its licence, of the files that the compiler left. */
import { readFileSync, writeFileSync } from "node:fs";
import { build as bundle } from "esbuild";

export async function bundlePage(folder: string): Promise<void> {
  const licence = readFileSync("node_modules/uplot/LICENSE", "utf8").trim();
  const notice = `/*! uPlot\n\n${licence}\n*/\n`;
  await bundle({
    entryPoints: [`${folder}/page.js`],
    outfile: `${folder}/page.js`,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    // The report has it in a script of its own, which must not end early.
    supported: { "inline-script": false },
    format: "iife",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
    banner: { js: notice.trim() },
  });
  const style = readFileSync("node_modules/uplot/dist/uPlot.min.css", "utf8");
  const own = readFileSync("src/cli/run/page/page.css", "utf8");
  writeFileSync(`${folder}/page.css`, `${notice}${style}\n${own}`);
}
