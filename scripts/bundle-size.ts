/** Measures what a page downloads, minified with esbuild and gzipped; a test holds it to the budget. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

/** The most bytes, gzipped, of `import { createNetwork, train } from "bptt"`, as the package promises. */
export const BUDGET = 49_500;

export interface Size {
  readonly name: string;
  /** Bytes of the minified bundle. */
  readonly minified: number;
  /** Bytes of the minified and gzipped bundle. */
  readonly gzipped: number;
}

/** A part of a bundle is measured by leaving its file out; `name` is the row's. */
interface Part {
  readonly name: string;
  readonly file: RegExp;
}

const parts: readonly Part[] = [
  { name: "simd kernels", file: /generated\/simd\.js$/ },
  { name: "relaxed-simd kernels, as the difference", file: /generated\/relaxed-difference\.js$/ },
  { name: "losses' kernels", file: /generated\/losses\.js$/ },
  { name: "wide kernels", file: /generated\/wide\.js$/ },
];

/** Lists the programs whose bundles are measured. */
const programs: readonly { readonly name: string; readonly code: string }[] = [
  {
    name: `import { createNetwork, train } from "bptt"`,
    code: `export { createNetwork, train } from "bptt";`,
  },
  {
    name: `import { createNetwork, huber, train } from "bptt"`,
    code: `export { createNetwork, huber, train } from "bptt";`,
  },
  {
    name: `import { createNetwork, createThreadPool, train } from "bptt"`,
    code: `export { createNetwork, createThreadPool, train } from "bptt";`,
  },
  {
    name: `import { createNetwork, train } from "bptt", { toOnnx } from "bptt/onnx"`,
    code: `export { createNetwork, train } from "bptt"; export { toOnnx } from "bptt/onnx";`,
  },
  { name: `everything of "bptt"`, code: `export * from "bptt";` },
  {
    name: `import { createNetwork, init, train } from "bptt/slim"`,
    code: `export { createNetwork, init, train } from "bptt/slim";`,
  },
  { name: `import { CharVocabulary } from "bptt/slim"`, code: `export { CharVocabulary } from "bptt/slim";` },
  { name: `import "bptt/wide"`, code: `import "bptt/wide";` },
];

/** Returns a plugin that empties the strings in files of the package that match. */
function without(files: readonly RegExp[]): Plugin {
  return {
    name: "without",
    setup: (bundler) => {
      for (const filter of files) {
        bundler.onLoad({ filter }, ({ path }) => ({
          contents: readFileSync(path, "utf8").replace(/"[^"]{1000,}"/, `""`),
        }));
      }
    },
  };
}

async function bundle(
  code: string,
  folder: string,
  absent: readonly RegExp[] = [],
): Promise<Omit<Size, "name">> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
    plugins: [without(absent)],
  });
  const [{ contents }] = outputFiles;
  return { minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length };
}

/** Measures a program's bundle, then its code and its kernels, by what each takes away from the whole. */
async function measureProgram(name: string, code: string, folder: string): Promise<Size[]> {
  const whole = await bundle(code, folder);
  const sizes: Size[] = [];
  const absent: RegExp[] = [];
  let left = whole;
  for (const part of [...parts].reverse()) {
    absent.push(part.file);
    const rest = await bundle(code, folder, absent);
    const [minified, gzipped] = [left.minified - rest.minified, left.gzipped - rest.gzipped];
    if (minified > 0) sizes.unshift({ name: `  ${part.name}`, minified, gzipped });
    left = rest;
  }
  const own = sizes.length > 0 ? [{ name: "  code", ...left }] : [];
  return [{ name, ...whole }, ...own, ...sizes];
}

/**
 * Returns all rows, those of parts indented. `folder`: where `bptt` is found, by default the built package by
 * its own name.
 */
export async function measureSizes(folder = process.cwd()): Promise<Size[]> {
  const sizes: Size[] = [];
  for (const { name, code } of programs) sizes.push(...(await measureProgram(name, code, folder)));
  for (const build of ["simd", "relaxed-simd"]) {
    const bytes = readFileSync(`dist/wasm/generated/${build}.wasm`);
    const gzipped = gzipSync(bytes, { level: 9 }).length;
    sizes.push({ name: `bptt/kernels/${build}.wasm`, minified: bytes.length, gzipped });
  }
  return sizes;
}
