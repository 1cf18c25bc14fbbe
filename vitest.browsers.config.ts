import { defineConfig } from "vitest/config";
import { startedBrowser } from "./test-engines/browser-provider.js";
import { browsers } from "./test-engines/browsers.js";

/** The tests of what leans on the engine, in a real browser: `npm run test:engines`, which names it in BPTT_BROWSER. */
const wish = process.env["BPTT_BROWSER"];
const browser = browsers.find(({ name }) => name === wish);
if (browser === undefined) {
  throw new Error(
    `BPTT_BROWSER expected ${browsers.map(({ name }) => name).join(" or ")}, got ${wish ?? "nothing"}`,
  );
}

/** With a WebAssembly memory for each of hundreds of tests: a page of Chromium has room for about a hundred. */
const manyMemories = browser.name === "Chromium" ? [] : ["gradients", "states", "model/tape"];
/** With shared buffers among the bad arguments, which WebKitGTK has not. */
const sharedBuffers = browser.name === "WebKitGTK" ? [] : ["softmax"];

export default defineConfig({
  // WebKit knows no `using`.
  oxc: { target: "es2022" },
  define: { "process.env": "{}" },
  // Shared memory is there only for pages that keep to themselves.
  server: {
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
  },
  test: {
    // What the engine computes, in every build that it has: the kernels, memory, networks on top, and a training run.
    include: [
      ...["functions", "gru", "losses", "lstm", "operations", "optimizers", "repeatable", "tiny-values"].map(
        (name) => `test/assembly/${name}.test.ts`,
      ),
      ...["arena", "engine", "regions"].map((name) => `test/memory/${name}.test.ts`),
      ...["determinism", "parameters/initialize", "score", "stacked", ...sharedBuffers, ...manyMemories].map(
        (name) => `test/network/${name}.test.ts`,
      ),
      ...["evaluate", "train"].map((name) => `test/train/${name}.test.ts`),
      ...["encoding"].map((name) => `test/wasm/${name}.test.ts`),
    ],
    setupFiles: ["test-engines/dispose-symbol.ts", "src/wasm/inlined.ts"],
    sequence: { setupFiles: "list" },
    testTimeout: 60_000,
    browser: {
      enabled: true,
      headless: false,
      ui: false,
      screenshotFailures: false,
      provider: startedBrowser(browser),
      instances: [{ browser: "started" }],
    },
  },
});
