import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { browsers } from "./browsers.js";
import { expectSmoke, keepRow, resultIn } from "./outcome.js";
import { Project } from "./project.js";
import { versions } from "./versions.js";
import { visit } from "./visit.js";

const both = ["simd", "relaxed-simd"];
const [chromium] = browsers;
const index = `<!doctype html><meta charset="utf-8"><title>bptt</title><script type="module" src="./page.js"></script>\n`;

/** Bundlers by the files that they read and the command that a user types. */
const bundlers: readonly {
  readonly name: string;
  readonly version: string;
  readonly packages: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** Makes `out/import.js` for Node. */
  readonly forNode: readonly string[];
  /** Makes `page/index.html` for a page. */
  readonly forPage?: readonly string[];
}[] = [
  {
    name: "esbuild",
    version: versions.esbuild,
    packages: [`esbuild@${versions.esbuild}`],
    files: {},
    forNode: ["esbuild", "import.js", "--bundle", "--minify", "--format=esm", "--outdir=out"],
  },
  {
    name: "Rollup",
    version: versions.rollup,
    packages: [
      `rollup@${versions.rollup}`,
      `@rollup/plugin-node-resolve@${versions["@rollup/plugin-node-resolve"]}`,
    ],
    files: {},
    forNode: ["rollup", "import.js", "--dir", "out", "--format", "es", "--plugin", "node-resolve"],
  },
  ...(["vite", "vite7"] as const).map((key) => ({
    name: "Vite",
    version: versions[key],
    packages: [`vite@${versions[key]}`],
    files: {
      "index.html": index,
      "vite.config.js": `export default { build: { outDir: "page", target: "es2022" }, ssr: { noExternal: true } };\n`,
    },
    forNode: ["vite", "build", "--ssr", "import.js", "--outDir", "out"],
    forPage: ["vite", "build"],
  })),
  {
    name: "webpack",
    version: versions.webpack,
    packages: [`webpack@${versions.webpack}`, `webpack-cli@${versions["webpack-cli"]}`],
    files: {
      "node.config.js": `export default { mode: "production", target: "node20", entry: "./import.js",
  experiments: { outputModule: true }, output: { path: import.meta.dirname + "/out", filename: "import.js", module: true } };\n`,
      "page.config.js": `export default { mode: "production", entry: "./page.js",
  output: { path: import.meta.dirname + "/page", filename: "page.js" } };\n`,
      "page/index.html": index,
    },
    forNode: ["webpack", "--config", "node.config.js"],
    forPage: ["webpack", "--config", "page.config.js"],
  },
];

describe.each(bundlers)("$name $version", ({ name, version, packages, files, forNode, forPage }) => {
  const project = new Project(files);
  const [nodeTool, ...nodeWords] = forNode;

  it("installs beside the package, and bundles it for Node", () => {
    project.install(...packages);
    project.run(project.executable(nodeTool), nodeWords);
    const [bundle] = readdirSync(join(project.folder, "out")).filter((file) => /^import\.m?js$/.test(file));
    // Nothing is left to be resolved.
    const alone = new Project({ "bundle.mjs": project.read(join("out", bundle)) });
    const flags = process.execArgv.filter((flag) => flag.startsWith("--experimental-wasm"));
    expectSmoke(resultIn(alone.run(process.execPath, [...flags, "bundle.mjs"])), nodeBuilds);
    if (forPage === undefined)
      keepRow({ kind: "bundler", engine: name, version, builds: [], how: "run in Node" });
  });

  it.runIf(forPage !== undefined)("bundles it for a page, which Chromium runs", async () => {
    const [tool, ...words] = forPage ?? [];
    project.run(project.executable(tool), words);
    expectSmoke(await visit(chromium, join(project.folder, "page")), both);
    keepRow({ kind: "bundler", engine: name, version, builds: [], how: "run in Node and Chromium" });
  });
});

/** Node 20 has the other build behind a flag. */
const nodeBuilds = Number(process.versions.node.split(".")[0]) < 22 ? ["simd"] : both;
