import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** In a project of its own these lines go: `npm install bptt` brings the package. Here it is the one that the checkout built. */
const built = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

export default defineConfig({
  base: "./",
  resolve: {
    alias: [
      { find: /^bptt\/worker$/, replacement: built("worker/index.js") },
      { find: /^bptt$/, replacement: built("entries/inlined.js") },
    ],
  },
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "explain.html"] },
  },
});
