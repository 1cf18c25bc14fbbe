import { join } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, it } from "vitest";
import { browsers } from "./browsers.js";
import { expectRefusal, expectSmoke, expectThreads, keepRow } from "./outcome.js";
import { Project } from "./project.js";
import { visit } from "./visit.js";

const importMap = `<script type="importmap">{ "imports": {
  "bptt": "/node_modules/bptt/dist/entries/inlined.js",
  "bptt/slim": "/node_modules/bptt/dist/entries/slim.js",
  "bptt/worker": "/node_modules/bptt/dist/worker/index.js"
} }</script>`;

const streamed = `
import * as bptt from "bptt/slim";
import { smoke } from "./smoke.js";

const address = (build) => "/node_modules/bptt/dist/wasm/generated/" + build + ".wasm";
const run = async () => {
  await bptt.init({ simd: () => fetch(address("simd")), "relaxed-simd": () => fetch(address("relaxed-simd")) });
  if (bptt.supportedBuilds()[0] !== "simd") await bptt.init(fetch(address("simd")));
  return smoke(bptt);
};
const post = (outcome) => fetch("/result", { method: "POST", body: JSON.stringify(outcome) });
run().then((result) => post({ result }), (error) => post({ error: String(error?.stack ?? error) }));
`;

/** What a page needs for threads. */
const isolating = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

describe.each(browsers)("$name", (browser) => {
  const project = new Project();
  beforeAll(async () => {
    project.install();
    const page = (script: string) => `<!doctype html><meta charset="utf-8"><title>bptt</title>${script}\n`;
    project.write({
      "index.html": page(`${importMap}<script type="module" src="/page.js"></script>`),
      "slim.html": page(`${importMap}<script type="module" src="/streamed.js"></script>`),
      "bundle.html": page(`<script type="module" src="/bundle.js"></script>`),
      "threads.html": page(`${importMap}<script type="module" src="/threads-page.js"></script>`),
      "streamed.js": streamed,
    });
    await build({
      entryPoints: [join(project.folder, "page.js")],
      outfile: join(project.folder, "bundle.js"),
      bundle: true,
      minify: true,
      format: "esm",
      logLevel: "silent",
    });
  });

  it("runs on threads in an isolated page, and in a worker with threads, with the bits of one", async () => {
    const result = await visit(browser, project.folder, "threads.html", isolating);
    if (browser.threads) expectThreads(result, browser.builds);
    else expectRefusal(result, browser.builds, /shared memory|Cross-Origin/);
  });

  it("refuses threads in a page that is not isolated, and names both headers", async () => {
    const both = /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/;
    expectRefusal(await visit(browser, project.folder, "threads.html"), browser.builds, both);
  });

  it.each([
    ["as modules, without a bundler", "index.html"],
    ["through bptt/slim, its kernels streamed", "slim.html"],
    ["bundled by esbuild", "bundle.html"],
  ])("runs the package %s", async (_, path) => {
    expectSmoke(await visit(browser, project.folder, path), browser.builds);
    if (path !== "bundle.html") return;
    const how = "`<script type=module>`, `bptt/slim`, bundled";
    keepRow({
      kind: "browser",
      engine: browser.name,
      version: browser.version(),
      builds: browser.builds,
      how,
    });
  });
});
