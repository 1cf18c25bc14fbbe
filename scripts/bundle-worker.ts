/** Bundles what a worker runs as one minified script, which runs as a classic script and as a module. It has no kernels: they are posted, compiled. */
import { build as bundle } from "esbuild";

/** A script, by the module that it starts from. */
interface WorkerScript {
  readonly folder: string;
  readonly file: string;
  readonly contents: string;
}

/** A pool's threads, and the worker's side of `bptt/worker`, which may make a pool. */
export const workers: readonly WorkerScript[] = [
  {
    folder: "src/threads",
    file: "serve-pool.ts",
    contents: `import { serveCalls } from "./serve-pool.js"; serveCalls();`,
  },
  {
    folder: "src/worker",
    file: "serve-networks.ts",
    contents: `import { serveNetworks } from "./serve-networks.js"; serveNetworks();`,
  },
];

export async function bundleWorker({ folder, contents }: WorkerScript): Promise<string> {
  const { outputFiles } = await bundle({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2023",
    charset: "utf8",
  });
  return outputFiles[0].text.trim();
}
