/** The worker's side of `bptt/worker` as one minified script, which runs as a classic script and as a module. */
import { basename } from "node:path";
import { build as bundle, type Plugin } from "esbuild";

/** What a page posts to its worker compiled, and the worker thus need not carry: each exports nothing that is used. */
const posted: Readonly<Record<string, string>> = {
  "simd.js": `export const simd = "";`,
  "relaxed-simd.js": `export const relaxedSimd = "";`,
  "wide-build.js": `export const buildWide = () => ({ refusal: "it comes compiled from the page" });`,
};

const withoutKernels: Plugin = {
  name: "without-kernels",
  setup(build) {
    build.onResolve({ filter: /\.js$/ }, ({ path, importer }) =>
      basename(path) in posted && importer.includes("wasm")
        ? { path: basename(path), namespace: "posted" }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "posted" }, ({ path }) => ({ contents: posted[path] }));
  },
};

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
    plugins: [withoutKernels],
  });
  return outputFiles[0].text.trim();
}
