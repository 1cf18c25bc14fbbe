import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";
import { layers, neighbours } from "../../scripts/layers.js";

const source = join(import.meta.dirname, "../../src");
const eslint = new ESLint({ cwd: dirname(source) });

/** A source file of each place that has one, relative to src/; compiled kernels are no source and not linted. */
const fileOf = new Map<string, string>();
for (const file of readdirSync(source, { recursive: true, encoding: "utf8" }).map((name) =>
  name.replaceAll("\\", "/"),
)) {
  if (file.endsWith(".ts") && !file.includes("/generated/")) fileOf.set(file.split("/")[0], file);
}

/** An import of one file of src/ by another, for its effects alone. */
function importOf(target: string, from: string): string {
  const path = relative(dirname(from), target).replaceAll("\\", "/").replace(/\.ts$/, ".js");
  return `import "${path.startsWith(".") ? path : `./${path}`}";`;
}

/**
 * What the linter says of a text. Violations are planted as another text of a file that exists: the linter with types
 * knows only files on disk.
 */
async function messagesOf(file: string, text: string): Promise<{ ruleId: string | null; line: number }[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(source, file) });
  return result.messages;
}

async function brokenRules(file: string, text: string): Promise<(string | null)[]> {
  return (await messagesOf(file, text)).map(({ ruleId }) => ruleId);
}

const levelOf = (place: string) => layers.findIndex((level) => level.includes(place));

describe("the layers of src/", () => {
  it("hold every top-level entry of src/, each once", () => {
    const table = layers.flat();
    expect(readdirSync(source).filter((place) => !table.includes(place))).toEqual([]);
    expect(table.length).toBe(new Set(table).size);
  });

  it("declare neighbours of one layer only, and never both ways", () => {
    for (const [place, others = []] of Object.entries(neighbours)) {
      for (const other of others) {
        expect(levelOf(other), `${place} → ${other}`).toBe(levelOf(place));
        expect(neighbours[other] ?? [], `${other} → ${place}`).not.toContain(place);
      }
    }
  });

  it("allow an import exactly when it runs downwards or to a declared neighbour", async () => {
    let allowed = 0;
    let refused = 0;
    for (const [from, file] of fileOf) {
      const others = [...fileOf].filter(([to]) => to !== from);
      const text = others.map(([, target]) => importOf(target, file)).join("\n");
      const messages = await messagesOf(file, text);
      others.forEach(([to], i) => {
        const legal = levelOf(to) < levelOf(from) || (neighbours[from]?.includes(to) ?? false);
        const broken = messages.filter(({ line }) => line === i + 1).map(({ ruleId }) => ruleId);
        expect(
          broken.includes("import-x/no-restricted-paths"),
          `${from} imports ${to}: ${broken.join()}`,
        ).toBe(!legal);
        expect(broken, `${from} imports ${to}`).not.toContain("import-x/no-unresolved");
        if (legal) allowed++;
        else refused++;
      });
    }
    expect(allowed).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});

describe("the linter", () => {
  it.each([
    ["an import that resolves to nothing", "errors.ts", `import "./nowhere.js";`, "import-x/no-unresolved"],
    ["a cycle", "errors.ts", importOf("random.ts", "errors.ts"), "import-x/no-cycle"],
    ["a module of Node's", "random.ts", `import "node:fs/promises";`, "import-x/no-nodejs-modules"],
    ["a module of Node's, without its prefix", "random.ts", `import "fs";`, "import-x/no-nodejs-modules"],
    [
      "a module of Node's, loaded later",
      "random.ts",
      `await import("node:fs");`,
      "import-x/no-nodejs-modules",
    ],
    ["a development package", "random.ts", `import "typescript";`, "import-x/no-extraneous-dependencies"],
    ["a default export", "random.ts", `export default 1;`, "import-x/no-default-export"],
    ["Math.exp", "random.ts", `export const x = Math.exp(1);`, "no-restricted-properties"],
    ["Math.random", "random.ts", `export const x = Math.random();`, "no-restricted-properties"],
    ["tanh taken from Math", "random.ts", `export const { tanh } = Math;`, "no-restricted-properties"],
    ["**", "random.ts", `export const square = (x: number) => x ** 2;`, "no-restricted-syntax"],
    ["**=", "random.ts", `export let x = 2;\nx **= 2;`, "no-restricted-syntax"],
    ["process", "random.ts", `export const x = process.pid;`, "no-restricted-globals"],
    ["Buffer", "random.ts", `export const x = Buffer.alloc(1);`, "no-restricted-globals"],
    ["the console", "random.ts", `console.log(1);`, "no-console"],
    ["any", "random.ts", `export const x = (y: any) => y;`, "@typescript-eslint/no-explicit-any"],
    [
      "a promise left alone",
      "random.ts",
      `void 0;\nPromise.resolve(1);`,
      "@typescript-eslint/no-floating-promises",
    ],
  ])("reports %s", async (_, file, text, rule) => {
    expect(await brokenRules(file, text)).toContain(rule);
  });

  it.each([
    ["an import from a lower layer", "wasm/builds.ts", `export { Random } from "../random.js";`],
    ["exact mathematics", "random.ts", `export const x = Math.sqrt(Math.fround(2)) * Math.PI;`],
  ])("has nothing against %s", async (_, file, text) => {
    expect(await brokenRules(file, text)).toEqual([]);
  });

  it("lets the command line and src/node/, and only them, use Node's modules", async () => {
    const text = `export { readFileSync } from "node:fs";\nexport const pid = process.pid;`;
    for (const place of ["cli", "node"]) expect(await brokenRules(fileOf.get(place) ?? "", text)).toEqual([]);
    for (const file of ["random.ts", "entries/node.ts"]) {
      expect(await brokenRules(file, text), file).toEqual([
        "import-x/no-nodejs-modules",
        "no-restricted-globals",
      ]);
    }
  });
});
