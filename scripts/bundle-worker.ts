/**
 * Bundles the worker's side of `bptt/worker` as one minified script, which runs as a classic script and as a
 * module. It has no kernels: the page posts them compiled.
 */
import { build as bundle } from "esbuild";

export async function bundleWorker(): Promise<string> {
  const { outputFiles } = await bundle({
    stdin: {
      contents: `import { serveNetworks } from "./serve-networks.js"; serveNetworks();`,
      resolveDir: "src/worker",
    },
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2023",
    charset: "utf8",
  });
  return outputFiles[0].text.trim();
}
